"""Rules 3 to 5: tokens, possessives, compounds.

`scan` reads any flat text, at full length and with offsets: it is the definition. `fold_words` and `case_words`
give the same tokens without offsets, many times faster. Nothing in these rules reaches across what separates words,
so the tokens of a text are those of its chunks:

    text      The U.S.-made rockets, he said, aren’t “new”.
    plain     the u.s.-made rockets  he said  aren't   new .       typographic characters and separators replaced
    chunks    the | u.s.-made | rockets | he | said | aren't | new | .

A chunk of ASCII letters and digits is a token as it is. Only the others are scanned, and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from stream.clean import native
from stream.clean.fold import flatten, fold_case
from stream.clean.memo import Chunks
from stream.clean.native import NativeWords
from stream.clean.shape import shape_of

REVERSING_PREFIXES = frozenset({"de", "non", "anti", "un", "dis", "counter"})
"""After one of these, the next part of a compound belongs to the same token."""


class Token(NamedTuple):
    """A case form, and where it stands in the flat text (end exclusive)."""

    case: str
    start: int
    end: int


def scan(flat_text: str, shape: str) -> Iterator[Token]:
    """The tokens of a flat text, from left to right; `shape` is its shape."""
    for word in _WORD.finditer(shape):
        start, end = word.span()
        kinds = word[0]
        if kinds.isalpha():
            yield Token(flat_text[start:end], start, end)
        else:
            yield from _compound(flat_text, kinds, start)


def scan_spans(flat_text: str, shape: str) -> list[tuple[int, int]]:
    """Where the tokens that `scan` gives stand in the flat text."""
    spans: list[tuple[int, int]] = []
    for word in _WORD.finditer(shape):
        kinds = word[0]
        if kinds.isalpha():
            spans.append(word.span())
        else:
            spans.extend((token.start, token.end) for token in _compound(flat_text, kinds, word.start()))
    return spans


class Words:
    """The tokens of a text, and how they were found.

    `plain` is the text with small letters, and a blank for each character that only separates, in the place of what it
    replaces: a stretch of it between blanks is read as the tokens of that stretch of `text`. `joined` has the offsets
    of such stretches that are not one token, each with how many it is more (-1 where it is none); None if these were
    not counted. `native` is all of it in machine code, where the text was read so.
    """

    __slots__ = ("_joined", "_tokens", "native", "plain", "text")

    def __init__(
        self, text: str, plain: str, tokens: list[str], joined: list[tuple[int, int]] | None, native: NativeWords | None
    ) -> None:
        self.text = text
        self.plain = plain
        self.native = native
        self._tokens = tokens
        self._joined = joined

    @property
    def size(self) -> int:
        return len(self._tokens if self.native is None else self.native)

    @property
    def tokens(self) -> list[str]:
        return self._tokens if self.native is None else self.native.tokens

    def case(self, position: int) -> str | None:
        """The case form of one token, as `case_words` has it; None if it takes all of them to tell."""
        if self.native is None:
            return None
        start, letters, first = self.native.stretch(position)
        if letters:
            return self.text[start : start + letters]
        end = self.plain.find(" ", start)
        return case_words(self.text[start : None if end < 0 else end])[position - first]

    def place(self, position: int) -> tuple[int, int] | None:
        """Where a token that is a plain word begins and ends; None if it is none, or if it takes a longer look."""
        if self.native is None:
            return None
        start, letters, _ = self.native.stretch(position)
        return (start, start + letters) if letters else None

    @property
    def joined(self) -> list[tuple[int, int]] | None:
        return self._joined if self.native is None else self.native.joined


def fold_words(text: str) -> Words:
    """The tokens of `text`, where no word goes on after a line break."""
    if _READER is not None and native.package() is not None:
        found = _READER.words(text)
        if found is not None:
            return Words(text, found.plain, [], None, found)
    return fold_words_slowly(text)


def fold_words_slowly(text: str) -> Words:
    """The same without machine code."""
    plain = _plain(text, _SMALL)
    is_ascii = plain.isascii()
    if not is_ascii and (len(plain.encode("utf-8", "surrogatepass")) - len(plain)) * _FOREIGN_RATIO > len(plain):
        # Nearly every word has to be looked up.
        return Words(text, plain, _looked_up(text), None, None)
    words: list[str] = []
    joined: list[tuple[int, int]] = []
    done = 0
    for index in _signs(plain, is_ascii=is_ascii):
        if index < done:
            continue
        start = plain.rfind(" ", done, index) + 1 or done
        end = plain.find(" ", index)
        end = len(plain) if end < 0 else end
        words += plain[done:start].split()
        word = plain[start:end]
        if word.isascii() and not ("-" in word and _may_reverse(word)):
            found: Sequence[str] = _TOKENS[word]
        else:
            # What is written in capitals matters behind some prefixes, and in folding what is not ASCII.
            found = _looked_up(text[start:end])
        words += found
        if len(found) != 1:
            joined.append((start, len(found) - 1))
        done = end
    words += plain[done:].split()
    return Words(text, plain, words, joined, None)


def _may_reverse(word: str) -> bool:
    """Whether a part of a stretch of plain text reads like a reversing prefix; `'un-backed'` begins with a quote."""
    return not REVERSING_PREFIXES.isdisjoint(word.translate(_PARTED).split("-"))


def chunk_starts(plain: str) -> bytes:
    """Where the stretches between blanks begin in plain text: at the places of ` a`, so that they can be counted."""
    return b" " + plain.encode("ascii", "replace").translate(_CHUNKS)


def case_words(text: str) -> list[str]:
    """The case forms of the tokens that `fold_words` gives."""
    plain = _plain(text, _AS_WRITTEN)
    words = plain.split()
    for index in reversed(_others(words, is_ascii=plain.isascii())):
        words[index : index + 1] = _CASES[words[index]]
    return words


def forget() -> None:
    """Forget every chunk seen so far, to measure or test reading from nothing."""
    _CASES.forget()
    _TOKENS.forget()
    if _READER is not None:
        _READER.forget()


# No possessive repeats of more than one character: CPython matches them wrongly up to 3.11.4 (gh-106052), which is what
# Debian 12 has. Nothing follows these, so a greedy repeat finds the same.
_RUN = "[Aacdn][Aacdnm]*+"
# Single letters with dots; they don't begin a longer word (`U.S.Army` is `U.S.` and `Army`).
_DOTTED = rf"[Aac]m*+(?:\.[Aac]m*+)+(?![Aacdnm])\.?(?:'{_RUN})*"
_PLAIN = rf"{_RUN}(?:'{_RUN}|(?<=d)[.,](?=d){_RUN})*"
_PART = rf"(?:{_DOTTED}|{_PLAIN})"
_WORD = re.compile(rf"k|{_PART}(?:-{_PART})*")


def _table(*, small: bool) -> bytes:
    """For `bytes.translate`: a blank for each ASCII character that is never part of a word."""
    table = bytearray(range(256))
    for code in range(128):
        character = chr(code)
        if not character.isalnum() and character not in "'-.,":
            table[code] = ord("'") if character == "`" else ord(" ")
        elif small:
            table[code] = ord(character.lower())
    return bytes(table)


_CHUNKS = bytes(ord(" ") if code == ord(" ") else ord("a") for code in range(256))
_SMALL, _AS_WRITTEN = _table(small=True), _table(small=False)
_PARTED = str.maketrans("'.,", "---")
_TYPOGRAPHIC = (
    *((quote, "'") for quote in "’‘ʼ′"),
    *((hyphen, "-") for hyphen in "\u2010\u2011\u2012\u2013"),
    *((separator, " ") for separator in "“”„«»…\u2014\xa0"),
)
_FOREIGN_RATIO = 4
"""A text of which the characters beyond ASCII take more than one byte in so many is written in another alphabet."""

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def _part(flat_text: str, kinds: str, start: int) -> Token:
    """A part of a word between hyphens."""
    written = flat_text[start : start + len(kinds)]
    end = len(written)
    while end > 2 and written[end - 1] in "sS" and written[end - 2] == "'":
        end -= 2
    written = written[:end]
    case = written.replace(".", "") if _is_dotted(kinds) else written
    return Token(case, start, start + len(written))


def _is_dotted(kinds: str) -> bool:
    dot = kinds.find(".")
    return dot > 0 and kinds[dot - 1] != "d"


def _compound(flat_text: str, kinds: str, start: int) -> Iterator[Token]:
    """The parts of a word; a reversing prefix is one token with what follows."""
    pending: list[Token] = []
    may_reverse = False
    for piece in kinds.split("-"):
        part = _part(flat_text, piece, start)
        start += len(piece) + 1
        if pending and not (may_reverse and _reverses(pending[-1].case, part.case)):
            yield _joined(pending)
            pending = []
        pending.append(part)
        # `U.N.-backed` and `Jong-un's-…`: what has dots or a possessive is no prefix.
        may_reverse = len(part.case) == len(piece)
    yield _joined(pending)


def _joined(parts: list[Token]) -> Token:
    return parts[0] if len(parts) == 1 else Token("".join(p.case for p in parts), parts[0].start, parts[-1].end)


def _reverses(prefix: str, following: str) -> bool:
    """Whether a part of a compound is a reversing prefix of the next one, and not a name (`UN-backed`)."""
    if fold_case(prefix) not in REVERSING_PREFIXES:
        return False
    return not prefix.isupper() or (following.isupper() and prefix != "UN")


def _plain(text: str, table: bytes) -> str:
    """`text` with blanks for the separators, each in the place of what it replaces, and what ends words left out."""
    if text.isascii():
        encoded = text.encode("ascii")
    else:
        for character, spelling in _TYPOGRAPHIC:
            text = text.replace(character, spelling)
        encoded = text.encode("utf-8", "surrogatepass")
    # A stop or comma before a blank is no part of a word, but for the last dot of `U.S.`, which makes no difference.
    encoded = encoded.translate(table).replace(b", ", b"  ").replace(b". ", b"  ")
    return encoded.decode("utf-8", "surrogatepass")


def _signs(plain: str, *, is_ascii: bool) -> list[int]:
    """Where something stands in plain text that is neither a letter or digit of ASCII nor a blank, ascending."""
    found: list[int] = [] if is_ascii else [match.start() for match in _BEYOND_ASCII.finditer(plain)]
    for sign in "'-.,":
        index = plain.find(sign)
        while index >= 0:
            found.append(index)
            index = plain.find(sign, index + 1)
    found.sort()
    return found


def _looked_up(text: str) -> list[str]:
    """The tokens of a text, by what is known of each of its chunks."""
    return list(chain.from_iterable(map(_TOKENS.__getitem__, _plain(text, _AS_WRITTEN).split())))


def _others(words: list[str], *, is_ascii: bool) -> list[int]:
    """The indices of the chunks that are not plain tokens."""
    if is_ascii:
        return [index for index, word in enumerate(words) if not word.isalnum()]
    return [index for index, word in enumerate(words) if not (word.isalnum() and word.isascii())]


def _read_chunk(chunk: str) -> tuple[str, ...]:
    flat_text = flatten(chunk).text
    return tuple(token.case for token in scan(flat_text, shape_of(flat_text)))


def _fold_chunk(chunk: str) -> tuple[str, ...]:
    return tuple(map(fold_case, _read_chunk(chunk)))


_CASES = Chunks(_read_chunk)
_TOKENS = Chunks(_fold_chunk)
_PACKAGE = native.package()
_READER = None if _PACKAGE is None else _PACKAGE.Reader(_fold_chunk, _looked_up)
