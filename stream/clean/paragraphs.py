"""Rules 2 and 7: line breaks that join a word, line breaks that end a paragraph, and those that are mere blanks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median, median_low

from stream.clean.fold import Flat, vanishes
from stream.clean.sentences import ends_sentence

WRAPPED_LINES_MIN = 5
WRAPPED_MEDIAN_CODE_POINTS_MIN = 50
WRAPPED_LINE_CODE_POINTS_MAX = 90
WRAPPED_LINES_WITHIN_PERCENT = 80

HYPHENS = frozenset("-\u00ad\u2010\u2011\u2012\u2013\ufe63\uff0d")


def may_join(text: str) -> bool:
    """Whether a line of `text` ends in a hyphen or in something that vanishes and may hide one."""
    last_characters = {line[-1:] for line in text.splitlines()}
    return not last_characters.isdisjoint(HYPHENS) or any(map(vanishes, last_characters))


def join_lines(flat: Flat, shape: str) -> tuple[Flat, str]:
    """Take out each line break between a letter with a hyphen and a letter."""
    joints = list(_JOINT.finditer(shape)) if "-N" in shape or "-r" in shape else []
    if not joints:
        return flat, shape
    texts: list[str] = []
    shapes: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    copied = 0
    for first, last in [*(joint.span("gone") for joint in joints), (len(shape), len(shape))]:
        texts.append(flat.text[copied:first])
        shapes.append(shape[copied:first])
        starts.extend(flat.starts[copied:first])
        ends.extend(flat.end(index) for index in range(copied, first))
        copied = last
    return Flat("".join(texts), starts, ends), "".join(shapes)


def mark_paragraphs(shape: str) -> str:
    """The shape of a plain text with `|` for the line breaks that end a paragraph and a blank for the others."""
    lines = _lines(shape)
    if not _is_wrapped(lines):
        return shape.translate(_EVERY_BREAK)
    margin = median_low([line.indent for line in lines if not line.is_blank])
    pieces: list[str] = []
    for number, line in enumerate(lines):
        pieces.append(line.shape)
        following = lines[number + 1] if number + 1 < len(lines) else None
        parts = following is not None and (following.is_blank or line.is_blank or following.indent > margin)
        pieces.append(("|" if parts else " ") * len(line.line_break))
    return "".join(pieces)


def without_paragraphs(shape: str) -> str:
    """The shape of a text whose line breaks are all mere blanks."""
    return shape.translate(_NO_BREAK)


_LINE = re.compile(r"([^Nr]*+)(rN|r|N|\Z)")
_JOINT = re.compile(r"(?<=[Aacmk])-(?P<gone>rN|r|N)(?=[Aack])")
_EVERY_BREAK = str.maketrans("Nr", "||")
_NO_BREAK = str.maketrans("Nr", "  ")


@dataclass(frozen=True, slots=True)
class _Line:
    shape: str
    line_break: str
    indent: int

    @property
    def is_blank(self) -> bool:
        return self.indent == len(self.shape)


def _lines(shape: str) -> list[_Line]:
    return [
        _Line(line[1], line[2], len(line[1]) - len(line[1].lstrip(" "))) for line in _LINE.finditer(shape) if line[0]
    ]


def _is_wrapped(lines: list[_Line]) -> bool:
    filled = [line.shape.rstrip(" ") for line in lines if not line.is_blank]
    if len(filled) < WRAPPED_LINES_MIN:
        return False
    lengths = [len(line) for line in filled]
    within = sum(length <= WRAPPED_LINE_CODE_POINTS_MAX for length in lengths)
    ending = sum(map(ends_sentence, filled))
    return (
        WRAPPED_MEDIAN_CODE_POINTS_MIN <= median(lengths) <= WRAPPED_LINE_CODE_POINTS_MAX
        and within * 100 >= WRAPPED_LINES_WITHIN_PERCENT * len(filled)
        and ending * 2 < len(filled)
    )
