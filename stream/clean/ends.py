"""Where sentences and paragraphs end, by the signs that may end one.

A chunk is what stands between two blanks. Whether a sentence ends behind it depends on it and on what the next one
begins with, and only if a sign that may end a sentence stands in it. So such signs are looked for, and their chunks are
looked at once and remembered:

    text      He said so. 3.5 percent, Mr. Roe!
    signs               ^  ^             ^    ^
    chunks           so.  3.5          Mr.    Roe!     so. ends a sentence before what may begin one, as a number may

Texts with something that goes beyond a chunk (the end of a sentence inside one, lines wrapped by hand) are left to the
long way, which defines the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from stream.clean import native
from stream.clean.cut import Cut, without_cuts
from stream.clean.fold import flatten
from stream.clean.memo import Characters, Chunks
from stream.clean.paragraphs import (
    WRAPPED_LINE_CODE_POINTS_MAX,
    WRAPPED_LINES_MIN,
    WRAPPED_LINES_WITHIN_PERCENT,
    WRAPPED_MEDIAN_CODE_POINTS_MIN,
    is_hard_wrapped,
    may_be_hard_wrapped,
)
from stream.clean.sentences import chunk_opening, chunk_stop, ends_sentence
from stream.clean.shape import PARAGRAPH_BREAK, shape_of
from stream.clean.tokens import Words


class TooComplexError(Exception):
    """A chunk with more in it than a word and what surrounds it."""


def quick_ends(text: str, breaks: str, cuts: Sequence[Cut], *, may_be_wrapped: bool) -> Ends | None:
    """The ends in a text; None if it takes the long way to find them.

    `breaks` are the characters that end a paragraph: PARAGRAPH_BREAK, and `\n`, which stands for `\r` too. `cuts` lie
    between blanks. `may_be_wrapped` says that line breaks end paragraphs only if lines are not wrapped by hand.
    """
    package = native.package()
    if package is not None and not cuts:
        found = package.paragraphs(text, breaks, _WRAPPING if may_be_wrapped else None)
        if found is not None:
            return Ends(found[0], set(found[1]), cuts)
    if any(map(text.__contains__, _RARE_BREAKS)):
        return None
    text = text.replace("\r", "\n")
    if may_be_wrapped and (PARAGRAPH_BREAK in text or _is_hard_wrapped(text)):
        return None
    text = without_cuts(text, cuts, " ")
    paragraphs: set[int] = set()
    for sign in breaks:
        index = text.find(sign)
        while index >= 0:
            paragraphs.add(index)
            index = text.find(sign, index + 1)
    paragraphs.update(start for cut in cuts if (start := max(0, cut.start)) < min(len(text), cut.end))
    for blank in ("\t", "\xa0", "\n", PARAGRAPH_BREAK):
        text = text.replace(blank, " ")
    return Ends(text, paragraphs, cuts)


class Ends:
    """The ends of a text that has no blanks but ` `; of its paragraphs the set `paragraphs` of offsets."""

    def __init__(self, text: str, paragraphs: set[int], cuts: Sequence[Cut]) -> None:
        self.text = text
        self.paragraphs = paragraphs
        self._cuts = cuts

    def of_sentences(self) -> list[int]:
        """Where sentences end, each at the end of its last chunk; what ends with the text or a paragraph may be left
        out. Of a stretch of text that takes the long way, TooComplexError."""
        if _SENTENCES is not None and native.package() is not None:
            found = _SENTENCES.ends(self.text)
            if found is None:
                raise TooComplexError
            return [end for end in found if end not in self.paragraphs]
        ends: list[int] = []
        text, paragraphs = self.text, self.paragraphs
        signs = ".!?"
        if not text.isascii():
            signs += "".join(filter(_MAY_END.__getitem__, set(_BEYOND_ASCII.findall(text))))
        find, rfind, codes, openings = text.find, text.rfind, _CODES, _OPENINGS
        for sign in signs:
            index = find(sign)
            while index >= 0:
                following = text[index + 1 : index + 2]
                if following.isalnum() and following.isascii():
                    # Inside of a word: `3.5`, `U.S.`
                    index = find(sign, index + 1)
                    continue
                end = find(" ", index)
                if end < 0:
                    # Nothing can begin behind it, but what it ends has to be looked at all the same.
                    end = len(text)
                stop = codes[text[rfind(" ", 0, index) + 1 : end]] >> 2
                if stop and end not in paragraphs:
                    opening = openings.get(text[end + 1 : end + 3])
                    if stop & (_opening(text, end) if opening is None else opening):
                        ends.append(end)
                index = find(sign, end)
        return ends

    def behind(self, words: Words) -> bytes | None:
        """For each of the text's words 1 if a sentence ends behind it, else 0. None if machine code cannot tell."""
        if _SENTENCES is None or words.native is None or native.package() is None:
            return None
        return _SENTENCES.behind(self.text, list(self.paragraphs), words.native)

    def is_one(self, offset: int) -> bool:
        """Whether the sign or line break at an offset ends a sentence or paragraph before what is read next.

        Where that takes a closer look, TooComplexError.
        """
        text = self.text
        if text[offset] == " ":
            # One of the line breaks, of which some are mere blanks; a stretch that is cut is full of them.
            if offset in self.paragraphs or any(cut.start <= offset < cut.end for cut in self._cuts):
                return True
            # It stands for a sign right before it as well.
            end = len(text[:offset].rstrip(" "))
            offset = max(0, end - 1)
        else:
            end = text.find(" ", offset)
            if end < 0:
                end = len(text)
            rest = text[offset + 1 : end]
            if not rest.isascii() or not rest.isprintable():
                raise TooComplexError
            if any(map(str.isalnum, rest)):
                # What ends behind the rest of the chunk ends behind another token.
                return False
        stop = _CODES[text[text.rfind(" ", 0, offset) + 1 : end]] >> 2
        return bool(stop) and (stop & _opening(text, end)) != 0


