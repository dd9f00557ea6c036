"""Alerts that a destination has not taken and never will: what stands on the topic `alerts.undelivered`."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from stream.model import Output, Record

UNDELIVERED_CODES: dict[str, str] = {
    "refused": "the destination answered that it will never take this alert (HTTP 3xx, 4xx)",
    "gone": "the destination answered that it takes nothing any more (HTTP 410), now or to an alert before",
    "expired": "the destination failed for as long as `notify_give_up_hours`",
    "keeps_failing": "this alert failed `notify_attempts_max` times while the destination took others",
    "not_an_alert": "the record on the alert topic cannot be read",
}
"""Every code of such a record; label values of metrics."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One alert that one destination did not get. `event`: its CloudEvent as it stands on its topic."""

    destination: str
    route: str
    code: str
    reason: str
    attempts: int
    alert: str
    group: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    event: bytes


def encode_undelivered(found: Undelivered, *, topic: str) -> Output:
    """The message: JSON with destination, route, code, reason, attempts, where the alert stands, and the alert.

    An alert that is no JSON is a text. The key is the alert's group.
    """
    try:
        alert: object = orjson.loads(found.event)
    except orjson.JSONDecodeError:
        alert = found.event.decode("utf-8", "replace")
    value = {
        "destination": found.destination,
        "route": found.route,
        "code": found.code,
        "reason": found.reason,
        "attempts": found.attempts,
        "source": {
            "topic": found.topic,
            "partition": found.partition,
            "offset": found.offset,
            "timestamp_ms": found.timestamp_ms,
        },
        "alert": alert,
    }
    headers = (
        ("content-type", b"application/json"),
        ("redline-destination", found.destination.encode()),
        ("redline-code", found.code.encode()),
        ("ce_id", found.alert.encode()),
    )
    return Output(topic, found.group.encode(), orjson.dumps(value), headers)


def key_of(record: Record) -> str:
    """The key of a record, as text."""
    return (record.key or b"").decode("utf-8", "replace")
