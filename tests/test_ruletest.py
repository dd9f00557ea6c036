"""Tests written inside rule files: what passes, and what the others say."""

from __future__ import annotations

from typing import Any

import pytest

from stream.rulelang import SourceFile, load
from stream.ruletest import TestResult, run_tests

RULE = """\
schema: rules/v1
kind: rule
id: demo.red_line
version: 1
title: A red line
status: experimental
severity: low
topics: [escalation]
scope: {{lang: [en], max_age: 48h}}
match: '~"red line"'
exclude:
  - {{name: transit, reason: A train line., match: '"red line trains"'}}
  - {{name: editing, reason: Of texts., mask: article, match: manuscript}}
tests:
  - {test}
"""


def _run(test: str) -> TestResult:
    loaded = load([SourceFile("rules/demo.yml", RULE.format(test=test))])
    assert loaded.ruleset is not None, loaded.diagnostics
    (result,) = run_tests(loaded.ruleset)
    return result


@pytest.mark.parametrize(
    "test",
    [
        "{name: a, article: {body: Two red lines., lang: en}, expect: fire, spans: [red lines]}",
        "{name: a, article: {body: No line., lang: en}, expect: quiet, because: match}",
        "{name: a, article: {body: A red line., lang: de}, expect: quiet, because: scope}",
        "{name: a, article: {body: Red Line trains stop., lang: en}, expect: quiet, because: 'exclude:transit'}",
        "{name: a, article: {body: A red line in a manuscript., lang: en}, expect: quiet, because: 'exclude:editing'}",
        "{name: a, article: {body: A red line in a manuscript., lang: en}, expect: quiet}",
        "{name: a, article: {body: A red line., lang: en, published: '2024-09-10T00:00:00Z'}, expect: fire}",
    ],
)
def test_tests_that_pass(test: str) -> None:
    result = _run(test)
    assert result.passed, str(result)
    assert str(result) == "rules/demo.yml:15: demo.red_line: test 'a' passed"


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        (
            "{name: a, article: {body: Two red lines., lang: en}, expect: quiet}",
            'found fire on “red lines” (~"red line", body), expected quiet',
        ),
        (
            "{name: a, article: {body: Two blue lines., lang: en}, expect: fire}",
            "found quiet because of match, expected fire",
        ),
        (
            "{name: a, article: {body: Two red lines.}, expect: fire}",
            "found quiet because of scope, expected fire",
        ),
        (
            "{name: a, article: {body: Two red lines., lang: en}, expect: fire, spans: [red line, red lines]}",
            'found the evidence “red lines” (~"red line", body), expected “red line” among it',
        ),
        (
            "{name: a, article: {body: Two red lines., lang: en}, expect: fire, spans: []}",
            'found the evidence “red lines” (~"red line", body), expected none',
        ),
        (
            "{name: a, article: {body: Red Line trains., lang: en}, expect: quiet, because: match}",
            "found quiet because of exclude:transit, expected because of match",
        ),
        (
            "{name: a, article: {body: Red lines., lang: en, published: '2024-09-10', fetched: '2024-09-13'}, "
            "expect: fire}",
            "found quiet because of scope, expected fire",
        ),
    ],
)
def test_tests_that_fail_say_what_was_found_and_expected(test: str, problem: str) -> None:
    result = _run(test)
    assert result.problems == (problem,)
    assert str(result) == f"rules/demo.yml:15: demo.red_line: test 'a': {problem}"


def test_an_article_that_would_be_refused_is_a_problem() -> None:
    result = _run("{name: a, article: {body: '', lang: en}, expect: quiet}")
    assert result.problems[0].startswith("the article is refused: found ")


def test_a_rule_set_without_tests_has_no_results() -> None:
    text = RULE.format(test="{name: a, article: {body: x}, expect: quiet}").partition("tests:")[0]
    loaded = load([SourceFile("rules/demo.yml", text)])
    assert loaded.ruleset is not None
    results: Any = run_tests(loaded.ruleset)
    assert results == ()
