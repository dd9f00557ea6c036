"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "error")


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is its name; `found`, `expected` and what to `do` are for people. Of what is ok, only `found` is said."""

    check: str
    level: Level
    found: str
    expected: str = ""
    do: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, expected: str, do: str) -> Finding:
    """It works, but not as well or as safely as it should."""
    return Finding(check, "warning", found, expected, do)


def error(check: str, found: str, expected: str, do: str) -> Finding:
    """Something does not work."""
    return Finding(check, "error", found, expected, do)


def worst(findings: list[Finding]) -> Level:
    """The worst level; ok if there is nothing."""
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")
