"""The replay loop: recorded articles go to `articles.raw` when they are due, and nothing is lost in silence.

    items ──pacing──> due? ──> record_of(run) ──> publisher ──> acknowledged
                        │                             └──────> failed: reported; refused ones become dead letters
                        └─ each second, and every 200 articles: a progress record to every raw partition;
                           at the end of a run: an end record

Delivery guarantees: those of `stream.broker.publisher`; the ledger at the end adds up. Every article carries
`exercise: true` and the run. Whatever cannot be published is reported with its file and line.

Limits: all items are in memory, because progress, shuffling and the promise about time need to know what comes.
An article is due at an offset from the start, so pauses do not add up to a drift; when sending is slower than that,
the replay is late (`behind_seconds`) and does not skip.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from stream.broker.publisher import Failure, Ledger
from stream.model import Output, Record
from stream.settings import Settings
from stream.sources.horizon import DATE, Horizon
from stream.sources.item import Item, Malformed, Offered, Refused, copy_of, record_of
from stream.sources.pacing import at_fixed_rate, by_recorded_gaps, shuffle
from stream.wire.control import encode_control
from stream.wire.deadletter import encode_dead_letter
from stream.wire.topics import DEAD, RAW, full_name

CONTROL_EVERY_SECONDS = 1.0
CONTROL_EVERY_ARTICLES = 200
"""However fast: correlations keep what waits for the next control record."""

REPORT_EVERY_SECONDS = 0.2
WAIT_SECONDS_MAX = 0.1
"""Longest single wait: how soon a stop is noticed."""

INTERRUPTED_FLUSH_SECONDS = 5.0
KEY_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Plan:
    """How to replay. `rate_per_second` None: by recorded gaps. `repeat` 0: until stopped.

    Each repetition is a run of its own, with stories of its own; with `copies` they are one run, in which every article
    comes again under another id: more copies of the same stories.
    """

    run: str
    speed: float = 1.0
    gap_seconds_max: float = 2.0
    rate_per_second: float | None = None
    repeat: int = 1
    shuffle_seed: int | None = None
    copies: bool = False

    def run_id(self, repetition: int) -> str:
        """The id of repetition number `repetition` (from 1): the run itself, then `-2`, `-3` …"""
        return self.run if repetition == 1 else f"{self.run}-{repetition}"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the replay is. `done` of `articles` in this run; `behind_seconds` ≥ 0."""

    run: str
    articles: int
    done: int
    ledger: Ledger
    behind_seconds: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not on the broker: where it comes from, why, and what was done about it.

    `code`: of the dead letter (stage `publish`) or of the reading (stage `read`); None if the broker did not answer.
    """

    origin: str
    reason: str
    stage: Literal["read", "publish"]
    code: str | None
    dead_letter: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to. `refused` items could not be read; `controls_failed` control records went missing."""

    runs: int
    ledger: Ledger
    refused: int
    dead_letters: int
    controls_failed: int
    seconds: float
    stopped: bool

    @property
    def complete(self) -> bool:
        """True if everything that was to be replayed is on the broker."""
        return self.ledger.sent == self.ledger.acknowledged and not self.refused and not self.controls_failed


class Clock(Protocol):
    """Time, from outside."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def wait(self, seconds: float) -> None:
        """Returns after so long."""


class SystemClock:
    """The machine's time."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Returns after so long."""
        time.sleep(seconds)


class Publishing(Protocol):
    """What the loop needs of a `Publisher`."""

    def partitions(self, topic: str) -> int: ...
    def send(self, output: Output, *, partition: int | None = None, counted: bool = True, origin: str = "") -> None: ...
    def take_failures(self) -> list[Failure]: ...
    def ledger(self) -> Ledger: ...
    def flush(self, seconds_max: float) -> int: ...


