"""Layout by a short cut: where sentences and paragraphs stand, and tokens only where somebody asks.

Where sentences end is told by signs (see `ends`). The tokens between two ends are counted, which takes no look at what
they are, and tokens of a sentence are located when one of them is asked for:

    units      He said so. | 3.5 percent, Mr. Roe!      of 3 and 4 tokens
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import chain, pairwise, repeat
from operator import sub
from typing import NamedTuple

from stream.clean.ends import Ends, TooComplexError
from stream.clean.fold import Flat, flatten
from stream.clean.memo import Chunks
from stream.clean.reading import Layout
from stream.clean.shape import shape_of
from stream.clean.tokens import (
    Words,
    chunk_starts,
    fold_words,
    scan_spans,
)


def quick_layout(ends: Ends, words: Words) -> Layout | None:
    """The layout of a text with these ends, offsets into that text; None if it takes the long way to find it.

    `words` are its words, cuts left blank.
    """
    try:
        sentences = ends.of_sentences()
    except TooComplexError:
        return None
    edges = sorted({0, *sentences, *ends.paragraphs, len(ends.text)})
    return _UnitLayout(ends.text, words, _units(words, edges, ends.paragraphs))


def through(layout: Layout, page: Flat) -> Layout:
    """`layout`, which was made of the text of `page`, with offsets into the source of that."""
    return layout if page.ends is None else _Through(layout, page)


def forget() -> None:
    """Forget every chunk seen so far."""
    _CHUNKS.forget()


class _Units(NamedTuple):
    """The sentences with words in them, in order: where each one starts and ends (code points), its paragraph, and the
    number of the first token behind it."""

    starts: list[int]
    ends: list[int]
    paragraphs: list[int]
    behind: list[int]


def _units(words: Words, edges: Sequence[int], paragraphs: AbstractSet[int]) -> _Units:
    if words.native is not None:
        return _Units(*words.native.units(edges, paragraphs))
    units = _Units([], [], [], [])
    is_plain = words.joined is not None
    chunks = chunk_starts(words.plain) if is_plain else b""
    joined = [*(words.joined or ()), (len(words.plain), 0)]
    passed = 0
    next_joined, _ = joined[0]
    tokens = 0
    paragraph = -1
    counted = False
    for start, end in pairwise(edges):
        if start in paragraphs:
            counted = False
        count = chunks.count(b" a", start, end + 1) if is_plain else fold_words(words.text[start:end]).size
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

    def span(self, first: int, last: int) -> tuple[int, int]:
        start, end = self._span(first)
        return start, end if first == last else self._span(last)[1]

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
            known = self._spans[position] = self._words.place(position) or self._look_for(position)
        return known

    def _look_for(self, position: int) -> tuple[int, int]:
        number = self.sentence_of(position)
        # Where a second one is asked for, more will be.
        found = None if number in self._touched else self._span_of_word(position, number)
        self._touched.add(number)
        if found is not None:
            return found
        starts, ends = self._spans_of(number)
        index = position - self._units.behind[number]
        return starts[index], ends[index]

    def _span_of_word(self, position: int, number: int) -> tuple[int, int] | None:
        """Where a token of a sentence stands, if each word before it is one token and it is a plain word itself."""
        joined = self._words.joined
        if joined is None:
            return None
        start, end = self._units.starts[number], self._units.ends[number]
        first = self._units.behind[number - 1] if number else 0
        stretches = self._words.plain[start:end]
        if not stretches.isascii() and _RARE_BLANK.search(stretches):
            return None  # `split` would take it for an end of a stretch, which it is not
        rest = stretches.split(None, position - first)[-1]
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


_RARE_BLANK = re.compile(r"[^\S\x00-\x7f]")
_ASCII_BLANKS = " \x1c\x1d\x1e\x1f"


class _Chunk(NamedTuple):
    """Offsets of the tokens of a chunk, in code points from its start."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]


def _look_at(chunk: str) -> _Chunk:
    flat = flatten(chunk)
    spans = scan_spans(flat.text, shape_of(flat.text))
    return _Chunk(tuple([flat.start(start) for start, _ in spans]), tuple([flat.end(end - 1) for _, end in spans]))


_CHUNKS = Chunks(_look_at)
