"""The alert that `redline notify send-test` sends: marked as an exercise, and as a test in every text. Pure."""

from __future__ import annotations

import uuid
from datetime import datetime

from stream.model import Alert, ArticleRef, Evidence, Group, Reject, RuleRef, Severity
from stream.notify.notice import Notice, read_notice
from stream.wire.cloudevent import alert_event

RULE = "redline.test"
SENTENCE = "This is a test of delivery; nothing has happened."


def sample_alert(now: datetime, severity: Severity, *, pipeline: str) -> Notice:
    """A test alert of this moment with an id of its own."""
    identifier = str(uuid.uuid4())
    alert = Alert(
        id=identifier,
        state="fired",
        rule=RuleRef(RULE, 1, "Test of delivery", severity, ("test",), (), "0" * 12),
        article=ArticleRef(identifier, 1, None, "Test of delivery", "redline notify send-test", now, "0" * 64),
        run="send-test",
        exercise=True,
        time=now,
        recorded_time=now,
        summary="TEST: an alert of Redline would look like this",
        evidence=(Evidence("test", "body", 10, 14, "test", SENTENCE),),
        group=Group(f"send-test {identifier}", 1, 1, 1, now, now, 0),
        raw_timestamp_ms=round(now.timestamp() * 1_000),
    )
    notice = read_notice(alert_event(alert, pipeline=pipeline, bytes_max=65_536))
    assert not isinstance(notice, Reject)
    return notice
