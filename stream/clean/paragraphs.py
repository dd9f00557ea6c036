"""Rules 2 and 7: line breaks that join a word, line breaks that end a paragraph, and those that are mere blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    if text.isascii():
        index = text.find("-")
        while index >= 0:
            if text[index + 1 : index + 2] in _ASCII_LINE_BREAKS:
                return True
            index = text.find("-", index + 1)
        return False
    last_characters = {line[-1:] for line in text.splitlines()}
    return not last_characters.isdisjoint(HYPHENS) or any(map(vanishes, last_characters))


def join_lines(flat: Flat, shape: str, marked: str) -> tuple[Flat, str]:
    """Take each line break between a letter with a hyphen and a letter out of the text and out of `marked`.

    `shape` is that of `flat`, and `marked` the same with its paragraphs marked.
    """
    joints = list(_JOINT.finditer(shape)) if "-N" in shape or "-r" in shape else []
    if not joints:
        return flat, marked
    texts: list[str] = []
    shapes: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    copied = 0
    for first, last in [*(joint.span("gone") for joint in joints), (len(shape), len(shape))]:
        texts.append(flat.text[copied:first])
        shapes.append(marked[copied:first])
        starts.extend(flat.starts[copied:first])
        ends.extend(flat.end(index) for index in range(copied, first))
        copied = last
    return Flat("".join(texts), starts, ends), "".join(shapes)


def mark_paragraphs(flat: Flat, shape: str) -> str:
    """The shape of a plain text with `|` for the line breaks that end a paragraph and a blank for the others.

    Lines are those of the text as received, so words divided at their ends make no line longer.
    """
    lines = _lines(shape)
    filled = [line for line in lines if not line.is_blank]
    ending = sum(ends_sentence(line.shape) for line in filled)
    if not is_hard_wrapped([line.code_points(flat) for line in filled], ending):
        return shape.translate(_EVERY_BREAK)
    margin = median_low([line.indent for line in filled])
    pieces: list[str] = []
    for number, line in enumerate(lines):
        pieces.append(line.shape)
        following = lines[number + 1] if number + 1 < len(lines) else None
        parts = following is not None and (following.is_blank or line.is_blank or following.indent > margin)
        pieces.append(("|" if parts else " ") * len(line.line_break))
    return "".join(pieces)


def is_hard_wrapped(lengths: Sequence[int], ending: int) -> bool:
    """Whether lines of these lengths (code points, blank lines left out) are cut at a margin, not at paragraphs.

    `ending` is how many of them end a sentence.
    """
    return may_be_hard_wrapped(lengths) and ending * 2 < len(lengths)


def may_be_hard_wrapped(lengths: Sequence[int]) -> bool:
    """Whether the lengths alone say so."""
    if len(lengths) < WRAPPED_LINES_MIN:
        return False
    within = sum(length <= WRAPPED_LINE_CODE_POINTS_MAX for length in lengths)
    return WRAPPED_MEDIAN_CODE_POINTS_MIN <= median(
        lengths
    ) <= WRAPPED_LINE_CODE_POINTS_MAX and within * 100 >= WRAPPED_LINES_WITHIN_PERCENT * len(lengths)


def without_paragraphs(shape: str) -> str:
    """The shape of a text whose line breaks are all mere blanks."""
    return shape.translate(_NO_BREAK)


# Where `str.splitlines` divides; a text ends a line too.
_ASCII_LINE_BREAKS = frozenset(("", *"\n\r\v\f\x1c\x1d\x1e"))
_LINE = re.compile(r"([^Nr]*+)(rN|r|N|\Z)")
_JOINT = re.compile(r"(?<=[Aacmk])-(?P<gone>rN|r|N)(?=[Aack])")
_EVERY_BREAK = str.maketrans("Nr", "||")
_NO_BREAK = str.maketrans("Nr", "  ")


@dataclass(frozen=True, slots=True)
class _Line:
    shape: str
    line_break: str
    indent: int
    start: int

    @property
    def is_blank(self) -> bool:
        return self.indent == len(self.shape)

    def code_points(self, flat: Flat) -> int:
        """Its length in the source, without the blanks at its end; for lines that are not blank."""
        length = len(self.shape.rstrip(" "))
        return length if flat.ends is None else flat.end(self.start + length - 1) - flat.start(self.start)


def _lines(shape: str) -> list[_Line]:
    return [
        _Line(line[1], line[2], len(line[1]) - len(line[1].lstrip(" ")), line.start())
        for line in _LINE.finditer(shape)
        if line[0]
    ]
