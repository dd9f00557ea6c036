"""What fault tests share: a feeder, a supervisor, and the account of what came of every record."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaProducer

from stream.settings import Settings
from stream.wire.topics import ALERTS, DEAD, RAW, TAGGED
from tests.e2e.scenarios import article
from tests.faults.results import Result
from tests.worker.kit import REAL, RECONNECT_MS_MAX, Follower, WorkerProcess, until

QUIET_POLLS = 10
GAVE_UP = 75
LOOKED_AT = 20


class Feeder:
    """Publishes articles at a steady rate in the background; each one raises an alert. Survives a broker's absence."""

    def __init__(self, settings: Settings, rate: int) -> None:
        self._settings, self._rate = settings, rate
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self.sent = 0
        self.acknowledged = 0

    def _feed(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            acks="all",
            linger_ms=5,
            request_timeout_ms=30_000,
            reconnect_backoff_max_ms=RECONNECT_MS_MAX,
        )
        began = time.monotonic()
        while not self._done.is_set():
            key = f"a{self.sent}"
            sending = producer.send(self._settings.topic_prefix + RAW.name, key=key.encode(), value=article(self.sent))
            sending.add_callback(self._count)
            self.sent += 1
            self._done.wait(max(0.0, began + self.sent / self._rate - time.monotonic()))
        producer.flush(timeout=60)
        producer.close()

    def _count(self, _: object) -> None:
        self.acknowledged += 1

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def wait(self, more: int) -> None:
        """Until so many more articles are sent. They are acknowledged later."""
        goal = self.sent + more
        until(lambda: self.sent >= goal, f"{goal} articles sent")


class Supervised:
    """A worker that is started again whenever it ends by itself or is killed, as compose or systemd would do."""

    def __init__(self, settings: Settings, program: Sequence[str] = REAL, **environment: str) -> None:
        self._start: Callable[[], WorkerProcess] = lambda: WorkerProcess(settings, program, **environment)
        self._stopping = threading.Event()
        self.exits: Counter[int] = Counter()
        self.worker = self._start()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            code = self.worker.process.poll()
            if code is None:
                self._stopping.wait(0.05)
                continue
            self.exits[code] += 1
            self.worker.end()
            self.worker = self._start()

    def signal(self, which: signal.Signals) -> None:
        """Sends a signal to the worker that runs now."""
        self.worker.process.send_signal(which)

    def stop(self) -> int:
        """Ends it by SIGTERM, for good; returns the exit code."""
        self._stopping.set()
        self._thread.join()
        return self.worker.stop(seconds=15)

    def end(self) -> None:
        """Makes sure that nothing is left."""
        self._stopping.set()
        self._thread.join()
        self.worker.end()


@contextmanager
def supervised(settings: Settings, program: Sequence[str] = REAL, **environment: str) -> Iterator[Supervised]:
    """A supervised worker that is gone at the end, whatever happens."""
    worker = Supervised(settings, program, **environment)
    try:
        yield worker
    finally:
        worker.end()


@dataclass(frozen=True)
class Account:
    """What came of all raw records, by article id."""

    raw: set[str]
    tagged: set[str]
    dead: set[str]
    alerts: dict[str, list[str]]

    @property
    def lost(self) -> set[str]:
        """Raw articles that are neither tagged and alerted nor a dead letter."""
        return self.raw - self.dead - (self.tagged & self.alerts.keys())

    @property
    def repeated(self) -> int:
        """Alerts beyond the first of their article; a subscriber drops them by their id."""
        return sum(len(ids) - 1 for ids in self.alerts.values())

    def result(self, fault: str, times: int, resumed: Sequence[float] = (), remark: str = "") -> Result:
        """For the table of results."""
        return Result(fault, times, len(self.raw), len(self.lost), self.repeated, resumed, remark)

    def check(self) -> None:
        """Nothing lost, nothing invented, and repeats bear the id they had."""
        assert not self.lost, f"{len(self.lost)} of {len(self.raw)} lost: {sorted(self.lost)[:10]}"
        assert self.tagged | self.dead == self.raw
        assert all(len(set(ids)) == 1 for ids in self.alerts.values()), "an article's alert came under two ids"
        assert len({ids[0] for ids in self.alerts.values()}) == len(self.alerts), "two articles, one alert id"


