"""A diagnostic: one finding about a rule file, with a stable code, a place, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stream.rulelang.nodes import Place
from stream.rulelang.ruleset import RuleSet

DIAGNOSTICS_PER_FILE_MAX = 200
FILE_BYTES_MAX = 1 << 20
SOURCE_LINE_SHOWN_CODE_POINTS_MAX = 160

SeverityName = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A rule file: the path to name in messages, and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `found` and `expected` are clauses without a full stop, `help` is a sentence or empty.

    `code` is an entry of `codes.CODES`, `source_line` the line of the file at `place`, without its line break.
    """

    code: str
    severity: SeverityName
    file: str
    place: Place
    found: str
    expected: str
    help: str
    source_line: str

    @property
    def message(self) -> str:
        """What was found and what was expected, on one line."""
        return f"found {self.found}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What rule files gave: a rule set, unless there is a diagnostic of severity "error"; and all diagnostics."""

    ruleset: RuleSet | None
    diagnostics: tuple[Diagnostic, ...]


def render(diagnostic: Diagnostic) -> str:
    """The diagnostic as a reader sees it: head line, source line with a caret, and what to do."""
    place = diagnostic.place
    head = (
        f"{diagnostic.file}:{place.line}:{place.column}: {diagnostic.severity} {diagnostic.code}: {diagnostic.message}"
    )
    lines = [head]
    if diagnostic.source_line.strip():
        lines += _with_caret(diagnostic.source_line, place)
    if diagnostic.help:
        lines.append(f"  help: {diagnostic.help}")
    return "\n".join(lines)


def _with_caret(source_line: str, place: Place) -> list[str]:
    number = str(place.line)
    start = max(0, place.column - 1)
    cut = max(0, start - SOURCE_LINE_SHOWN_CODE_POINTS_MAX // 2)
    shown = "".join(c if c.isprintable() else " " for c in source_line[cut : cut + SOURCE_LINE_SHOWN_CODE_POINTS_MAX])
    width = max(1, min(place.length, len(shown) - (start - cut)))
    return [f"  {number} | {shown}", f"  {' ' * len(number)} | {' ' * (start - cut)}{'^' * width}"]
