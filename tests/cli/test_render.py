"""An alert as it stands on a terminal: what is highlighted, and that foreign text cannot take the terminal over."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from stream.cli.render import ShownAlert, highlight, parse_alert, printable, render_alert
from stream.model import Alert, ArticleRef, Evidence, RuleRef, Severity
from stream.model.alert import Group
from stream.wire.cloudevent import alert_event

TIME = datetime(2024, 9, 11, 14, 3, 5, tzinfo=UTC)


def make_event(
    sentence: str, matched: str, *, title: str | None = "Talks in Kyiv", source: str | None = "Wire"
) -> bytes:
    """The CloudEvent of an alert with one piece of evidence."""
    at = max(0, sentence.find(matched))
    alert = Alert(
        id="00000000-0000-5000-8000-000000000001",
        state="fired",
        rule=RuleRef("ru.red_line", 1, "A red line is named", Severity.HIGH, ("escalation",), (), "d1"),
        article=ArticleRef("a1", 1, None, title, source, TIME, "00"),
        run="r",
        exercise=True,
        time=TIME,
        recorded_time=TIME,
        summary="…",
        evidence=(Evidence("red line", "body", at, at + len(matched), matched, sentence),),
        group=Group("r/ru.red_line", 1, 1, 1, TIME, TIME, 0),
        raw_timestamp_ms=0,
    )
    return alert_event(alert, pipeline="news", bytes_max=65_536)


def plain(event: bytes) -> str:
    """The rendered alert without colours, matched words between asterisks."""
    alert = parse_alert(event)
    assert alert is not None
    return render_alert(alert, marks=True).plain


def test_an_alert_is_a_block_of_lines() -> None:
    assert plain(make_event("This would cross a red line, he said.", "red line")).splitlines() == [
        "2024-09-11 14:03:05   HIGH      ru.red_line  A red line is named",
        "          This would cross a **red line**, he said.",
        "          — Wire · Talks in Kyiv (exercise)",
    ]


def test_long_sentences_are_broken_between_words_on_a_terminal() -> None:
    alert = parse_alert(make_event("This would cross a red line " + "and more " * 10 + "of it.", "red line"))
    assert alert is not None
    lines = render_alert(alert, width=60).plain.splitlines()
    assert lines[1] == "          This would cross a red line and more and more and"
    assert all(len(line) <= 60 and line.startswith("          ") for line in lines[1:-1])
    assert len(render_alert(alert, width=20).plain.splitlines()) == 3


def test_an_alert_without_source_and_title() -> None:
    assert "— no source or title given" in plain(make_event("A red line.", "red line", title=None, source=None))


@pytest.mark.parametrize(
    ("sentence", "matched", "expected"),
    [
        ("De-escalation, not escalation.", ("escalation",), "De-escalation, not **escalation**."),
        ("a b c d", ("a b", "b c"), "**a b c** d"),
        ("red line and red line", ("red line",), "**red line** and **red line**"),
        ("Nothing here.", ("absent",), "Nothing here."),
        ("(escalation)", ("(escalation)", ""), "**(escalation)**"),
        ("pre escalations", ("escalation",), "pre **escalation**s"),
    ],
)
def test_highlighting(sentence: str, matched: tuple[str, ...], expected: str) -> None:
    assert highlight(sentence, matched, marks=True).plain == expected


def test_a_long_sentence_is_cut_around_the_match() -> None:
    shown = highlight("x" * 600 + " red line " + "y" * 600, ("red line",), marks=True).plain
    assert shown.startswith("…x")
    assert shown.endswith("y…")
    assert "**red line**" in shown
    assert len(shown) < 420


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m line", "red line"),
        ("\x1b]0;own the title\x07calm", "calm"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;without an end", "0;without an end"),
        ("a\x9b2Jb", "ab"),
        ("a\x1bcb", "ab"),
        ("bell\x07 back\x08 nul\x00", "bell back nul"),
        ("line\r\nbreak\tand\u2028more", "line break and more"),
        ("\u202egnitaerht\u202c \u200bzero\u2066", "gnitaerht zero"),
        ("[bold]no markup[/bold]", "[bold]no markup[/bold]"),
    ],
)
def test_foreign_text_is_made_harmless(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert expected in plain(make_event(text, "absent", title=text))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.text(max_size=8))
def test_no_text_brings_control_characters_to_a_terminal(sentence: str, matched: str) -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=False, soft_wrap=True, highlight=False)
    clean = printable(sentence)
    console.print(
        render_alert(ShownAlert("i", "t", "high", "fired", "r", "", ((printable(matched), clean),), "", "", False))
    )
    assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in out.getvalue())


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"[]", b"{}", b"1", b'{"data":null}', b'{"data":{"rule":1}}', b"\xff"]
)
def test_what_is_no_alert_is_none(value: bytes | None) -> None:
    assert parse_alert(value) is None


def test_an_alert_with_unknown_parts_is_still_shown() -> None:
    event = orjson.loads(make_event("A red line.", "red line"))
    event["data"]["new"] = {"added": "later"}
    event["extension"] = 1
    assert "**red line**" in plain(orjson.dumps(event))
