"""What fault tests share: a feeder, a supervisor, and the account of what came of every record."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from stream.settings import Settings
from stream.wire.control import Kind, encode_control
from stream.wire.topics import ALERTS, DEAD, LATE, RAW, SUPPRESSED, TAGGED, full_name
from tests.faults import truth
from tests.faults.results import Result
from tests.faults.stateful import RUN, Expected, article, differences, expected, is_episode, time_of, without_clock
from tests.worker.kit import REAL, RECONNECT_MS_MAX, Follower, WorkerProcess, until

QUIET_POLLS = 5
GAVE_UP = 75
LOOKED_AT = 20
LOG_SHOWN = 20_000
ACKNOWLEDGED_SECONDS_MAX = 300
TOLD_EVERY = 50
"""Articles between two records of progress."""


class Feeder:
    """Replays the recording of `stateful` at a steady rate in the background. Survives a broker's absence.

    As a replayer does, it tells every raw partition how far it is, and the end. What goes wrong in it is raised on the
    way out: without the end, episodes would be waited for in vain.
    """

    def __init__(self, settings: Settings, rate: int) -> None:
        self._settings, self._rate = settings, rate
        self._raw = full_name(settings.topic_prefix, RAW)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._given_up = False
        self._failed: Exception | None = None
        self.sent = 0
        self.acknowledged = 0

    def _run(self) -> None:
        try:
            self._feed()
        except Exception as error:  # noqa: BLE001 - raised by whoever waits for the thread
            self._failed = error

    def _feed(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            acks="all",
            linger_ms=5,
            request_timeout_ms=30_000,
            delivery_timeout_ms=ACKNOWLEDGED_SECONDS_MAX * 1_000,
            max_block_ms=ACKNOWLEDGED_SECONDS_MAX * 1_000,
            reconnect_backoff_max_ms=RECONNECT_MS_MAX,
            max_in_flight_requests_per_connection=1,  # keeps the order when something is sent again
        )
        partitions = range(len(producer.partitions_for(self._raw)))
        began = time.monotonic()
        while not self._done.is_set():
            if self.sent % TOLD_EVERY == 0:
                _tell(producer, self._raw, "progress", partitions, time_of(self.sent))
            sending = producer.send(self._raw, key=f"a{self.sent}".encode(), value=article(self.sent))
            sending.add_callback(self._count)
            self.sent += 1
            self._done.wait(max(0.0, began + self.sent / self._rate - time.monotonic()))
        deadline = time.monotonic() + ACKNOWLEDGED_SECONDS_MAX
        while self.acknowledged < self.sent and time.monotonic() < deadline:
            if self._given_up:
                return
            time.sleep(0.05)
        for told in _tell(producer, self._raw, "end", partitions, time_of(self.sent - 1)):
            told.get(timeout=60)
        producer.close()

    def _count(self, _: object) -> None:
        self.acknowledged += 1

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """All is acknowledged; but a test that has failed does not wait for a broker that may be gone for good."""
        self._given_up = kind is not None
        self._done.set()
        self._thread.join()
        if self._failed is not None and kind is None:
            raise self._failed

    def wait(self, more: int) -> None:
        """Until so many more articles are sent. They are acknowledged later."""
        goal = self.sent + more
        until(lambda: self.sent >= goal, f"{goal} articles sent")


def tell(settings: Settings, kind: Kind, moment: datetime, partitions: int = 1) -> None:
    """Control records of the recording's run, once everything before them is acknowledged."""
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all")
    try:
        for told in _tell(producer, full_name(settings.topic_prefix, RAW), kind, range(partitions), moment):
            told.get(timeout=60)
    finally:
        producer.close()


def _tell(producer: KafkaProducer, raw: str, kind: Kind, partitions: range, moment: datetime) -> list[Any]:
    sent = []
    for number in partitions:
        output, partition = encode_control(kind, topic=raw, run=RUN, partition=number, time=moment)
        headers = list(output.headers)
        sent.append(producer.send(raw, partition=partition, key=output.key, value=output.value, headers=headers))
    return sent


