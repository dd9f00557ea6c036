"""Layout by a short cut: where sentences and paragraphs stand, and tokens only where somebody asks.

A chunk is what stands between two blanks. Whether a sentence ends behind it depends on it and on what the next one
begins with, and only if a sign that may end a sentence stands in it. So such signs are looked for, their chunks are
looked at once and remembered, and the tokens between two ends are counted, which takes no look at what they are:

    text      He said so. 3.5 percent, Mr. Roe!
    signs               ^  ^             ^    ^
    chunks           so.  3.5          Mr.    Roe!     so. ends a sentence before what may begin one, as a number may
    units     He said so. | 3.5 percent, Mr. Roe!      of 3 and 4 tokens

Texts with something that goes beyond a chunk (the end of a sentence inside one, lines wrapped by hand) are left to the
long way, which defines the result.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import chain, pairwise, product, repeat
from operator import sub
from typing import NamedTuple

from stream.clean.fold import MEMO_ENTRIES_MAX, Flat, flatten
from stream.clean.paragraphs import WRAPPED_LINES_MIN, is_hard_wrapped, may_be_hard_wrapped
from stream.clean.reading import Cut, Layout
from stream.clean.sentences import chunk_opening, chunk_stop, ends_sentence
from stream.clean.shape import PARAGRAPH_BREAK, shape_of
from stream.clean.tokens import Words, fold_words, scan_spans

CHUNKS_REMEMBERED_MAX = 50_000
CHUNK_CODE_POINTS_REMEMBERED_MAX = 40


def quick_layout(text: str, words: Words, breaks: str, cuts: Sequence[Cut], *, may_be_wrapped: bool) -> Layout | None:
    """The layout of a text, offsets into that text; None if it takes the long way to find it.

    `words` are its words, cuts left blank. `breaks` are the characters that end a paragraph: PARAGRAPH_BREAK, and
    `\n`, which stands for `\r` too. `cuts` lie between blanks. `may_be_wrapped` says that line breaks end paragraphs
    only if lines are not wrapped by hand.
    """
    if any(map(text.__contains__, _RARE_BREAKS)):
        return None
    text = text.replace("\r", "\n")
    if may_be_wrapped and (PARAGRAPH_BREAK in text or _is_hard_wrapped(text)):
        return None
    text = without_cuts(text, cuts, " ")
    paragraphs = {index for sign in breaks for index in _indices(text, sign)}
    paragraphs.update(start for cut in cuts if (start := max(0, cut.start)) < min(len(text), cut.end))
    for blank in ("\t", "\xa0", "\n", PARAGRAPH_BREAK):
        text = text.replace(blank, " ")
    try:
        ends = _sentence_ends(text, paragraphs)
    except _TooComplexError:
        return None
    return _UnitLayout(text, words, _units(words, sorted({0, *ends, *paragraphs, len(text)}), paragraphs))


def without_cuts(text: str, cuts: Sequence[Cut], blank: str) -> str:
    """`text` with blanks of some kind in the place of each cut."""
    pieces: list[str] = []
    done = 0
    for cut in sorted(cuts, key=lambda cut: cut.start):
        start, end = max(done, cut.start), min(len(text), cut.end)
        if end > start:
            pieces += (text[done:start], blank * (end - start))
            done = end
    return "".join((*pieces, text[done:])) if pieces else text


def through(layout: Layout, page: Flat) -> Layout:
    """`layout`, which was made of the text of `page`, with offsets into the source of that."""
    return layout if page.ends is None else _Through(layout, page)


def forget() -> None:
    """Forget every chunk seen so far."""
    _CODES.clear()
    _CHUNKS.clear()


class _Units(NamedTuple):
    """The sentences with words in them, in order: where each one starts and ends (code points), its paragraph, and the
    number of the first token behind it."""

    starts: list[int]
    ends: list[int]
    paragraphs: list[int]
    behind: list[int]


def _units(words: Words, edges: Sequence[int], paragraphs: AbstractSet[int]) -> _Units:
    units = _Units([], [], [], [])
    plain, is_plain = words.plain, words.joined is not None
    joined = [*(words.joined or ()), (len(plain), 0)]
    passed = 0
    next_joined, _ = joined[0]
    tokens = 0
    paragraph = -1
    counted = False
    for start, end in pairwise(edges):
        if start in paragraphs:
            counted = False
        count = len(plain[start:end].split()) if is_plain else len(fold_words(words.text[start:end]).tokens)
        while next_joined < end:
            count += joined[passed][1]
            passed += 1
            next_joined, _ = joined[passed]
        if count:
            # Only sentences and paragraphs with words in them have a number.
            if not counted:
                counted = True
                paragraph += 1
            tokens += count
            units.starts.append(start)
            units.ends.append(end)
            units.paragraphs.append(paragraph)
            units.behind.append(tokens)
    return units


class _UnitLayout(Layout):
    """Tokens of a sentence are looked for when one of them is asked for. `text` has no blanks but ` `."""

    def __init__(self, text: str, words: Words, units: _Units) -> None:
        self._text = text
        self._words = words
        self._units = units
        self._spans: dict[int, tuple[int, int]] = {}
        self._touched: set[int] = set()
        self._spans_in: dict[int, tuple[list[int], list[int]]] = {}
        self._bounds: dict[int, tuple[int, int]] = {}

    @cached_property
    def sentences(self) -> Sequence[int]:
        return self._each(range(len(self._units.behind)))

    @cached_property
    def paragraphs(self) -> Sequence[int]:
        return self._each(self._units.paragraphs)

    @property
    def sentence_lasts(self) -> Sequence[int]:
        return [behind - 1 for behind in self._units.behind]

    @property
    def paragraph_lasts(self) -> Sequence[int]:
        # Of several sentences in a paragraph the last one stays.
        return [behind - 1 for behind in dict(zip(self._units.paragraphs, self._units.behind, strict=True)).values()]

    @cached_property
    def starts(self) -> Sequence[int]:
        return list(chain.from_iterable(self._spans_of(number)[0] for number in range(len(self._units.behind))))

    @cached_property
    def ends(self) -> Sequence[int]:
        return list(chain.from_iterable(self._spans_of(number)[1] for number in range(len(self._units.behind))))

    def start(self, position: int) -> int:
        return self._span(position)[0]

    def end(self, position: int) -> int:
        return self._span(position)[1]

    def sentence_of(self, position: int) -> int:
        return bisect_right(self._units.behind, position)

    def bounds(self, sentence: int) -> tuple[int, int]:
        known = self._bounds.get(sentence)
        if known is None:
            known = _stripped(self._text, self._units.starts[sentence], self._units.ends[sentence])
            self._bounds[sentence] = known
        return known

    def _each(self, values: Sequence[int]) -> list[int]:
        """The value of its sentence for each token."""
        behind = self._units.behind
        counts = map(sub, behind, chain((0,), behind))
        return list(chain.from_iterable(map(repeat, values, counts)))

    def _span(self, position: int) -> tuple[int, int]:
        known = self._spans.get(position)
        if known is None:
            number = self.sentence_of(position)
            # Where a second one is asked for, more will be.
            known = None if number in self._touched else self._span_of_word(position, number)
            self._touched.add(number)
            if known is None:
                starts, ends = self._spans_of(number)
                index = position - self._units.behind[number]
                known = starts[index], ends[index]
            self._spans[position] = known
        return known

    def _span_of_word(self, position: int, number: int) -> tuple[int, int] | None:
        """Where a token of a sentence stands, if each word before it is one token and it is a plain word itself."""
        joined = self._words.joined
        if joined is None:
            return None
        start, end = self._units.starts[number], self._units.ends[number]
        first = self._units.behind[number - 1] if number else 0
        rest = self._words.plain[start:end].split(None, position - first)[-1]
        word = rest.partition(" ")[0]
        place = end - len(rest)
        if not (word.isalnum() and word.isascii()) or bisect_left(joined, (start,)) < bisect_left(joined, (place,)):
            return None
        return place, place + len(word)

    def _spans_of(self, number: int) -> tuple[list[int], list[int]]:
        """Where the tokens of a sentence begin and end; the last one has the index -1."""
        known = self._spans_in.get(number)
        if known is None:
            starts: list[int] = []
            ends: list[int] = []
            place = self._units.starts[number]
            for piece in self._text[place : self._units.ends[number]].split(" "):
                if piece:
                    chunk_starts, chunk_ends = _CHUNKS[piece]
                    if len(chunk_starts) == 1:
                        starts.append(place + chunk_starts[0])
                        ends.append(place + chunk_ends[0])
                    else:
                        starts += [place + start for start in chunk_starts]
                        ends += [place + end for end in chunk_ends]
                place += len(piece) + 1
            known = self._spans_in[number] = starts, ends
        return known


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the first character of a stretch begins that is no blank, and where the last one ends; others may surround
    them that vanish."""
    stretch = text[start:end]
    if stretch.isascii():
        return end - len(stretch.lstrip(_ASCII_BLANKS)), start + len(stretch.rstrip(_ASCII_BLANKS))
    flat = flatten(stretch)
    shape = shape_of(flat.text)
    first, last = len(shape) - len(shape.lstrip(" ")), len(shape.rstrip(" ")) - 1
    return start + flat.start(first), start + flat.end(last)