class Replayer:
    """One replay. `report` gets a Progress now and then and a Trouble for each loss; `stopping` ends it early."""

    def __init__(
        self,
        publisher: Publishing,
        settings: Settings,
        plan: Plan,
        *,
        report: Callable[[Progress | Trouble], None],
        stopping: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> None:
        """Raises `ServiceError` if a topic that it needs does not exist."""
        self._publisher = publisher
        self._plan = plan
        self._report = report
        self._stopping = stopping
        self._clock = clock or SystemClock()
        self._settings = settings
        self._raw = full_name(settings.topic_prefix, RAW)
        self._dead = full_name(settings.topic_prefix, DEAD)
        self._partitions = publisher.partitions(self._raw)
        publisher.partitions(self._dead)
        self._next_control = self._next_report = -math.inf
        self._next_control_index = 0
        self._refused = self._dead_letters = self._letters_failed = self._controls_failed = 0
        self._state: tuple[str, int, int, float] = (plan.run, 0, 0, 0.0)

    def replay(self, items: Sequence[Item]) -> Outcome:
        """Publishes the items, as often as the plan says, and waits for the broker's answers."""
        started = self._clock.monotonic()
        for item in items:
            if isinstance(item, Refused):
                self._refused += 1
                self._report(Trouble(str(item.origin), item.reject.reason, "read", item.reject.code, False))
        sendable = [item for item in items if not isinstance(item, Refused)]
        runs, start = 0, started
        repetitions: Iterable[int] = range(1, self._plan.repeat + 1) if self._plan.repeat else itertools.count(1)
        if self._plan.copies:
            sendable = [copy_of(item, number) for number in repetitions for item in sendable]
            repetitions = (1,)
        for repetition in repetitions:
            if self._stopping() or (not sendable and repetition > 1):
                break
            runs += 1
            start = self._run(self._plan.run_id(repetition), self._ordered(sendable, repetition), start)
        stopped = self._stopping()
        self._finish(stopped)
        return Outcome(
            runs=runs,
            ledger=self._publisher.ledger(),
            refused=self._refused,
            dead_letters=self._dead_letters - self._letters_failed,
            controls_failed=self._controls_failed,
            seconds=self._clock.monotonic() - started,
            stopped=stopped,
        )

    def _run(self, run: str, items: Sequence[Offered | Malformed], start: float) -> float:
        """One run; returns when the next one starts."""
        horizon, due = (Horizon(items), Horizon(items, DATE)), start
        self._state = (run, len(items), 0, 0.0)
        self._next_control_index = 0
        for index, (item, offset) in enumerate(zip(items, self._offsets(items), strict=False)):
            due = start + offset
            if not self._wait_until(due, run, horizon, index):
                break
            now = self._clock.monotonic()
            for each in horizon:
                each.passed(index, self._clock.now())
            key, value = record_of(item, run=run)
            self._publisher.send(Output(self._raw, key, value), origin=str(item.origin))
            self._state = (run, len(items), index + 1, max(0.0, now - due))
            self._settle_failures()
        self._tell("end", run, *(each.newest(self._clock.now()) for each in horizon))
        self._report_progress()
        return due + self._pause()

    def _offsets(self, items: Sequence[Offered | Malformed]) -> Iterator[float]:
        if self._plan.rate_per_second is not None:
            return at_fixed_rate(self._plan.rate_per_second)
        moments = [item.published for item in items]
        return by_recorded_gaps(moments, speed=self._plan.speed, gap_seconds_max=self._plan.gap_seconds_max)

    def _pause(self) -> float:
        """Seconds from the last article of a run to the first of the next: as if the recording went on."""
        if self._plan.rate_per_second is not None:
            return 1 / self._plan.rate_per_second
        return 0.0 if math.isinf(self._plan.speed) else self._plan.gap_seconds_max

    def _ordered(self, items: list[Offered | Malformed], repetition: int) -> list[Offered | Malformed]:
        seed = self._plan.shuffle_seed
        return items if seed is None else shuffle(items, seed + repetition - 1)

    def _wait_until(self, due: float, run: str, horizon: tuple[Horizon, Horizon], index: int) -> bool:
        """True when it is time; False if the replay is to stop."""
        while not self._stopping():
            now = self._clock.monotonic()
            if now >= self._next_control or index >= self._next_control_index:
                self._next_control = now + CONTROL_EVERY_SECONDS
                self._next_control_index = index + CONTROL_EVERY_ARTICLES
                self._tell("progress", run, *(each.still_to_come(index, self._clock.now()) for each in horizon))
            if now >= self._next_report:
                self._report_progress()
            if now >= due:
                return True
            self._clock.wait(min(due - now, WAIT_SECONDS_MAX))
        return False

    def _tell(self, kind: Literal["progress", "end"], run: str, moment: datetime, date: datetime) -> None:
        for number in range(self._partitions):
            output, partition = encode_control(
                kind,
                topic=self._raw,
                run=run,
                partition=number,
                time=moment,
                published=None if date == moment else date,
            )
            self._publisher.send(output, partition=partition, counted=False)

    def _report_progress(self) -> None:
        self._next_report = self._clock.monotonic() + REPORT_EVERY_SECONDS
        self._settle_failures()
        run, articles, done, behind_seconds = self._state
        self._report(Progress(run, articles, done, self._publisher.ledger(), behind_seconds))

    def _settle_failures(self) -> None:
        for failure in self._publisher.take_failures():
            if not failure.origin:
                self._controls_failed += 1
                self._report(Trouble("control record", failure.reason, "publish", None, False))
                continue
            # A dead letter that fails in turn is only reported: it would fail again.
            is_article = failure.output.topic == self._raw
            self._letters_failed += not is_article
            if is_article and failure.reject is not None:
                self._bury(failure)
            code = failure.reject.code if failure.reject is not None else None
            buried = is_article and failure.reject is not None
            self._report(Trouble(failure.origin, failure.reason, "publish", code, buried))

    def _bury(self, failure: Failure) -> None:
        assert failure.reject is not None
        output = failure.output
        now_ms = int(self._clock.now().timestamp() * 1_000)
        key = output.key if len(output.key) <= KEY_BYTES_MAX else None
        record = Record(output.topic, -1, -1, now_ms, key, output.value, output.headers)
        letter = encode_dead_letter(
            failure.reject,
            record,
            topic=self._dead,
            original_bytes_max=self._settings.dead_letter_original_bytes_max,
            bytes_max=self._settings.message_bytes_max,
        )
        self._publisher.send(letter, counted=False, origin=f"dead letter of {failure.origin}")
        self._dead_letters += 1

    def _finish(self, stopped: bool) -> None:
        """Waits until every record has its answer, at most as long as the broker may take."""
        seconds = self._settings.kafka_request_timeout_ms / 1_000 + 1.0
        deadline = self._clock.monotonic() + (min(seconds, INTERRUPTED_FLUSH_SECONDS) if stopped else seconds)
        while True:
            waiting = self._publisher.flush(max(0.0, min(REPORT_EVERY_SECONDS, deadline - self._clock.monotonic())))
            before = self._dead_letters
            self._report_progress()
            if self._dead_letters > before:
                continue  # they are under way now, and have until the same deadline
            if not waiting or self._clock.monotonic() >= deadline:
                return