class Supervised:
    """A worker that is started again whenever it ends by itself or is killed, as compose or systemd would do.

    `exits`: how often it has ended with each code. `log`: the lines of all of them, one after another.
    """

    def __init__(self, settings: Settings, program: Sequence[str] = REAL, **environment: str) -> None:
        self._start: Callable[[], WorkerProcess] = lambda: WorkerProcess(settings, program, **environment)
        self._stopping = threading.Event()
        self.exits: Counter[int] = Counter()
        self._logs: list[str] = []
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
            self._logs.append(f"{self.worker.log}(ended with {code})\n")
            self.worker.end()
            self.worker = self._start()

    @property
    def log(self) -> str:
        """What the workers have printed so far."""
        return "".join(self._logs) + self.worker.log

    def signal(self, which: signal.Signals) -> None:
        """Sends a signal to the worker that runs now."""
        self.worker.process.send_signal(which)

    def stop(self) -> int:
        """Ends it by SIGTERM, for good; returns the exit code."""
        self._stopping.set()
        self._thread.join()
        return self.worker.stop()

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
    except BaseException:
        sys.stderr.write(f"--- log of a supervised worker, exits {dict(worker.exits)}\n{worker.log[-LOG_SHOWN:]}\n")
        raise
    finally:
        worker.end()


