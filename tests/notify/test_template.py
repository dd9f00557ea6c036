"""Texts of messages."""

from __future__ import annotations

from stream.notify.template import BODY, TITLE, digest_title, filled
from tests.notify.kit import notice


def test_the_usual_message() -> None:
    assert filled(TITLE, notice(1)) == "[high] A red line"
    assert filled(BODY, notice(1)) == (
        "A red line: “red line” (Reuters)\nThey crossed a red line.\n— Reuters: A title\nhttps://news.example/1"
    )


def test_every_placeholder() -> None:
    found = filled(
        "{severity} {state} {time} {topics} {rule.id} {rule.version} {article.published} {evidence.0.text} "
        "{evidence.best.sentence} {evidence.7.text} {group.count} {labels.team} {labels.none}",
        notice(1, topics=["war", "energy"], labels=[("team", "desk")]),
    )
    assert found == (
        "high fired 2026-03-02T12:00:00Z war, energy war.redline 1 2026-03-02T12:00:00Z red line "
        "They crossed a red line. – 1 desk –"
    )


def test_a_line_that_says_nothing_is_left_out() -> None:
    assert filled("a\n{labels.none} {labels.neither}\n{severity} {labels.none}", notice(1)) == "a\nhigh –"


def test_what_an_article_says_is_never_a_template() -> None:
    found = filled("{article.title}", notice(1, title="{severity} {0.__class__} \x1b[31m\u202ered"))
    assert found == "{severity} {0.__class__} red"


def test_the_title_of_a_digest() -> None:
    several = [notice(1, severity="low"), notice(2, severity="critical"), notice(3, severity="low")]
    assert digest_title(several) == "3 alerts: 1 critical, 2 low"
