"""Whatever text comes in, `load` returns; nothing is raised, and nothing recurses or grows without bound."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.rulelang import checker, render
from stream.rulelang.diagnostic import DIAGNOSTICS_PER_FILE_MAX, FILE_BYTES_MAX
from tests.rulelang.kit import codes, expression_codes, load_example, load_text

_YAML_PIECES = (
    *("kind: rule\n", "id: a\n", "match: ", "keywords: ", "[", "]", "{", "}", "- ", "'", "\n", "  ", "\t", ": "),
    *("&a ", "*a", "!t ", ">\n", "|2\n", "#", "\\", "\r\n", "---\n", "...\n", "%YAML 1.2\n", "? "),
    *("\ufeff", "\u2028", "\x00", "\ud800"),
)
_EXPRESSION_PIECES = (
    *("AND ", "OR ", "NOT ", "NEAR/3 ", "(", ")", "@a", "~", "*", ",", '"', "é", "北", "title:", "regex:"),
    *("a", "CASE(", "ANY/1("),
)
_PIECES = st.sampled_from(_YAML_PIECES + _EXPRESSION_PIECES)


@given(st.lists(_PIECES | st.text(max_size=4), max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_file_gives_rules_or_an_error(text: str) -> None:
    loaded = load_text(text)
    errors = [d for d in loaded.diagnostics if d.severity == "error"]
    assert (loaded.ruleset is None) == bool(errors)
    for diagnostic in loaded.diagnostics:
        assert diagnostic.place.line >= 1
        assert diagnostic.place.column >= 1
        assert render(diagnostic)


@given(st.lists(_PIECES | st.text(max_size=4), min_size=1, max_size=20).map("".join).filter(str.strip))
@settings(max_examples=300, deadline=None)
def test_any_expression_gives_rules_or_an_error(text: str) -> None:
    line = text.replace("\n", " ").replace("\r", " ")
    loaded = load_example(f"match: >\n  {line}\n")
    assert loaded.ruleset is not None or loaded.diagnostics


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("brackets", "match: " + "[" * 100_000),
        ("braces", "match: " + "{a: " * 100_000),
        ("dashes", "- " * 100_000),
    ],
)
def test_deep_yaml_is_refused_at_its_limit(name: str, text: str) -> None:
    assert codes(load_text(text).diagnostics) == ["R106"]


@pytest.mark.parametrize("expression", ["(" * 20_000 + "a", "a AND " + "NOT " * 20_000 + "b", "title:" * 20_000 + "a"])
def test_deep_expressions_are_refused_without_recursion(expression: str) -> None:
    assert set(expression_codes(expression)) <= {"R406", "R302"}


def test_limits_of_files_expressions_and_findings() -> None:
    assert codes(load_text("#" * (FILE_BYTES_MAX + 1)).diagnostics) == ["R101"]
    assert codes(load_text("é" * (FILE_BYTES_MAX // 2 + 1)).diagnostics) == ["R101"]
    assert expression_codes("a" * 200_001) == ["R215"]
    assert len(load_text("".join(f"k{n}: v\n" for n in range(500))).diagnostics) <= DIAGNOSTICS_PER_FILE_MAX
    many = "kind: rule\n" + "".join(f"k{n}: v\n" for n in range(500))
    assert len(load_text(many).diagnostics) == DIAGNOSTICS_PER_FILE_MAX


def test_nobody_looks_for_near_names_once_a_file_takes_no_more_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(name: str, *_: object) -> str:
        asked.append(name)
        return ""

    monkeypatch.setattr(checker, "did_you_mean", counted)
    diagnostics = load_example("match: >\n  " + " OR ".join(f"@list{i}" for i in range(1_000)) + "\n").diagnostics
    assert len(diagnostics) == len(asked) == DIAGNOSTICS_PER_FILE_MAX
