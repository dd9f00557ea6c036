"""Behind which tokens could a sentence end? Told from signs alone, for a whole text in a few operations.

    text      He met Mr. Roe (3.5 p.m.). Then
    tokens    he met mr roe 3.5 pm then
    may end          1           1             the stop of `Mr.` ends nothing, which is not looked at here

Nobody has to work out sentences for a phrase none of whose words, but the last, has such a mark behind it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from stream.clean.fold import flatten
from stream.clean.memo import Characters
from stream.clean.shape import shape_of
from stream.clean.tokens import Words, chunk_starts


class Stops(NamedTuple):
    """For each token 1 if a sentence or a paragraph may end behind it, 0 if none does; the offsets of the signs that
    say so, ascending, and for each the number of tokens before it."""

    may_end: bytes
    offsets: Sequence[int]
    tokens_before: Sequence[int]

    def between(self, first: int, last: int) -> Sequence[int]:
        """The offsets of the signs between two tokens."""
        start = bisect_right(self.tokens_before, first)
        return self.offsets[start : bisect_right(self.tokens_before, last, start)]


def stops_of(words: Words) -> Stops | None:
    """The stops of a text; None if it takes a closer look at it to tell."""
    if words.native is not None:
        found = words.native.stops(may_stop)
        return None if found is None else Stops(*found)
    text = words.text
    if words.joined is None:
        return None
    is_ascii = text.isascii()
    if not is_ascii:
        text = text.replace("…", ".").replace("?", "!")
        if any(map(_MAY_STOP.__getitem__, _BEYOND_ASCII.findall(text))):
            return None
    # A stop inside of a word ends nothing. What is not ASCII becomes a question mark, and is no stop.
    stops = text.encode("ascii", "replace").translate(_STOPS if is_ascii else _STOPS_AMONG_OTHERS)
    # Of several line breaks the last one will do.
    stops = stops.replace(b".a", b"aa").replace(b".", b"\n").replace(b"\n\n", b" \n")
    starts = chunk_starts(words.plain)
    flags = bytearray(words.size)
    offsets: list[int] = []
    tokens_before: list[int] = []
    joined = iter((*words.joined, (len(text), 0)))
    next_joined, more = next(joined)
    tokens = done = 0
    index = stops.find(b"\n")
    while index >= 0:
        tokens += starts.count(b" a", done, index + 2)
        while next_joined <= index:
            tokens += more
            next_joined, more = next(joined)
        if tokens:
            flags[tokens - 1] = 1
            offsets.append(index)
            tokens_before.append(tokens)
        done = index + 1
        index = stops.find(b"\n", done)
    return Stops(bytes(flags), offsets, tokens_before)


def _table(stops: str) -> bytes:
    table = bytearray(b" " * 256)
    for code in range(128):
        # Behind a stop that ends something stands a blank, a quote or a bracket.
        if chr(code).isalnum() or chr(code) in "-,;:":
            table[code] = ord("a")
    for stop in stops:
        table[ord(stop)] = ord(".")
    for line_break in "\n\v\f\r\x1d":
        table[ord(line_break)] = ord("\n")
    return bytes(table)


_STOPS, _STOPS_AMONG_OTHERS = _table(".!?"), _table(".!")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ENDS = frozenset(".!fNr|")


def _may_stop(character: str) -> bool:
    """Whether a character may end a sentence or paragraph, once it is normalised."""
    return not _ENDS.isdisjoint(shape_of(flatten(character).text))


_MAY_STOP = Characters(_may_stop)
may_stop = _MAY_STOP.__getitem__
"""Whether a character may end a sentence or paragraph."""