class _Through(Layout):
    """A layout with its offsets taken one step further back."""

    def __init__(self, layout: Layout, page: Flat) -> None:
        self._inner = layout
        self._page = page

    @property
    def sentences(self) -> Sequence[int]:
        return self._inner.sentences

    @property
    def paragraphs(self) -> Sequence[int]:
        return self._inner.paragraphs

    @property
    def sentence_lasts(self) -> Sequence[int]:
        return self._inner.sentence_lasts

    @property
    def paragraph_lasts(self) -> Sequence[int]:
        return self._inner.paragraph_lasts

    @cached_property
    def starts(self) -> Sequence[int]:
        return list(map(self._page.start, self._inner.starts))

    @cached_property
    def ends(self) -> Sequence[int]:
        return [self._page.end(end - 1) for end in self._inner.ends]

    def start(self, position: int) -> int:
        return self._page.start(self._inner.start(position))

    def end(self, position: int) -> int:
        return self._page.end(self._inner.end(position) - 1)

    def sentence_of(self, position: int) -> int:
        return self._inner.sentence_of(position)

    def bounds(self, sentence: int) -> tuple[int, int]:
        start, end = self._inner.bounds(sentence)
        return self._page.start(start), self._page.end(end - 1)


_RARE_BREAKS = ("\v", "\f", "\x85", "\u2028", "\u2029")
_ASCII_BLANKS = " \x1c\x1d\x1e\x1f"


