"""Tests written inside rule files: what passes, and what the others say."""

from __future__ import annotations

from typing import Any

import pytest

from stream.rulelang import SourceFile, load
from stream.ruletest import TESTS_EXPLAINED_MAX, TestResult, run_tests

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
    head = f"rules/demo.yml:15: demo.red_line: test 'a': {problem}"
    assert str(result) == "\n".join([head, *(f"  {line}" for line in result.why)])


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (
            "{name: a, article: {body: Two blue lines., lang: en}, expect: fire}",
            ('nearest miss: `~"red line"` is not there',),
        ),
        (
            "{name: a, article: {body: A red line., lang: de}, expect: fire}",
            ("outside its scope: found the lang “de”, expected “en”",),
        ),
        (
            "{name: a, article: {body: Red line trains stop., lang: en}, expect: fire}",
            (
                "nearest miss: “Red line” is masked by the exclusion transit",
                "exclusion transit masks “Red line trains” body 0",
            ),
        ),
        (
            "{name: a, article: {body: A red line in a manuscript., lang: en}, expect: quiet, because: scope}",
            ("exclusion editing drops the article for “manuscript” body 16",),
        ),
        (
            "{name: a, article: {body: Red line trains. A red line., lang: en}, expect: quiet}",
            (
                "exclusion transit masks “Red line trains” body 0, and the rule holds without that",
                "exclusion editing does not hold: `manuscript` is not there",
            ),
        ),
        ("{name: a, article: {body: A red line., lang: en}, expect: fire, spans: [line]}", ()),
        ("{name: a, article: {body: A red line., lang: en}, expect: fire}", ()),
    ],
)
def test_tests_that_fail_say_why(test: str, why: tuple[str, ...]) -> None:
    assert _run(test).why == why


def test_only_the_first_failures_are_explained() -> None:
    tests = "\n  - ".join(
        f"{{name: t{number}, article: {{body: Calm., lang: en}}, expect: fire}}"
        for number in range(TESTS_EXPLAINED_MAX + 2)
    )
    loaded = load([SourceFile("rules/demo.yml", RULE.format(test=tests))])
    assert loaded.ruleset is not None
    results = run_tests(loaded.ruleset)
    assert [bool(result.why) for result in results] == [True] * TESTS_EXPLAINED_MAX + [False] * 2
    assert not any(result.passed for result in results)


def test_an_article_that_would_be_refused_is_a_problem() -> None:
    result = _run("{name: a, article: {body: '', lang: en}, expect: quiet}")
    assert result.problems[0].startswith("the article is refused: found ")


def test_a_rule_set_without_tests_has_no_results() -> None:
    text = RULE.format(test="{name: a, article: {body: x}, expect: quiet}").partition("tests:")[0]
    loaded = load([SourceFile("rules/demo.yml", text)])
    assert loaded.ruleset is not None
    results: Any = run_tests(loaded.ruleset)
    assert results == ()


STATEFUL = """\
kind: rule
id: demo.war
severity: {severity}
topics: [war]
match: war
alert: {{group_by: [rule, source, story]}}
tests:
  - {{name: a, events: [{events}], expect: [{expect}]}}
"""
TWICE = "{at: 5m, source: AP, story: s}, {at: 9m, source: AP, story: s}, {at: 9m, source: DPA, story: s}"


@pytest.mark.parametrize(
    ("severity", "expect", "problem"),
    [
        # Of two at one moment the first expectation does not take what only the second can have.
        ("low", "{at: 5m, state: fired}, {at: 9m, state: fired}, {at: 9m, state: fired, count: 2}", None),
        ("low", "{at: 5m, state: fired}, {at: 9m, state: fired, group: [dpa, s]}, {at: 9m, state: fired}", None),
        (
            "low",
            "{at: 5m, state: fired, group: [AP, s]}, {at: 9m, state: fired, group: [taz, s]}, {at: 9m, state: fired}",
            "found fired at 5m (count 1) for ap, s; fired at 9m (count 2) for ap, s; fired at 9m (count 1) for dpa, s, "
            "expected fired at 5m for AP, s; fired at 9m for taz, s; fired at 9m",
        ),
        ("none", "", None),
        ("none", "{at: 5m, state: fired}", "found nothing, expected fired at 5m"),
    ],
)
def test_what_a_rule_raises_over_time(severity: str, expect: str, problem: str | None) -> None:
    loaded = load([SourceFile("x.yml", STATEFUL.format(severity=severity, events=TWICE, expect=expect))])
    assert loaded.ruleset is not None, loaded.diagnostics
    (result,) = run_tests(loaded.ruleset)
    assert result.problems == (() if problem is None else (problem,))


def test_a_test_over_time_without_events_tests_nothing() -> None:
    loaded = load([SourceFile("x.yml", STATEFUL.format(severity="low", events="", expect=""))])
    assert [(d.code, d.place.line, d.place.column) for d in loaded.diagnostics] == [("R210", 8, 23)]
