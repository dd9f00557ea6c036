"""One destination at work: its consumer group, its queue, its requests. A thread of its own.

    alert topics ──poll──> queue ──> Destination.deliver (on the event loop) ──> queue ──commit──> group
                             └── put aside ──> alerts.undelivered ──acknowledged──┘

Delivery guarantees: those of `queue`; a position is committed only behind what is delivered or written aside. Nothing
of one lane waits for another: a dead destination holds up its own group alone.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Protocol

from stream.broker.groupreader import GroupReader, Slot
from stream.broker.publisher import Failure, Told
from stream.model import Output, Record, Reject
from stream.notify.breaker import BREAKER_NUMBERS, RetryLimits
from stream.notify.destinations.contract import Delivered, Destination, Failed, Outcome, message_of
from stream.notify.notice import read_notice, unreadable
from stream.notify.queue import Aside, Batch, Entry, Queue, QueueLimits
from stream.notify.routes import FALLBACK, Route, Routes
from stream.notify.routing import plan
from stream.notify.silences import SilenceBook
from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.notifying import (
    AlertPutAside,
    AlertSilenced,
    DeliveryTried,
    DestinationStarted,
    DestinationState,
    NotifyTrouble,
)
from stream.wire.decode import is_control
from stream.wire.topics import ALERTS, UNDELIVERED, full_name
from stream.wire.undelivered import Undelivered, encode_undelivered, key_of

_BUSY_SECONDS, _IDLE_SECONDS = 0.02, 0.25
_STATE_SECONDS = 1.0
_AGAIN_SECONDS = 1.0


class Writing(Protocol):
    """Where undelivered alerts go; may be called from several threads."""

    def send(self, output: Output, *, told: Told) -> None:
        """As `Publisher.send`."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    batch: Batch
    began: float
    answer: Future[Outcome]


def queue_limits(settings: Settings, together_max: int, in_flight_max: int | None) -> QueueLimits:
    """The limits of a destination's queue, from the settings."""
    return QueueLimits(
        waiting_alerts_max=settings.notify_waiting_alerts_max,
        waiting_bytes_max=settings.notify_waiting_bytes_max,
        in_flight_max=min(settings.notify_in_flight_max, in_flight_max or settings.notify_in_flight_max),
        together_max=together_max,
        digest_bytes_max=settings.notify_digest_bytes_max,
        attempts_max=settings.notify_attempts_max,
        give_up_seconds=settings.notify_give_up_hours * 3_600,
        retry=RetryLimits(
            base_seconds=settings.notify_retry_base_ms / 1_000,
            delay_seconds_max=settings.notify_retry_delay_ms_max / 1_000,
            failures_max=settings.notify_breaker_failures_max,
            open_seconds=settings.notify_breaker_open_ms / 1_000,
            open_seconds_max=max(settings.notify_retry_delay_ms_max, settings.notify_breaker_open_ms) / 1_000,
        ),
    )


def group_of(settings: Settings, destination: str) -> str:
    """The consumer group of a destination."""
    return f"{settings.notify_group}-{destination}"


