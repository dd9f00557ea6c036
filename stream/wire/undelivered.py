"""Alerts that a destination has not taken and never will: what stands on the topic `alerts.undelivered`."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from stream.model import Output, Record, Reject

UNDELIVERED_CODES: dict[str, str] = {
    "refused": "the destination answered that it will never take this alert (HTTP 3xx, 4xx)",
    "gone": "the destination answered that it takes nothing any more (HTTP 410), now or to an alert before",
    "expired": "the destination failed for as long as `notify_give_up_hours`",
    "keeps_failing": "this alert failed `notify_attempts_max` times while the destination took others",
    "not_an_alert": "the record on the alert topic cannot be read",
    "resent": "an alert that was put aside before has been taken since, by `redline notify resend`",
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


def decode_undelivered(value: bytes | None) -> Undelivered | Reject:
    """What a record of the topic says, or why it says nothing."""
    try:
        found = orjson.loads(value or b"")
        source, alert = found["source"], found["alert"]
        return Undelivered(
            destination=str(found["destination"]),
            route=str(found["route"]),
            code=str(found["code"]),
            reason=str(found["reason"]),
            attempts=int(found["attempts"]),
            alert=str(alert["id"]) if isinstance(alert, dict) else "",
            group=str(alert.get("partitionkey", "")) if isinstance(alert, dict) else "",
            topic=str(source["topic"]),
            partition=int(source["partition"]),
            offset=int(source["offset"]),
            timestamp_ms=int(source["timestamp_ms"]),
            event=orjson.dumps(alert) if isinstance(alert, dict) else str(alert).encode(),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        what = "no value" if value is None else f"something else ({type(error).__name__})"
        return Reject("notify", "not_an_alert", f"found {what}, expected an undelivered alert")


def key_of(record: Record) -> str:
    """The key of a record, as text."""
    return (record.key or b"").decode("utf-8", "replace")
