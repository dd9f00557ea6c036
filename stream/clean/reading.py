"""What reading a text yields: tokens on consecutive positions, with a way back to the text as received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of residue that is not searched: code point offsets into the field as received, and its kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One field, read. All sequences have one entry a token; a token's index is its position.

    `source` is the field as received. `tokens` are folded, `cases` keep the case as written (`U.S.` → `US`).
    `starts` and `ends` are code point offsets into `source`, end exclusive. `sentences` and `paragraphs` are
    ordinals, never decreasing: tokens with the same number are in one sentence or paragraph. Tokens of residue
    are left out, and what stands before and after it is never in one paragraph. `cuts` says what was left out.
    """

    source: str
    tokens: Sequence[str]
    cases: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    sentences: Sequence[int]
    paragraphs: Sequence[int]
    cuts: tuple[Cut, ...] = ()

    def sentence_span(self, position: int) -> tuple[int, int]:
        """Offsets in `source` of the sentence that holds the token at `position`, closing punctuation included."""
        raise NotImplementedError
