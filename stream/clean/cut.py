"""A stretch of a text that is not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of residue that is not searched: code point offsets into the field as received, and its kind."""

    start: int
    end: int
    kind: str


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
