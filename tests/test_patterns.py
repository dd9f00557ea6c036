"""Regular expressions mean the same on every Python that the project allows.

Up to 3.11.4 CPython matches a possessive repeat of more than one character wrongly if there is something to go back to
within it (gh-106052): words were read as parts of themselves on the Python of Debian 12.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import stream

ONE_CHARACTER = {codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY}


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for found in pkgutil.walk_packages(stream.__path__, "stream."):
        if not found.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{found.name}.{name}", value


def unsure(parsed: Any) -> Iterator[str]:
    """Parts that not every Python matches alike; `parsed` is what the standard library's parser gives, at any depth."""
    if isinstance(parsed, tuple) and len(parsed) == 2 and parsed[0] is codes.POSSESSIVE_REPEAT:
        (*_, repeated) = parsed[1]
        if [code for code, _ in repeated] not in [[code] for code in ONE_CHARACTER]:
            yield "a possessive repeat of more than one character"
    if isinstance(parsed, tuple) and len(parsed) == 2 and parsed[0] is codes.ATOMIC_GROUP:
        yield "an atomic group"
    if isinstance(parsed, (tuple, list, parser.SubPattern)):
        for part in parsed:
            yield from unsure(part)


def test_no_pattern_depends_on_the_version_of_python() -> None:
    found = {name: list(unsure(parser.parse(pattern.pattern, pattern.flags))) for name, pattern in patterns()}
    assert len(found) > 30
    assert {name: parts for name, parts in found.items() if parts} == {}


@pytest.mark.parametrize("pattern", ["(?:a|ab)*+c", "x(?:(?:ab?)++)", "(?>ab?)c"])
def test_what_is_looked_for_is_found(pattern: str) -> None:
    assert list(unsure(parser.parse(pattern)))


@pytest.mark.parametrize("pattern", ["a*+b", "[ab]++c", "(?:[^>]*+>)*", ".?+a"])
def test_nothing_else_is_found(pattern: str) -> None:
    assert not list(unsure(parser.parse(pattern)))
