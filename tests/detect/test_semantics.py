"""What correlations and throttles mean: tests/detect/semantics.yml, a rule file whose tests draw each case."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.rulelang import SourceFile, load, render
from stream.ruletest import TestResult, run_tests

FILE = Path(__file__).with_name("semantics.yml")


def results() -> list[TestResult]:
    loaded = load([SourceFile(FILE.name, FILE.read_text(encoding="utf-8"))])
    assert loaded.ruleset is not None, "\n".join(render(each) for each in loaded.diagnostics)
    return list(run_tests(loaded.ruleset))


@pytest.mark.parametrize("result", results(), ids=lambda result: f"{result.rule}: {result.name}")
def test_it_means_what_its_test_says(result: TestResult) -> None:
    assert result.passed, str(result)
