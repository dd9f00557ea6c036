"""Layout by a short cut: where tokens, sentences and paragraphs stand, from what is known about single chunks.

A chunk is what stands between two blanks. Its tokens and their offsets depend on nothing else, and whether a sentence
ends behind it depends on it and on what the next chunk begins with. So chunks are looked at once and remembered. For a
text that leaves one byte a chunk, in which ends of sentences are looked for and tokens counted:

    text      He said so. 3.5 percent!          chunk, byte   said   1 token, no end, begins no sentence
    chunks    He | said | so. | 3.5 | percent!                so.    1 token, an end before whatever begins one
                                                              3.5    1 token, no end, begins one as a number

Texts with something that goes beyond a chunk (the end of a sentence inside one, lines wrapped by hand) are left to the
long way, which defines the result.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, chain, compress, repeat
from operator import add
from typing import NamedTuple

from stream.clean.fold import Flat, flatten
from stream.clean.paragraphs import WRAPPED_LINES_MIN, may_be_hard_wrapped
from stream.clean.reading import Cut, Layout
from stream.clean.sentences import NUMBER, OTHER, chunk_opening, chunk_stop
from stream.clean.shape import PARAGRAPH_BREAK, shape_of
from stream.clean.tokens import scan_spans

CHUNKS_REMEMBERED_MAX = 50_000
CHUNK_CODE_POINTS_REMEMBERED_MAX = 40
CHUNK_TOKENS_MAX = 15


def quick_layout(text: str, breaks: str, cuts: Sequence[Cut], *, may_be_wrapped: bool) -> Layout | None:
    """The layout of a text, offsets into that text; None if it takes the long way to find it.

    `breaks` are the characters that end a paragraph: PARAGRAPH_BREAK, and `\\n`, which stands for `\\r` too. `cuts` lie
    between blanks. `may_be_wrapped` says that line breaks end paragraphs only if lines are not wrapped by hand.
    """
    if any(map(text.__contains__, _RARE_BREAKS)):
        return None
    text = text.replace("\r", "\n")
    if may_be_wrapped and (PARAGRAPH_BREAK in text or _may_be_hard_wrapped(text)):
        return None
    for cut in cuts:
        start, end = max(0, cut.start), min(len(text), cut.end)
        text = text[:start] + PARAGRAPH_BREAK * (end - start) + text[end:]
    pieces, paragraph_ends = _pieces(text, breaks)
    try:
        codes = bytes(map(_CODES.__getitem__, pieces))
    except _TooComplexError:
        return None
    paragraphs = {end - codes.count(0, 0, end) for end in paragraph_ends}
    return _ChunkLayout(pieces, codes.translate(None, b"\0"), paragraphs)


def through(layout: Layout, page: Flat) -> Layout:
    """`layout`, which was made of the text of `page`, with offsets into the source of that."""
    return layout if page.ends is None else _Through(layout, page)


def forget() -> None:
    """Forget every chunk seen so far."""
    _CODES.clear()
    _CHUNKS.clear()


class _ChunkLayout(Layout):
    """Only sentences and paragraphs are worked out at once; offsets when they are asked for."""

    def __init__(self, pieces: list[str], codes: bytes, paragraphs: set[int]) -> None:
        self._pieces = pieces
        tokens_before = self._tokens_before = list(accumulate(codes.translate(_COUNTS), initial=0))
        count = len(codes)
        edges = self._edges = sorted(paragraphs.union([found.end() for found in _STOPS.finditer(codes)], (0, count)))
        sentences: list[int] = []
        paragraph_of: list[int] = []
        self._sentence_edges: list[tuple[int, int]] = []
        self._spans: dict[int, tuple[int, int]] = {}
        self._bounds: dict[int, tuple[int, int]] = {}
        paragraph = -1
        counted = False
        start = 0
        for end in edges[1:]:
            if start in paragraphs:
                counted = False
            tokens = tokens_before[end] - tokens_before[start]
            if tokens:
                # Only sentences and paragraphs with words in them have a number.
                if not counted:
                    counted = True
                    paragraph += 1
                sentences += [len(self._sentence_edges)] * tokens
                paragraph_of += [paragraph] * tokens
                self._sentence_edges.append((start, end - 1))
            start = end
        self._sentences = sentences
        self._paragraphs = paragraph_of

    @property
    def sentences(self) -> Sequence[int]:
        return self._sentences

    @property
    def paragraphs(self) -> Sequence[int]:
        return self._paragraphs

    @cached_property
    def starts(self) -> Sequence[int]:
        chunks = map(_chunk, self._chunks)
        return list(map(add, self._each_place(), chain.from_iterable([chunk.starts for chunk in chunks])))

    @cached_property
    def ends(self) -> Sequence[int]:
        chunks = map(_chunk, self._chunks)
        return list(map(add, self._each_place(), chain.from_iterable([chunk.ends for chunk in chunks])))

    def start(self, position: int) -> int:
        return self._span(position)[0]

    def end(self, position: int) -> int:
        return self._span(position)[1]

    def _span(self, position: int) -> tuple[int, int]:
        known = self._spans.get(position)
        if known is None:
            before = self._tokens_before
            index = bisect_right(before, position) - 1
            place = self._places[index]
            chunk = _CHUNKS[self._chunks[index]]
            within = position - before[index]
            known = self._spans[position] = place + chunk.starts[within], place + chunk.ends[within]
        return known

    def bounds(self, sentence: int) -> tuple[int, int]:
        known = self._bounds.get(sentence)
        if known is None:
            first, last = self._sentence_edges[sentence]
            places, chunks = self._places, self._chunks
            known = places[first] + _chunk(chunks[first]).first, places[last] + _chunk(chunks[last]).last
            self._bounds[sentence] = known
        return known

    @cached_property
    def _chunks(self) -> list[str]:
        return list(filter(None, self._pieces))

    @cached_property
    def _places(self) -> list[int]:
        """Where each chunk begins: one blank behind the one before."""
        pieces = self._pieces
        places = [0, *map(add, accumulate(map(len, pieces)), range(1, len(pieces)))]
        return list(compress(places, pieces)) if "" in pieces else places

    def _each_place(self) -> list[int]:
        counts = [len(chunk.starts) for chunk in map(_chunk, self._chunks)]
        return list(chain.from_iterable(map(repeat, self._places, counts)))


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

    def bounds(self, sentence: int) -> tuple[int, int]:
        start, end = self._inner.bounds(sentence)
        return self._page.start(start), self._page.end(end - 1)


_RARE_BREAKS = ("\v", "\f", "\x85", "\u2028", "\u2029")


def _pieces(text: str, breaks: str) -> tuple[list[str], list[int]]:
    """The stretches between single blanks (two blanks have an empty one between them), and where paragraphs end."""
    if PARAGRAPH_BREAK in text:
        text = text.replace(PARAGRAPH_BREAK, "\n" if PARAGRAPH_BREAK in breaks and "\n" in breaks else PARAGRAPH_BREAK)
    for blank in ("\t", "\xa0", *(character for character in ("\n", PARAGRAPH_BREAK) if character not in breaks)):
        text = text.replace(blank, " ")
    if not breaks:
        return text.split(" "), []
    pieces: list[str] = []
    ends: list[int] = []
    for line in text.split("\n" if "\n" in breaks else breaks):
        pieces += line.split(" ")
        ends.append(len(pieces))
    return pieces, ends


def _may_be_hard_wrapped(text: str) -> bool:
    """Whether the lengths of its lines say so; the long way looks closer."""
    lines = text.split("\n")
    if len(lines) < WRAPPED_LINES_MIN:
        return False
    return may_be_hard_wrapped([_length(line) for line in map(str.rstrip, lines) if line])


def _length(line: str) -> int:
    """Code points from its first to its last character that does not vanish."""
    if (line[0] < "\x80" or line[0] in _SEEN) and (line[-1] < "\x80" or line[-1] in _SEEN):
        return len(line)
    flat = flatten(line)
    length = len(flat.text.rstrip())
    return flat.end(length - 1) - flat.start(0) if length else 0


_SEEN = frozenset("“”„«»’‘…\u2013\u2014")


class _Chunk(NamedTuple):
    """Offsets of the tokens of a chunk, in code points from its start; `first` and `last` are where its first character
    begins and its last one ends, which others may surround that vanish."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    first: int
    last: int