@dataclass
class Account:
    """What came of all raw records, by article id. `raw`: as they were sent. `alerts`: of single articles, the
    held-back ones (`held`, their ids) among them. `episodes` by id, without `recordedtime`, and how many came.
    """

    raw: dict[str, bytes] = field(default_factory=dict)
    tagged: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    alerts: dict[str, list[str]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    episodes: dict[str, set[str]] = field(default_factory=dict)
    episodes_came: int = 0
    late: int = 0
    timed_out: str = ""
    """What the workers had not done when it did; else empty."""
    _expected: tuple[int, Expected] | None = None

    @property
    def lost(self) -> set[str]:
        """Raw articles that are neither tagged and alerted (or held back) nor a dead letter."""
        return self.raw.keys() - self.dead - (self.tagged & self.alerts.keys())

    @property
    def repeated(self) -> int:
        """Alerts beyond the first of their id; a subscriber drops them by it."""
        return sum(len(ids) - 1 for ids in self.alerts.values()) + self.episodes_came - len(self.episodes)

    def expected(self, settings: Settings) -> Expected:
        """What one undisturbed reading of the articles comes to."""
        if self._expected is None or self._expected[0] != len(self.raw):
            values = [self.raw[name] for name in sorted(self.raw, key=lambda n: int(n[1:]))]
            self._expected = len(values), expected(values, settings.rules_dir)
        return self._expected[1]

    def result(self, fault: str, times: int, resumed: Sequence[float] = (), remark: str = "") -> Result:
        """For the table of results."""
        remark = f"{len(self.episodes)} alerts of episodes, as in one undisturbed run{'; ' if remark else ''}{remark}"
        return Result(fault, times, len(self.raw), len(self.lost), self.repeated, resumed, remark)

    def check(self, settings: Settings) -> None:
        """Nothing lost, nothing invented, repeats bear the id they had; alerts and episodes as in one undisturbed run.

        For workers that have stopped: then the table, too, is that of one undisturbed run.
        """
        assert not self.lost, f"{len(self.lost)} of {len(self.raw)} lost: {sorted(self.lost)[:10]}"
        assert self.tagged | self.dead == self.raw.keys()
        assert all(len(set(ids)) == 1 for ids in self.alerts.values()), "an article's alert came under two ids"
        assert len({ids[0] for ids in self.alerts.values()}) == len(self.alerts), "two articles, one alert id"
        assert self.late == 0, f"{self.late} matches came too late"
        wanted = self.expected(settings)
        got, due = self.fired | self.held, wanted.alerts | wanted.episodes.keys()
        assert got == due, (
            f"missing {sorted(due - got)[:5]}, not expected {sorted(got - due)[:5]}; "
            f"{truth.whereabouts(settings, due - got)}; {self.timed_out}"
        )
        assert all(len(events) == 1 for events in self.episodes.values()), "an episode's alert came with two contents"
        assert differences({name: min(events) for name, events in self.episodes.items()}, wanted.episodes) == []
        truth.check(settings, self.fired, self.held)


class Books:
    """Reads all topics along, and makes up the account in the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alerts = [topic.name for topic in ALERTS.values()]
        others = (RAW, TAGGED, DEAD, SUPPRESSED, LATE)
        self._follower = Follower(settings, *(topic.name for topic in others), *self._alerts)
        self._account = Account()

    def settle(self, acknowledged: int, seconds: float = 180.0) -> Account:
        """The account, as soon as nothing is missing and nothing more comes, or when the time is up.

        `acknowledged`: so many raw articles there must be at least.
        """
        account, deadline = self._account, time.monotonic() + seconds
        quiet, wanted = 0, -1
        while time.monotonic() < deadline:
            quiet = 0 if self._read() else quiet + 1
            if quiet < QUIET_POLLS or account.lost or len(account.raw) < acknowledged:
                continue
            if wanted < 0:
                wanted = len(account.expected(self._settings).episodes)
            if len(account.episodes) >= wanted:
                break
        else:
            account.timed_out = truth.unworked(self._settings)
        assert len(account.raw) >= acknowledged, (
            f"{len(account.raw)} raw articles read, {acknowledged} were acknowledged"
        )
        return account

    def _read(self) -> bool:
        """Enters what has come; True if that was anything."""
        account, came = self._account, False
        for topic, values in self._follower.poll().items():
            came = came or bool(values)
            for value in values:
                self._enter(account, topic, value)
            values.clear()  # all of it would not fit into memory after an hour
        return came

    def _enter(self, account: Account, topic: str, value: bytes) -> None:
        fields = json.loads(value)
        if topic == RAW.name:
            if "body" in fields:  # else it is a control record
                account.raw[fields["id"]] = value
        elif topic == TAGGED.name:
            account.tagged.add(fields["data"]["article"]["id"])
        elif topic == DEAD.name:
            account.dead.add(fields["key"])
        elif topic == LATE.name:
            account.late += 1
        else:
            (account.held if topic == SUPPRESSED.name else account.fired).add(fields["id"])
            name, event = without_clock(value)
            if is_episode(event):
                account.episodes.setdefault(name, set()).add(event)
                account.episodes_came += 1
            else:
                account.alerts.setdefault(fields["data"]["article"]["id"], []).append(name)

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

    def resumed(self, seconds_max: float = 240.0) -> float:
        """Seconds from now until `LOOKED_AT` articles sent from now on, in all partitions, are tagged."""
        began = time.monotonic()
        first = self._feeder.sent + 1
        due = {f"a{number}" for number in range(first, first + LOOKED_AT)}
        until(lambda: due <= self._tagged(), "work goes on", seconds_max)
        return time.monotonic() - began

    def _tagged(self) -> set[str]:
        values = self._follower.poll()[TAGGED.name]
        self._seen |= {json.loads(value)["data"]["article"]["id"] for value in values}
        values.clear()
        return self._seen

    def close(self) -> None:
        """Closes the connection."""
        self._follower.close()


@contextmanager
def progress_of(settings: Settings, feeder: Feeder) -> Iterator[Progress]:
    """A `Progress` that is closed at the end."""
    progress = Progress(settings, feeder)
    try:
        yield progress
    finally:
        progress.close()


def settle(settings: Settings, feeder: Feeder, seconds: float = 180.0) -> Account:
    """Waits until the workers have caught up with an ended feeder, and says what came of every record."""
    books = Books(settings)
    try:
        return books.settle(feeder.acknowledged, seconds)
    finally:
        books.close()