class Books:
    """Reads all topics along, and makes up the account in the end."""

    def __init__(self, settings: Settings) -> None:
        self._alerts = [topic.name for topic in ALERTS.values()]
        self._follower = Follower(settings, RAW.name, TAGGED.name, DEAD.name, *self._alerts)

    def settle(self, acknowledged: int, seconds: float = 60.0) -> Account:
        """The account, as soon as nothing is missing and nothing more comes, or when the time is up.

        `acknowledged`: so many raw articles there must be at least.
        """
        deadline = time.monotonic() + seconds
        quiet, before = 0, -1
        account = self._account()
        while time.monotonic() < deadline and (quiet < QUIET_POLLS or account.lost or len(account.raw) < acknowledged):
            self._follower.poll()
            count = sum(len(values) for values in self._follower.values.values())
            quiet = quiet + 1 if count == before else 0
            before = count
            if quiet == QUIET_POLLS:
                account = self._account()
        account = self._account()
        assert len(account.raw) >= acknowledged, (
            f"{len(account.raw)} raw articles read, {acknowledged} were acknowledged"
        )
        return account

    def _account(self) -> Account:
        values = self._follower.values
        alerts: dict[str, list[str]] = {}
        for topic in self._alerts:
            for event in map(json.loads, values[topic]):
                alerts.setdefault(event["data"]["article"]["id"], []).append(event["id"])
        return Account(
            raw={json.loads(value)["id"] for value in values[RAW.name]},
            tagged={json.loads(value)["data"]["article"]["id"] for value in values[TAGGED.name]},
            dead={json.loads(value)["key"] for value in values[DEAD.name]},
            alerts=alerts,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._follower.close()


def rss_bytes(pid: int) -> int:
    """What the process holds in memory now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1_024  # type: ignore[index]


class Progress:
    """Watches what comes out, to say how long after a fault work goes on."""

    def __init__(self, settings: Settings, feeder: Feeder) -> None:
        self._feeder = feeder
        self._follower = Follower(settings, TAGGED.name)
        self._seen: set[str] = set()
        self._read = 0

    def resumed(self, seconds_max: float = 90.0) -> float:
        """Seconds from now until `LOOKED_AT` articles sent from now on, in all partitions, are tagged."""
        began = time.monotonic()
        first = self._feeder.sent + 1
        due = {f"a{number}" for number in range(first, first + LOOKED_AT)}
        until(lambda: due <= self._tagged(), "work goes on", seconds_max)
        return time.monotonic() - began

    def _tagged(self) -> set[str]:
        values = self._follower.poll()[TAGGED.name]
        self._seen |= {_article_of(value) for value in values[self._read :]}
        self._read = len(values)
        return self._seen

    def close(self) -> None:
        """Closes the connection."""
        self._follower.close()


def _article_of(tagged: bytes) -> str:
    if not tagged.startswith(b"{"):
        return tagged.decode()  # a keeper's
    return str(json.loads(tagged)["data"]["article"]["id"])


@contextmanager
def progress_of(settings: Settings, feeder: Feeder) -> Iterator[Progress]:
    """A `Progress` that is closed at the end."""
    progress = Progress(settings, feeder)
    try:
        yield progress
    finally:
        progress.close()


def settle(settings: Settings, feeder: Feeder, seconds: float = 60.0) -> Account:
    """Waits until the workers have caught up with an ended feeder, and says what came of every record."""
    books = Books(settings)
    try:
        return books.settle(feeder.acknowledged, seconds)
    finally:
        books.close()