def _look_at(chunk: str) -> _Chunk:
    flat = flatten(chunk)
    spans = scan_spans(flat.text, shape_of(flat.text))
    return _Chunk(
        tuple([flat.start(start) for start, _ in spans]),
        tuple([flat.end(end - 1) for _, end in spans]),
        flat.start(0),
        flat.end(len(flat.text) - 1),
    )


class _TooComplexError(Exception):
    """A chunk with more in it than a word and what surrounds it."""


_NOTHING = 3
"""A chunk that begins no sentence; 0 is no chunk at all."""


def _code(chunk: str) -> int:
    if not chunk:
        return 0
    flat_text = flatten(chunk).text
    shape = shape_of(flat_text)
    stop = chunk_stop(flat_text, shape)
    count = len(scan_spans(flat_text, shape))
    if stop is None or count > CHUNK_TOKENS_MAX:
        raise _TooComplexError
    return count << 4 | stop << 2 | (chunk_opening(shape) or _NOTHING)


def _class(*codes: int) -> bytes:
    return b"[" + b"".join(re.escape(bytes([code])) for code in codes) + b"]"


_BYTES = range(1, 256)
_COUNTS = bytes(code >> 4 for code in range(256))
# Behind these bytes, before those, a sentence ends.
_STOPS = re.compile(
    b"|".join(
        _class(*(code for code in _BYTES if code >> 2 & kind))
        + b"(?="
        + _class(*(code for code in _BYTES if code & 3 == kind))
        + b")"
        for kind in (NUMBER, OTHER)
    ),
    re.DOTALL,
)


class _Codes(dict[str, int]):
    """The bytes of chunks seen before; bounded, and nothing but a memory: forgetting changes no result."""

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


_CODES = _Codes()
_CHUNKS = _Chunks()
_chunk = _CHUNKS.__getitem__
