"""Kafka -> the page's store and hub. Two threads: one reads topics, one asks how the workers are.

What stands on the topics at the start is read first, put in the order of arrival, and shown at once; only then are
events published. Nothing is committed: every page reads for itself.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from stream.broker.admin import Admin
from stream.broker.groups import GroupState, GroupWatch
from stream.broker.subscriber import Subscriber
from stream.errors import RedlineError
from stream.model import Record, Reject
from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.settings import Settings
from stream.web.cards import Card, card_of
from stream.wire.decisions import decode_decision
from stream.wire.decode import is_control
from stream.wire.topics import ALERTS, DEAD, DECISIONS, MATCHES, RAW, TAGGED, Topic, full_name

SUPPRESSED_NAME = "alerts.suppressed"
BATCHES_WAITING_MAX = 20
WATCH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert, held back or not."""

    card: Card
    event: bytes
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tagged article."""

    article: str
    revision: int
    topics: list[str]
    rules: list[str]
    event: bytes
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision."""

    decision: Acknowledgement | Verdict | Silence


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter, of which only the time counts."""

    arrived_ms: int


Item = Alerted | Tagged | Decided | Dead


@dataclass(frozen=True, slots=True)
class Watched:
    """How the group of workers is; or the sentence that says why that is not known."""

    group: GroupState | None
    trouble: str | None


def items_of(records: list[Record], prefix: str) -> list[Item]:
    """What the page makes of records; what it cannot read is left out (it is in `articles.dead` or not ours)."""
    found = (_item(record, record.topic.removeprefix(prefix)) for record in records if not is_control(record))
    return [item for item in found if item is not None]


def in_order(items: list[Item]) -> list[Item]:
    """What was there at the start: decisions as they stand on their topic, the rest by its arrival.

    Of two decisions about one alert that one counts which the broker took last, whatever the clocks of those say who
    made them.
    """
    decided: list[Item] = [item for item in items if isinstance(item, Decided)]
    arrived = [item for item in items if not isinstance(item, Decided)]
    return [*decided, *sorted(arrived, key=lambda item: item.arrived_ms)]


def _item(record: Record, topic: str) -> Item | None:
    if topic == DECISIONS.name:
        decision = decode_decision(record.value)
        return None if isinstance(decision, Reject) else Decided(decision)
    if topic == TAGGED.name:
        return _tagged(record)
    if topic == DEAD.name:
        return Dead(_arrived_ms(record))
    card = card_of(record.value)
    return None if card is None else Alerted(card, record.value or b"", _arrived_ms(record))


def _arrived_ms(record: Record) -> int:
    # Whoever writes a record may write any time into it, in any unit. What is here has arrived by now.
    return min(max(0, record.timestamp_ms), time.time_ns() // 1_000_000)


def _tagged(record: Record) -> Tagged | None:
    try:
        data = orjson.loads(record.value or b"")["data"]
        article = data["article"]
        topics = [str(t["topic"]) for t in data["topics"]]
        rules = sorted({str(rule) for t in data["topics"] for rule in t["rules"]})
        return Tagged(
            str(article["id"]),
            int(article.get("revision", 1)),
            topics,
            rules,
            record.value or b"",
            _arrived_ms(record),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


class Feed:
    """Reads until `stop`. `took` and `watched` are called on the event loop."""

    def __init__(
        self,
        settings: Settings,
        loop: asyncio.AbstractEventLoop,
        *,
        took: Callable[[list[Item], bool], None],
        watched: Callable[[Watched], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._settings, self._loop = settings, loop
        self._took, self._watched, self._failed = took, watched, failed
        self._stopping = threading.Event()
        self._room = threading.Semaphore(BATCHES_WAITING_MAX)
        self._subscriber = self._subscribe()
        self._threads = [
            threading.Thread(target=self._guarded(self._read), name="page-reads", daemon=True),
            threading.Thread(target=self._guarded(self._watch), name="page-watches", daemon=True),
        ]

    def start(self) -> None:
        """Begins to read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends both threads; returns when they have ended, or after some seconds."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(8.0)

    def _subscribe(self) -> Subscriber:
        settings = self._settings
        topics = [*(full_name(settings.topic_prefix, t) for t in (TAGGED, *ALERTS.values(), DEAD, DECISIONS))]
        held_back = settings.topic_prefix + SUPPRESSED_NAME
        with Admin(settings) as admin:
            if held_back in admin.names():
                topics.append(held_back)
        backlog = settings.web_backlog_records_max
        newest = {name: backlog for name in topics if name != full_name(settings.topic_prefix, DECISIONS)}
        return Subscriber(settings, topics, start="earliest", newest=newest)

    def _guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - handed to the event loop, which ends the page with it
                if not self._stopping.is_set():
                    self._loop.call_soon_threadsafe(self._failed, error)

        return run

    def _read(self) -> None:
        backlog: list[Item] = []
        with self._subscriber as subscriber:
            while not self._stopping.is_set() and not subscriber.caught_up:
                backlog += items_of(subscriber.poll(0.1), self._settings.topic_prefix)
            self._hand_over(in_order(backlog), False)
            backlog.clear()
            while not self._stopping.is_set():
                items = items_of(subscriber.poll(0.2), self._settings.topic_prefix)
                if items:
                    self._hand_over(items, True)

    def _hand_over(self, items: list[Item], live: bool) -> None:
        while not self._room.acquire(timeout=0.2):
            if self._stopping.is_set():
                return

        def take() -> None:
            self._room.release()
            self._took(items, live)

        self._loop.call_soon_threadsafe(take)

    def _watch(self) -> None:
        watch: GroupWatch | None = None
        topics = [full_name(self._settings.topic_prefix, t) for t in _WORKED_ON]
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                if watch is None:
                    watch = GroupWatch(self._settings, self._settings.consumer_group, topics)
                found = Watched(watch.state(), None)
            except RedlineError as error:
                found = Watched(None, str(error))
                if watch is not None:
                    watch.close()
                watch = None
            self._loop.call_soon_threadsafe(self._watched, found)
            self._stopping.wait(max(0.5, WATCH_SECONDS - (time.monotonic() - began)))
        if watch is not None:
            watch.close()


_WORKED_ON: tuple[Topic, ...] = (RAW, MATCHES)


def group_fields(group: GroupState | None, prefix: str) -> dict[str, Any] | None:
    """The workers as the page shows them: state, members with their partitions and lag, lag by topic."""
    if group is None:
        return None
    by_topic: dict[str, int] = {}
    for (topic, _), records in group.lag.items():
        name = topic.removeprefix(prefix)
        by_topic[name] = by_topic.get(name, 0) + records
    return {
        "state": group.state,
        "lag": by_topic,
        "members": [
            {
                "id": member.id,
                "client": member.client,
                "host": member.host,
                "partitions": len(member.partitions),
                "lag": sum(group.lag.get(pair, 0) for pair in member.partitions),
            }
            for member in group.members
        ],
    }
