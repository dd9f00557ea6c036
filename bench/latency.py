"""How late are the alerts of articles that come at a fixed rate? Measured at a subscriber, whatever raises them."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import click
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench.articles import messages
from bench.measure import Outputs
from stream.settings import Settings
from stream.wire.topics import ALERTS, RAW, full_name

DEADLINE_SECONDS = 300.0
WARM_SECONDS = 3.0
SETTLE_SECONDS = 2.0
LOOK_SECONDS = 0.05
ASK_SECONDS = 0.5
SEEDS_FIRST = 10
"""Sent before all others, until an alert comes of them."""


def latencies(
    settings: Settings,
    rate: int,
    seconds: int,
    hot: float,
    check: Callable[[], object],
    look: Callable[[], object] = lambda: None,
) -> list[float]:
    """Seconds from handing an article to the producer to holding its first alert, ascending.

    Of what is sent behind the first WARM_SECONDS, in which connections and caches are warmed up; `look` is called
    before and after. However late alerts are, they are waited for: the latest ones are what a quantile is about.
    `check` is called while there is something to wait for, and raises if the program has ended.
    """
    # Made before: what the articles cost to make is not the worker's.
    articles = iter(list(messages(int(rate * (WARM_SECONDS + seconds)), hot)))
    run = _Run(settings, rate, check)
    try:
        run.send(messages(SEEDS_FIRST, hot=1.0))
        # Not every program can say when it has begun.
        run.wait(lambda: bool(run.alerts), "no alert came; do the rules fire on the seeds?")
        run.settle()
        run.send(islice(articles, int(rate * WARM_SECONDS)))
        run.settle()
        run.sent.clear()
        look()
        run.send(articles)
        run.settle()
    finally:
        run.close()
    look()
    came: dict[str, float] = {}
    for moment, value in run.alerts:
        came.setdefault(json.loads(value)["data"]["article"]["id"], moment)
    return sorted(came[key] - run.sent[key] for key in came.keys() & run.sent.keys())


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float:
    """As Prometheus' histogram_quantile: straight lines inside a bucket, and behind the last bound nothing is known.

    `buckets`: bounds, the last one infinite, and how many are at most that. Not a number if there are none.
    """
    total = buckets[-1][1]
    if not total:
        return math.nan
    wanted, before, below = share * total, 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted:
            if math.isinf(bound):
                return below
            return below + (bound - below) * (wanted - before) / max(1.0, count - before)
        before, below = count, bound
    return below


def share_within(buckets: Sequence[tuple[float, float]], seconds: float) -> float:
    """How many of all are at most so late; `seconds` is one of the bounds. Not a number if there are none."""
    total = buckets[-1][1]
    return dict(buckets)[seconds] / total if total else math.nan


class _Run:
    """Sends articles, and receives alerts in a thread of its own. `sent`: when each article was, by its id."""

    def __init__(self, settings: Settings, rate: int, check: Callable[[], object]) -> None:
        self.sent: dict[str, float] = {}
        self.alerts: list[tuple[float, bytes]] = []  # read in the end: it would take the program's time
        self._settings, self._rate, self._check = settings, rate, check
        self._count = 0
        self._done = threading.Event()
        self._outputs = Outputs(settings)
        self._producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0)
        self._receiver = threading.Thread(target=self._receive)
        self._receiver.start()

    def send(self, articles: Iterable[tuple[str, bytes]]) -> None:
        """All of them, at the rate."""
        topic = full_name(self._settings.topic_prefix, RAW)
        started = time.monotonic()
        for number, (key, value) in enumerate(articles):
            time.sleep(max(0.0, started + number / self._rate - time.monotonic()))
            self.sent[key] = time.monotonic()
            self._producer.send(topic, key=key.encode(), value=value)
            self._count += 1
        self._producer.flush(timeout=DEADLINE_SECONDS)

    def settle(self) -> None:
        """Waits until all articles are tagged, and then until no alert has come for SETTLE_SECONDS."""
        late = f"{DEADLINE_SECONDS:.0f} s after the last article"
        ended = time.monotonic()
        # A program that is behind may raise no alert for long. Asked only when it is quiet: it takes the broker's time.
        self.wait(
            lambda: self._is_quiet(ended) and self._outputs.counts(exact=True)[0] >= self._count,
            f"not all articles were tagged {late}",
            ASK_SECONDS,
        )
        tagged = time.monotonic()
        self.wait(lambda: self._is_quiet(tagged), f"alerts still came {late}")

    def wait(self, done: Callable[[], bool], otherwise: str, pause_seconds: float = LOOK_SECONDS) -> None:
        """Raises `ClickException` after DEADLINE_SECONDS."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not done():
            self._check()
            if time.monotonic() > deadline:
                raise click.ClickException(otherwise)
            time.sleep(pause_seconds)

    def close(self) -> None:
        """Disconnects; no alert is received any more."""
        self._producer.close()
        self._outputs.close()
        self._done.set()
        self._receiver.join()

    def _is_quiet(self, since: float) -> bool:
        newest = self.alerts[-1][0] if self.alerts else since
        return time.monotonic() - max(since, newest) > SETTLE_SECONDS

    def _receive(self) -> None:
        for value in _follow(self._settings, self._done):
            self.alerts.append((time.monotonic(), value))


def _follow(settings: Settings, done: threading.Event) -> Iterator[bytes]:
    # Answered as soon as there is an alert; to ask more often only takes the broker's time, and the worker's with it.
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=500)
    names = [full_name(settings.topic_prefix, topic) for topic in ALERTS.values()]
    partitions = [TopicPartition(n, p) for n in names for p in sorted(consumer.partitions_for_topic(n) or ())]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    try:
        while not done.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                yield from (record.value for record in records)
    finally:
        consumer.close()
