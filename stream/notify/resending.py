"""Sending again what was put aside: what is still to be sent of `alerts.undelivered`, and sending it.

    records ──pending──> Waiting ──send_all──> Destination.deliver ──> Sent

Delivery guarantees: at least once, under the alert's own id, as everywhere. What a destination has taken is noted on
the topic (code `resent`), so the next call leaves it out; if the note is lost it is sent once more. Alerts of one
destination are sent one after the other in the order in which they were put aside; destinations do not wait for each
other, and one that fails FAILURES_MAX alerts in a row, or is gone, is left alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stream.model import Record, Reject
from stream.notify.breaker import RetryLimits, delay
from stream.notify.destinations.contract import Delivered, Destination, Failed, Outcome, Refused, message_of
from stream.notify.notice import Notice, read_notice
from stream.wire.undelivered import Undelivered, decode_undelivered

TRIES_MAX = 3
FAILURES_MAX = 3


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of them; an empty criterion takes all. `since_ms`, `until_ms`: when they were put aside, Kafka time."""

    routes: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    alerts: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    again: bool = False
    """Also what was re-sent already."""

    def takes(self, found: Undelivered, at_ms: int) -> bool:
        """Whether it is asked for."""
        return (
            (not self.routes or found.route in self.routes)
            and (not self.destinations or found.destination in self.destinations)
            and (not self.codes or found.code in self.codes)
            and (not self.alerts or found.alert in self.alerts)
            and (self.since_ms is None or at_ms >= self.since_ms)
            and (self.until_ms is None or at_ms <= self.until_ms)
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """One alert to send again; `put_aside_ms` is the Kafka time of its record."""

    found: Undelivered
    notice: Notice
    put_aside_ms: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What is to be sent, and how many records were left out because they were re-sent already or hold no alert."""

    waiting: tuple[Waiting, ...]
    resent: int
    unreadable: int


def pending(records: Iterable[Record], selection: Selection) -> Pending:
    """The alerts to send again, each once a destination, in the order in which they were put aside."""
    waiting: dict[tuple[str, str], Waiting] = {}
    resent = unreadable = 0
    for record in sorted(records, key=lambda r: (r.timestamp_ms, r.partition, r.offset)):
        found = decode_undelivered(record.value)
        if isinstance(found, Reject):
            unreadable += 1
            continue
        key = found.destination, found.alert
        if found.code == "resent":
            resent += not selection.again and waiting.pop(key, None) is not None
        elif selection.takes(found, record.timestamp_ms):
            notice = read_notice(found.event)
            if isinstance(notice, Reject):
                unreadable += 1
            else:
                waiting.setdefault(key, Waiting(found, notice, record.timestamp_ms))
    return Pending(tuple(waiting.values()), resent, unreadable)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one: taken, failed, refused, or left because its destination is left alone."""

    one: Waiting
    outcome: Literal["taken", "failed", "refused", "left"]
    said: str

    def note(self) -> Undelivered:
        """The record that says that it was taken."""
        event = b'{"id":"%s"}' % self.one.found.alert.encode()
        return replace(self.one.found, code="resent", reason=self.said, attempts=1, event=event)


async def send_all(
    waiting: Sequence[Waiting],
    destinations: Sequence[Destination],
    limits: RetryLimits,
    tell: Callable[[Sent], Awaitable[None]],
    chance: Callable[[], float],
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Sends each to its destination and tells what became of it."""

    async def lane(destination: Destination) -> None:
        failures, why = 0, ""
        for one in waiting:
            if one.found.destination != destination.id or stopping():
                continue
            if why:
                await tell(Sent(one, "left", why))
                continue
            sent = await _send(one, destination, limits, chance)
            await tell(sent)
            failures = failures + 1 if sent.outcome == "failed" else 0
            if failures >= FAILURES_MAX:
                why = f"the destination failed {failures} alerts in a row"
            if isinstance(sent, _Gone):
                why = "the destination is gone (410)"

    await asyncio.gather(*(lane(destination) for destination in destinations))


class _Gone(Sent):
    pass


async def _send(one: Waiting, destination: Destination, limits: RetryLimits, chance: Callable[[], float]) -> Sent:
    for attempt in range(1, TRIES_MAX + 1):
        outcome: Outcome = await destination.deliver(message_of([one.notice]), time.time())
        match outcome:
            case Delivered(said):
                return Sent(one, "taken", said)
            case Refused(reason, gone):
                return (_Gone if gone else Sent)(one, "refused", reason)
            case Failed(reason, retry_after):
                if attempt == TRIES_MAX:
                    return Sent(one, "failed", reason)
                wait = max(delay(attempt, chance(), limits), retry_after or 0.0)
                await asyncio.sleep(min(wait, limits.delay_seconds_max))
    raise AssertionError("the last try returns")
