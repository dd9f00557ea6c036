"""`regex:"…"`: RE2 on a text field as received, with \\w, \\d and \\b that know all scripts, residue left out."""

from __future__ import annotations

from collections.abc import Sequence

from stream.clean.reading import Reading
from stream.matching.unicoderegex import Finder, finder

BLANK = "\0"
"""Stands for a code point of a masked word."""


def find_all(pattern: str, text: str, stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where an RE2 pattern matches, stretch by stretch: code point offsets, left to right, not overlapping.

    A stretch is searched as if nothing stood around it. Empty matches are left out.
    """
    found: list[tuple[int, int]] = []
    search: Finder = finder(pattern)
    for start, end in stretches:
        found.extend((start + a, start + b) for a, b in search(text[start:end]))
    return found


def searched(reading: Reading) -> list[tuple[int, int]]:
    """The stretches of a field that are no residue."""
    stretches = []
    start = 0
    for cut in sorted(reading.cuts, key=lambda cut: cut.start):
        if cut.start > start:
            stretches.append((start, cut.start))
        start = max(start, cut.end)
    if start < len(reading.source):
        stretches.append((start, len(reading.source)))
    return stretches


def blank(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with spans blanked, its length kept."""
    if not spans:
        return text
    characters = list(text)
    for start, end in spans:
        characters[start:end] = BLANK * (end - start)
    return "".join(characters)
