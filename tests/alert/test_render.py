"""Summaries: names are looked up, nothing is evaluated."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stream.alert import render_summary
from stream.model import ArticleRef, Evidence, RuleRef, Severity

RULE = RuleRef("r", 1, "A red line", Severity.HIGH, (), (), "d")
ARTICLE = ArticleRef("a", 1, None, "Talks {rule.id}", None, datetime(2026, 1, 2, tzinfo=UTC), "s")
EVIDENCE = (Evidence("c", "body", 0, 8, "red\nline", "A red line."),)
PLACED = (Evidence("k", "body", 0, 4, "Kyiv", "Kyiv said so."), *EVIDENCE)


@pytest.mark.parametrize(
    ("template", "summary"),
    [
        ("{rule.title}: “{evidence.0.text}” ({article.source})", "A red line: “red line” (–)"),
        ("{article.title}", "Talks {rule.id}"),
        ("{evidence.7.text}", "–"),
        ("{article.published}", "2026-01-02T00:00:00Z"),
        ("{rule.__class__} {0} {} {{x}} %s $x", "{rule.__class__} {0} {} {{x}} %s $x"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_rendering(template: str, summary: str) -> None:
    assert render_summary(template, RULE, ARTICLE, EVIDENCE) == summary


def test_the_best_evidence_is_not_a_word_that_says_where() -> None:
    template = "{evidence.best.clause} {evidence.best.field}: {evidence.best.text}, {evidence.best.sentence}"
    assert render_summary(template, RULE, ARTICLE, PLACED) == "c body: red line, A red line."
    assert render_summary("{evidence.best.text}", RULE, ARTICLE, PLACED[:1]) == "Kyiv"
    assert render_summary("{evidence.best.text}", RULE, ARTICLE, ()) == "–"
