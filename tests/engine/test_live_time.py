"""Live articles from the raw record to the episode, with the clock of a worker: dates as they come in real life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from stream.detect import Memory
from stream.engine import Engine
from stream.model import Output, Record
from stream.rulelang import SourceFile, load
from stream.wire.control import Control, control_output
from stream.worker.progress import Progress

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
RULES = """\
kind: rule
id: r
severity: low
match: dam
tests: [{name: f, article: {body: A dam.}, expect: fire}]
---
kind: correlation
id: c.event
type: event_count
rules: [r]
window: {size: 20m, grace: 1m}
condition: {gte: 3}
severity: high
---
kind: correlation
id: c.date
type: event_count
rules: [r]
window: {size: 20m, time: published, grace: 1m}
condition: {gte: 3}
severity: high
"""
LOADED = load([SourceFile("t.yml", RULES)])
assert LOADED.ruleset is not None
ENGINE = Engine(LOADED.ruleset)


class Worker:
    """Both agents in one process, without a broker; the wall clock is told to it."""

    def __init__(self) -> None:
        self.progress, self.memory, self.offset = Progress(), Memory(), 0
        self.fired: list[str] = []
        self.late = 0

    def takes(self, wall: datetime, **fields: object) -> None:
        """An article that Kafka received now."""
        value = orjson.dumps({"body": "A dam.", **fields})
        self.offset += 1
        raw = Record("redline.articles.raw", 0, self.offset, int(wall.timestamp() * 1_000), b"k", value)
        tagged = ENGINE.tag([raw])
        newest = tagged.newest_live_us, tagged.newest_published_us
        controls = self.progress.handled(0, *newest, now=wall.timestamp())
        self._alert([*(o for o in tagged.outputs if o.topic == "redline.matches"), *told(controls)])

    def is_idle(self, wall: datetime, *, clock: datetime | None = None) -> None:
        """The tick of an idle partition. `clock`: the one that does not jump."""
        self._alert(list(told(self.progress.idle({0: 0}, wall, (clock or wall).timestamp()))))

    def _alert(self, outputs: list[Output]) -> None:
        records = []
        for output in outputs:
            self.offset += 1
            records.append(Record(output.topic, 0, self.offset, 0, output.key, output.value, output.headers))
        batch = ENGINE.alert(records, NOON, self.memory)
        self.late += batch.facts.late
        self.fired += [orjson.loads(o.value)["subject"] for o in batch.outputs if o.topic == "redline.alerts.high"]


def told(controls: list[Control]) -> Iterator[Output]:
    """As the sender writes them to `matches`."""
    return (control_output(replace(control, partitions=1), topic="redline.matches") for control in controls)


ABSURD = ("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z")


@pytest.mark.parametrize("has_fetched", [True, False])
@pytest.mark.parametrize("absurd", [*ABSURD, None])
@pytest.mark.parametrize("where", range(4))
def test_absurd_dates_neither_close_nor_freeze_windows(absurd: str | None, where: int, has_fetched: bool) -> None:
    """Three articles within minutes of each other; with them, at any place, one of 1970 or 2100."""
    worker = Worker()
    articles = [(f"a{minute}", (NOON + timedelta(minutes=minute)).isoformat()) for minute in (0, 4, 8)]
    if absurd is not None:
        articles.insert(where, ("absurd", absurd))
    for number, (name, date) in enumerate(articles):
        wall = NOON + timedelta(minutes=max(0, 4 * (number - (absurd is not None and number > where))))
        fetched = {"fetched": wall.isoformat()} if has_fetched else {}
        worker.takes(wall, id=name, published=date, **fetched)
    worker.is_idle(NOON + timedelta(hours=2))
    assert {"c.date", "c.event"} == set(worker.fired)
    # What is a week old when it comes is late; it raises its own alert all the same.
    assert worker.late == (absurd == ABSURD[0] and where > 0) * (1 if has_fetched else 2)


def test_a_date_in_the_future_counts_when_that_time_has_come() -> None:
    worker = Worker()
    for minute in range(3):
        worker.takes(NOON + timedelta(minutes=minute), id=f"a{minute}", published=ABSURD[1])
    worker.is_idle(NOON + timedelta(minutes=5))
    assert worker.fired == []
    worker.is_idle(NOON + timedelta(minutes=10))
    assert sorted(worker.fired) == ["c.date", "c.event"]


def test_a_worker_that_was_away_makes_nothing_late() -> None:
    """Ten minutes of articles wait; they are worked off at once, and only then time goes on with the clock."""
    worker = Worker()
    worker.is_idle(NOON - timedelta(seconds=30))
    for minute in range(10):
        moment = (NOON + timedelta(minutes=minute)).isoformat()
        worker.takes(NOON + timedelta(minutes=minute), id=f"a{minute}", fetched=moment, published=moment)
    worker.is_idle(NOON + timedelta(minutes=12))
    assert worker.late == 0
    assert set(worker.fired) == {"c.date", "c.event"}


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_that_jumps_for_some_ticks_closes_no_window_and_freezes_none(jump: timedelta) -> None:
    worker = Worker()
    worker.is_idle(NOON - timedelta(minutes=1))
    for seconds in range(-59, -9):
        worker.is_idle(NOON + timedelta(seconds=seconds) + jump, clock=NOON + timedelta(seconds=seconds))
    for minute in range(3):
        worker.takes(NOON + timedelta(minutes=minute), id=f"a{minute}")
    worker.is_idle(NOON + timedelta(minutes=10))
    assert (worker.late, set(worker.fired)) == (0, {"c.date", "c.event"})


def test_a_clock_that_was_set_is_believed_after_a_minute() -> None:
    progress = Progress()
    tomorrow = NOON + timedelta(days=1)
    told_times = [progress.idle({0: 0}, NOON, 0.0)[0].time]
    told_times += [progress.idle({0: 0}, tomorrow + timedelta(seconds=s), float(s))[0].time for s in range(1, 70)]
    assert [time - NOON < timedelta(minutes=2) for time in told_times].count(True) == 61
    assert told_times[-1] > tomorrow