def _indices(text: str, sign: str) -> Iterator[int]:
    index = text.find(sign)
    while index >= 0:
        yield index
        index = text.find(sign, index + 1)


def _sentence_ends(text: str, paragraphs: AbstractSet[int]) -> list[int]:
    """Where sentences end, each at the end of its last chunk; what ends with the text or a paragraph may be left out.

    `paragraphs` are the ends of paragraphs. Of a stretch of text that takes the long way, _TooComplexError.
    """
    ends: list[int] = []
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


_SEEN = frozenset("“”„«»’‘…\u2013\u2014")


class _Chunk(NamedTuple):
    """Offsets of the tokens of a chunk, in code points from its start."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]


def _look_at(chunk: str) -> _Chunk:
    flat = flatten(chunk)
    spans = scan_spans(flat.text, shape_of(flat.text))
    return _Chunk(tuple([flat.start(start) for start, _ in spans]), tuple([flat.end(end - 1) for _, end in spans]))


class _TooComplexError(Exception):
    """A chunk with more in it than a word and what surrounds it."""


def _code(chunk: str) -> int:
    """Before what a sentence ends behind a chunk (times 4), and what may begin with it."""
    shape_text = flatten(chunk).text
    shape = shape_of(shape_text)
    stop = chunk_stop(shape_text, shape)
    if stop is None:
        raise _TooComplexError
    return stop << 2 | chunk_opening(shape)


# What a chunk begins with, by its first two characters, since a mark may change what it stands upon.
_OPENINGS = {
    first + second: chunk_opening(shape_of(flatten(first).text))
    for first, second in product(map(chr, range(0x21, 0x7F)), map(chr, range(0x20, 0x7F)))
}
_NO_BLANK = re.compile("[^ ]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ENDS = frozenset(".!f")


class _MayEnd(dict[str, bool]):
    """Whether a character may end a sentence, once it is normalised."""

    def __missing__(self, character: str) -> bool:
        if len(self) >= MEMO_ENTRIES_MAX:
            self.clear()
        self[character] = value = not _ENDS.isdisjoint(shape_of(flatten(character).text))
        return value


class _Codes(dict[str, int]):
    """The codes of chunks seen before; bounded, and nothing but a memory: forgetting changes no result."""

    def __missing__(self, chunk: str) -> int:
        code = _code(chunk)
        if len(chunk) <= CHUNK_CODE_POINTS_REMEMBERED_MAX:
            if len(self) >= CHUNKS_REMEMBERED_MAX:
                self.clear()
            self[chunk] = code
        return code


class _Chunks(dict[str, _Chunk]):
    """Chunks near evidence, in the same way."""

    def __missing__(self, chunk: str) -> _Chunk:
        known = _look_at(chunk)
        if len(chunk) <= CHUNK_CODE_POINTS_REMEMBERED_MAX:
            if len(self) >= CHUNKS_REMEMBERED_MAX:
                self.clear()
            self[chunk] = known
        return known


_MAY_END = _MayEnd()
_CODES = _Codes()
_CHUNKS = _Chunks()
