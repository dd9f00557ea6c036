"""An alert as delivery needs it, read from its CloudEvent. Pure; never raises on bad input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from stream.clean.printable import printable
from stream.model import Reject, Severity
from stream.wire.identity import episode_alert_id


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert. `event`: its CloudEvent, byte for byte as it stands on the topic; `fields`: the same, parsed.

    `episode`: of a correlation, the id that its fired, updated and resolved alerts share; None for a single article's.
    """

    id: str
    time: datetime
    severity: Severity
    state: str
    exercise: bool
    rule: str
    topics: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    source: str | None
    summary: str
    group: str
    episode: str | None
    event: bytes
    fields: Mapping[str, Any]


def read_notice(value: bytes | None) -> Notice | Reject:
    """The alert in a record's value, or why there is none."""
    try:
        event = orjson.loads(value or b"")
        data = event["data"]
        rule, article = data["rule"], data["article"]
        identifier, state = str(event["id"]), str(data["state"])
        correlation = str(event.get("correlationid") or identifier)
        source = article.get("source")
        return Notice(
            id=identifier,
            time=datetime.fromisoformat(event["time"]),
            severity=Severity(event["severitytext"]),
            state=state,
            exercise=data["status"] != "actual",
            rule=str(rule["id"]),
            topics=tuple(str(topic) for topic in rule["topics"]),
            labels=tuple((str(name), str(text)) for name, text in rule["labels"].items()),
            source=None if source is None else str(source),
            summary=printable(str(data["summary"])),
            group=str(event["partitionkey"]),
            episode=correlation if state != "fired" or episode_alert_id(correlation, 0) == identifier else None,
            event=value or b"",
            fields=event,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        what = "no value" if value is None else f"something else ({type(error).__name__})"
        return Reject("notify", "not_an_alert", f"found {what}, expected the CloudEvent of an alert")


def unreadable(value: bytes | None, key: str) -> Notice:
    """What stands for a record that is no alert, so that it can be put aside."""
    return Notice(
        id="",
        time=datetime(1970, 1, 1, tzinfo=UTC),
        severity=Severity.INFO,
        state="fired",
        exercise=False,
        rule="",
        topics=(),
        labels=(),
        source=None,
        summary="",
        group=key,
        episode=None,
        event=value or b"",
        fields={},
    )
