"""Alerts for tests of delivery, as they stand on their topics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from stream.model import Alert, ArticleRef, Evidence, Group, Output, Reject, RuleRef, Severity
from stream.notify.notice import Notice, read_notice
from stream.wire.cloudevent import alert_event, encode_alert
from stream.wire.identity import alert_id, episode_alert_id, episode_id
from stream.wire.topics import ALERTS, full_name

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def alert(
    number: int = 0,
    *,
    severity: str = "high",
    rule: str = "war.redline",
    topics: Sequence[str] = ("war",),
    labels: Sequence[tuple[str, str]] = (),
    source: str | None = "Reuters",
    exercise: bool = False,
    title: str = "A title",
    sentence: str = "They crossed a red line.",
    group: str | None = None,
    time: datetime = NOON,
    episode: tuple[str, int] | None = None,
) -> Alert:
    """The alert of article `number`; `episode`: (state, sequence) of the alerts of a correlation."""
    correlation = None if episode is None else episode_id(rule, 1, [group or ""], NOON, None)
    identifier = alert_id(rule, 1, f"article-{number}", 1, None)
    if correlation is not None and episode is not None:
        identifier = episode_alert_id(correlation, episode[1])
    return Alert(
        id=identifier,
        state="fired" if episode is None else episode[0],  # type: ignore[arg-type]
        rule=RuleRef(rule, 1, "A red line", Severity(severity), tuple(topics), tuple(labels), "0" * 12),
        article=ArticleRef(f"article-{number}", 1, f"https://news.example/{number}", title, source, time, "0" * 64),
        run=None,
        exercise=exercise,
        time=time,
        recorded_time=time,
        summary=f"A red line: “red line” ({source})",
        evidence=(Evidence('"red line"', "body", 15, 23, "red line", sentence),),
        group=Group(group or f"{rule} {number}", 1, 1, 1, time, time, 0),
        raw_timestamp_ms=round(time.timestamp() * 1_000),
        correlation_id=correlation,
    )


def notice(number: int = 0, **fields: Any) -> Notice:
    """The same, as delivery reads it."""
    found = read_notice(alert_event(alert(number, **fields), pipeline="news", bytes_max=65_536))
    assert not isinstance(found, Reject)
    return found


def output(number: int = 0, *, prefix: str = "redline.", **fields: Any) -> Output:
    """The same, as a message for its topic."""
    made = alert(number, **fields)
    topic = full_name(prefix, ALERTS[made.rule.severity])
    return encode_alert(made, topic=topic, pipeline="news", bytes_max=65_536)
