"""RE2 with \\w, \\d and \\b for all scripts, compared with Python's `re`, which has them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.matching.regex import find_all
from stream.matching.unicoderegex import finder

PATTERNS = (
    r"\bé\w*",
    r"\w+\b",
    r"\b\w\b",
    r"a\B.",
    r"\B\w",
    r"\b(?:été|et)\b",
    r"(?i)\bÉT\w\b",
    r"^\bé",
    r"(?m)^\bé\w*\b$",
    r"\b[^é\s]+\b",
    r"\b[\W\d]",
    r"\b(?:\bé|t)",
    r"(?s)\b.+\bt",
    r"\b.+\bt",
    r"(?s:\b.)t",
    r"\b\S{2}\b",
    r"\b[^\d]\D\b",
    r"\b\w{2,3}?\b",
    r"\bé|t\b",
)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="éЯta5٣_ .-\n", max_size=14))
def test_it_finds_what_python_finds(text: str) -> None:
    for pattern in PATTERNS:
        expected = [m.span() for m in re.finditer(pattern, text) if m.end() > m.start()]
        assert finder(pattern)(text) == expected, pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\d+", "٣٤ 12", ["٣٤", "12"]),
        (r"[\w]+", "naïve_x", ["naïve_x"]),
        (r"[^\w ]+", "é, ü!", [",", "!"]),
        (r"\Qa.b\E\b", "a.b é a.bé", ["a.b"]),
        (r"[[:alpha:]]+\b", "abc é", ["abc"]),
        (r"(?P<x>é)\b", "é éé", ["é", "é"]),
        (r"\pL+\b", "éa5 é", ["éa5"[:2], "é"][1:]),
        (r"\x{e9}\b", "é", ["é"]),
        (r"[]é]\b", "é]", ["é"]),
    ],
)
def test_forms_of_patterns(pattern: str, text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in finder(pattern)(text)] == found


def test_stretches_are_searched_alone() -> None:
    assert find_all(r"^a|a$", "a a xx a", [(0, 3), (4, 8)]) == [(0, 1), (2, 3), (7, 8)]


def test_lone_surrogates_and_marks_in_the_text_do_no_harm() -> None:
    assert finder(r"\bé\b")("\ud800 é \ufdd0é") == [(2, 3), (5, 6)]


def test_a_pattern_too_large_for_all_scripts_means_ascii() -> None:
    text = "x" * 900 + " é"
    assert finder(r"\b\w{900}\b")(text) == [(0, 900)]