def forget() -> None:
    """Forget every chunk seen so far."""
    _CODES.forget()
    if _SENTENCES is not None:
        _SENTENCES.forget()


def _opening(text: str, end: int) -> int:
    """What the chunk behind one that ends at `end` begins with, as `chunk_opening` says."""
    found = _NO_BLANK.search(text, end)
    if found is None:
        return 0
    start = found.start()
    opening = _OPENINGS.get(text[start : start + 2])
    if opening is not None:
        return opening
    last = text.find(" ", start)
    return _CODES[text[start:] if last < 0 else text[start:last]] & 3


def _is_hard_wrapped(text: str) -> bool:
    """Whether its lines are, so that line breaks end no paragraph."""
    lines = text.split("\n")
    if len(lines) < WRAPPED_LINES_MIN:
        return False
    lines = [line for line in map(str.rstrip, lines) if line]
    lengths = list(map(_length, lines))
    if not may_be_hard_wrapped(lengths):
        return False
    return is_hard_wrapped(lengths, sum(ends_sentence(shape_of(flatten(line).text)) for line in lines))


def _length(line: str) -> int:
    """Code points from its first to its last character that does not vanish."""
    if (line[0] < "\x80" or line[0] in _SEEN) and (line[-1] < "\x80" or line[-1] in _SEEN):
        return len(line)
    flat = flatten(line)
    length = len(flat.text.rstrip())
    return flat.end(length - 1) - flat.start(0) if length else 0


_WRAPPING = (
    WRAPPED_LINES_MIN,
    WRAPPED_MEDIAN_CODE_POINTS_MIN,
    WRAPPED_LINE_CODE_POINTS_MAX,
    WRAPPED_LINES_WITHIN_PERCENT,
)
_RARE_BREAKS = ("\v", "\f", "\x85", "\u2028", "\u2029")
_SEEN = frozenset("“”„«»’‘…\u2013\u2014")


def _code(chunk: str) -> int:
    """Before what a sentence ends behind a chunk (times 4), and what may begin with it."""
    shape_text = flatten(chunk).text
    shape = shape_of(shape_text)
    stop = chunk_stop(shape_text, shape)
    if stop is None:
        raise TooComplexError
    return stop << 2 | chunk_opening(shape)


# What a chunk begins with, by its first two characters, since a mark may change what it stands upon.
_OPENINGS = {
    first + second: chunk_opening(shape_of(flatten(first).text))
    for first, second in product(map(chr, range(0x21, 0x7F)), map(chr, range(0x20, 0x7F)))
}
_NO_BLANK = re.compile("[^ ]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ENDS = frozenset(".!f")


def _may_end(character: str) -> bool:
    """Whether a character may end a sentence, once it is normalised."""
    return not _ENDS.isdisjoint(shape_of(flatten(character).text))


_MAY_END = Characters(_may_end)
_CODES = Chunks(_code)


def _code_or_none(chunk: str) -> int | None:
    try:
        return _code(chunk)
    except TooComplexError:
        return None


_PACKAGE = native.package()
_SENTENCES = (
    None
    if _PACKAGE is None
    else _PACKAGE.Sentences(_code_or_none, _may_end, [_OPENINGS.get(chr(code) + " ", 0) for code in range(128)])
)
