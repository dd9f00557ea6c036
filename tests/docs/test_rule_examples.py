"""The rules on the page of the rule language have no findings, pass their tests and are in their canonical form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stream.rulelang import SourceFile, format_file, load
from stream.ruletest import run_tests

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rule-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_good_rule_file(example: str) -> None:
    file = SourceFile("rules.yml", example)
    loaded = load([file])
    assert loaded.diagnostics == ()
    assert loaded.ruleset is not None
    assert [str(result) for result in run_tests(loaded.ruleset) if not result.passed] == []
    assert format_file(file) == example
