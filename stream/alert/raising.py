"""A match becomes an alert. Pure: the wall clock is an argument, and only `recorded_time` shows it."""

from __future__ import annotations

from datetime import datetime

from stream.model import Alert, Match
from stream.model.alert import Group
from stream.wire.identity import alert_id


def raise_alert(match: Match, recorded_time: datetime) -> Alert:
    """The alert of a single-article match; the same match has the same id and, `recorded_time` apart, content."""
    return Alert(
        id=alert_id(match.rule.id, match.rule.version, match.article.id, match.article.revision, match.run),
        state="fired",
        rule=match.rule,
        article=match.article,
        run=match.run,
        exercise=match.exercise,
        time=match.time,
        recorded_time=recorded_time,
        summary=match.summary,
        evidence=match.evidence,
        group=Group(
            key=match.key,
            count=1,
            stories=1,
            sources=1 if match.article.source else 0,
            first_seen=match.time,
            last_seen=match.time,
            suppressed=0,
        ),
        raw_timestamp_ms=match.raw_timestamp_ms,
    )
