"""Positions in one file: from an index in its text to line and column, and the findings made about it."""

from __future__ import annotations

import bisect
import difflib
import re
from collections.abc import Iterable

from stream.clean.printable import escaped
from stream.rulelang.codes import CODES
from stream.rulelang.diagnostic import DIAGNOSTICS_PER_FILE_MAX, Diagnostic, SourceFile
from stream.rulelang.nodes import Place

KNOWN_NAMES_SHOWN_MAX = 25

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Source:
    """One rule file and the diagnostics found in it, at most `DIAGNOSTICS_PER_FILE_MAX`."""

    def __init__(self, file: SourceFile) -> None:
        self.path = file.path
        # A byte order mark is no character of the first line.
        self.text = file.text.removeprefix("\ufeff")
        self.diagnostics: list[Diagnostic] = []
        self._lines: dict[int, str] = {}
        self._line_starts = [0, *(m.end() for m in _LINE_BREAK.finditer(self.text))]

    def place(self, start: int, end: int) -> Place:
        """The place of `text[start:end]`, code point indices."""
        line = bisect.bisect_right(self._line_starts, start)
        return Place(line, start - self._line_starts[line - 1] + 1, max(0, end - start))

    def index(self, place: Place) -> int:
        """The index in the text at which a place begins."""
        return self._line_starts[place.line - 1] + place.column - 1

    def line_text(self, line: int) -> str:
        """A line of the file without its line break; empty when there is none of that number."""
        if not 1 <= line <= len(self._line_starts):
            return ""
        if line in self._lines:
            return self._lines[line]
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        # One text for all findings of a line: lines may be long.
        return self._lines.setdefault(line, self.text[start:end].rstrip("\r\n"))

    def found_within(self, codes: frozenset[str], place: Place) -> bool:
        """Whether one of these codes was noted at a place that begins inside this one."""
        start = self.index(place)
        return any(
            one.code in codes and start <= self.index(one.place) < start + place.length
            for one in self.diagnostics
            if one.place.line
        )

    @property
    def is_full(self) -> bool:
        """Whether it takes no more findings: nobody has to look for a help with them, which may cost much."""
        return len(self.diagnostics) >= DIAGNOSTICS_PER_FILE_MAX

    def add(self, code: str, place: Place, found: str, expected: str, help_: str = "") -> None:
        """Note a finding; the same code at the same place is noted once."""
        if self.is_full:
            return
        severity = CODES[code].severity
        found, expected, help_ = escaped(found), escaped(expected), escaped(help_)
        diagnostic = Diagnostic(code, severity, self.path, place, found, expected, help_, self.line_text(place.line))
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name` (Ratcliff-Obershelp, as in difflib), or None when nothing is close."""
    found = difflib.get_close_matches(name[:100].lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], form: str = "{}") -> str:
    """A sentence with the nearest known name, or with all of them when they are few, or nothing."""
    names = sorted(known)
    best = nearest(name, names)
    if best is not None:
        return f"Did you mean `{form.format(best)}`?"
    if names and len(names) <= KNOWN_NAMES_SHOWN_MAX:
        return "Known: " + ", ".join(form.format(n) for n in names) + "."
    return ""


def quoted(text: str) -> str:
    """A stretch of a rule file for a message: in backquotes, on one line, at most 60 code points."""
    flat = " ".join(text.split())
    shown = flat if len(flat) <= 60 else flat[:59] + "…"
    return f"`{shown}`" if shown else "nothing"