class Lane:
    """Serves one destination until `stopping` is set. `run` in a thread; everything else from any."""

    def __init__(
        self,
        destination: Destination,
        routes: Routes,
        *,
        settings: Settings,
        loop: asyncio.AbstractEventLoop,
        silences: SilenceBook,
        writing: Writing,
        telemetry: Telemetry,
        stopping: threading.Event,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.id = destination.id
        self._destination, self._routes, self._settings = destination, routes, settings
        self._loop, self._silences, self._writing = loop, silences, writing
        self._telemetry, self._stopping, self._chance = telemetry, stopping, chance
        limits = queue_limits(settings, destination.together_max, destination.in_flight_max)
        self._queue = Queue(limits, time.time())
        self._under_way: list[_UnderWay] = []
        self._written: SimpleQueue[tuple[Aside, Failure | None]] = SimpleQueue()
        self._writing_count = 0
        self._committed: dict[Slot, int] = {}
        self._next_commit = self._next_state = self._next_write = 0.0
        self._breaker = "closed"
        self.ready = False
        """The group has let it in."""
        self.trouble: str | None = None
        self.ticked = time.monotonic()

    def run(self) -> None:
        """Until a stop. Raises `ServiceError` if the broker does not let us read."""
        settings = self._settings
        topics = [full_name(settings.topic_prefix, topic) for topic in ALERTS.values()]
        self._telemetry.emit(DestinationStarted(self.id, self._destination.kind, self._destination.place))
        client = f"redline-notify-{self.id}"
        with GroupReader(settings, topics, group_of(settings, self.id), client_id=client) as reader:
            while not self._stopping.is_set():
                self._tick(reader, _BUSY_SECONDS if self._under_way or self._writing_count else _IDLE_SECONDS)
            self._finish(reader)

    # One round -------------------------------------------------------------------------------------------------

    def _tick(self, reader: GroupReader, wait_seconds: float) -> None:
        records = reader.poll(wait_seconds)
        self.ticked = time.monotonic()
        # What went away is forgotten, and what came of it with this poll: all of it is read again.
        lost = reader.take_lost()
        records = [record for record in records if (record.topic, record.partition) not in lost]
        self._queue.forget(lost)
        for slot in lost:
            self._committed.pop(slot, None)
        self.ready = self.ready or reader.assigned() is not None
        now = time.time()
        for record in records:
            self._take(record, now)
        self._collect()
        self._queue.hold(now)
        self._queue.expire(now)
        for batch in self._queue.ready(now, settled=not records):
            self._send(batch, now)
        self._write_aside()
        reader.hold(self._queue.full())
        self._commit(reader)
        self._tell(reader)

    def _take(self, record: Record, now: float) -> None:
        slot = (record.topic, record.partition)
        if is_control(record):
            self._queue.skip(slot, record.offset)
            return
        notice, arrived = read_notice(record.value), record.timestamp_ms / 1_000
        if isinstance(notice, Reject):
            strange = unreadable(record.value, key_of(record))
            route = Route(FALLBACK, (self.id,))
            entry = Entry(slot, record.offset, strange, route, arrived, arrived, "single")
            self._queue.add(entry)
            self._queue.put_aside(entry, notice.code, notice.reason)
            return
        moments = datetime.fromtimestamp(arrived, UTC), datetime.fromtimestamp(max(now, arrived), UTC)
        planned = next((p for p in plan(self._routes, notice, *moments) if p.destination == self.id), None)
        if planned is None:
            self._queue.skip(slot, record.offset)
            return
        due = planned.due.timestamp()
        self._queue.add(Entry(slot, record.offset, notice, planned.route, arrived, due, planned.how))

    def _send(self, batch: Batch, now: float) -> None:
        kept = []
        for entry in batch.entries:
            arrived = datetime.fromtimestamp(entry.arrived, UTC)
            silence = self._silences.applying(entry.notice, arrived, datetime.fromtimestamp(now, UTC))
            if silence is None:
                kept.append(entry)
            else:
                self._queue.done(entry)
                self._telemetry.emit(AlertSilenced(self.id, entry.notice.id, silence.id))
        if not kept:
            return
        batch = Batch(tuple(kept), batch.digest and len(kept) > 1)
        message = message_of([entry.notice for entry in batch.entries], digest=batch.digest)
        self._queue.sent(batch, now)
        answer = asyncio.run_coroutine_threadsafe(self._destination.deliver(message, now), self._loop)
        self._under_way.append(_UnderWay(batch, time.monotonic(), answer))

    def _collect(self) -> None:
        answered = [one for one in self._under_way if one.answer.done()]
        self._under_way = [one for one in self._under_way if not one.answer.done()]
        for one in answered:
            self._settle(one, one.answer.result(), time.time())

    def _settle(self, one: _UnderWay, outcome: Outcome, now: float) -> None:
        ids = tuple(entry.notice.id for entry in one.batch.entries)
        seconds = time.monotonic() - one.began
        match outcome:
            case Delivered(said):
                self._queue.delivered(one.batch, now)
                delays = tuple(now - entry.arrived for entry in one.batch.entries)
                self._telemetry.emit(DeliveryTried(self.id, "taken", seconds, ids, said, delays))
            case Failed(reason, retry_after):
                self._queue.failed(one.batch, now, reason, retry_after=retry_after, chance=self._chance)
                self._telemetry.emit(DeliveryTried(self.id, "failed", seconds, ids, reason))
            case _:
                self._queue.refused(one.batch, now, outcome.reason, gone=outcome.gone)
                self._telemetry.emit(DeliveryTried(self.id, "refused", seconds, ids, outcome.reason))

    # Putting aside and committing ------------------------------------------------------------------------------

    def _write_aside(self) -> None:
        while not self._written.empty():
            aside, failure = self._written.get()
            self._writing_count -= 1
            if failure is None:
                self._queue.done(aside.entry)
                self._telemetry.emit(AlertPutAside(self.id, aside.entry.notice.id, aside.code, aside.reason))
            elif not aside.entry.gone:
                self._queue.put_aside(aside.entry, aside.code, aside.reason)
                self._next_write = time.monotonic() + _AGAIN_SECONDS
                what = "alerts.undelivered cannot be written, tried again"
                self._telemetry.emit(NotifyTrouble(self.id, what, failure.reason))
        if time.monotonic() < self._next_write:
            return
        topic = full_name(self._settings.topic_prefix, UNDELIVERED)
        for aside in self._queue.take_aside():
            self._writing_count += 1
            self._writing.send(encode_undelivered(_undelivered(self.id, aside), topic=topic), told=self._teller(aside))

    def _teller(self, aside: Aside) -> Told:
        return lambda failure: self._written.put((aside, failure))

    def _commit(self, reader: GroupReader, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() < self._next_commit:
            return
        self._next_commit = time.monotonic() + self._settings.commit_interval_ms / 1_000
        positions = self._queue.positions()
        changed = {slot: offset for slot, offset in positions.items() if self._committed.get(slot) != offset}
        if not changed:
            return
        self.trouble = reader.commit(changed)
        if self.trouble is None:
            self._committed |= changed
        else:
            what = "positions are not committed, tried again"
            self._telemetry.emit(NotifyTrouble(self.id, what, self.trouble))

    def _tell(self, reader: GroupReader) -> None:
        breaker = self._queue.breaker.state
        if time.monotonic() < self._next_state and breaker == self._breaker:
            return
        self._next_state = time.monotonic() + _STATE_SECONDS
        # Half-open is on the way from open to one of the others: no news for the log.
        changed = breaker != self._breaker and breaker != "half-open"
        self._breaker = self._breaker if breaker == "half-open" else breaker
        lag = reader.lag(self._queue.positions())
        number = BREAKER_NUMBERS[breaker]
        self._telemetry.emit(DestinationState(self.id, self._queue.waiting(), lag, breaker, number, changed))

    def _finish(self, reader: GroupReader) -> None:
        """What is under way gets its answer; the rest comes again after the next start."""
        deadline = time.monotonic() + self._settings.shutdown_timeout_ms / 1_000
        while (self._under_way or self._writing_count) and time.monotonic() < deadline:
            time.sleep(_BUSY_SECONDS)
            self._collect()
            self._write_aside()
        self._queue.forget(reader.take_lost())
        self._commit(reader, at_once=True)


def _undelivered(destination: str, aside: Aside) -> Undelivered:
    entry = aside.entry
    return Undelivered(
        destination=destination,
        route=entry.route.id,
        code=aside.code,
        reason=aside.reason,
        attempts=entry.attempts,
        alert=entry.notice.id,
        group=entry.notice.group,
        topic=entry.slot[0],
        partition=entry.slot[1],
        offset=entry.offset,
        timestamp_ms=round(entry.arrived * 1_000),
        event=entry.notice.event,
    )
