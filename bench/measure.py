"""How far a program under measurement has come, and what it cost: outputs on the broker, CPU and memory from /proc."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from kafka import KafkaConsumer, TopicPartition

from stream.broker.ends import end_offsets
from stream.settings import Settings
from stream.wire.topics import ALERTS, DEAD, SUPPRESSED, TAGGED, full_name

WARM_SHARE = 0.15
"""So much of the articles is not counted: imports, rules, joining the group, first caches."""
QUIET_SECONDS = 2.0
LOOK_SECONDS = 0.05
LOOPS = 200
"""So often `machine` measures its loop: for less than a second."""


@dataclass(frozen=True)
class Cost:
    """What some articles took. `cpu_us` is the processor time of the program an article, all its threads.

    `suppressed`: alerts that a throttle held back.
    """

    articles_per_second: float
    cpu_us: float
    alerts: int
    suppressed: int


class Outputs:
    """Counts the records on the output topics, by their end offsets."""

    def __init__(self, settings: Settings) -> None:
        # Asked for the ends again, a real Kafka leaves partitions out of a session's answers in which nothing changed.
        self._consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, enable_incremental_fetch_sessions=False)
        self._tagged = self._partitions(full_name(settings.topic_prefix, TAGGED))
        self._dead = self._partitions(full_name(settings.topic_prefix, DEAD))
        self._alerts = [p for t in ALERTS.values() for p in self._partitions(full_name(settings.topic_prefix, t))]
        self._suppressed = self._partitions(full_name(settings.topic_prefix, SUPPRESSED))

    def counts(self, *, exact: bool = False) -> tuple[int, int, int]:
        """Articles tagged, alerts raised and alerts suppressed; a dead letter ends the measurement.

        Not `exact`, the embedded broker may be behind by a part of the last batch of each partition.
        """
        partitions = [*self._tagged, *self._alerts, *self._suppressed, *self._dead]
        ends = (
            end_offsets(self._consumer, partitions, seconds_max=10.0)
            if exact
            else self._consumer.end_offsets(partitions)
        )
        if sum(ends[p] for p in self._dead):
            raise click.ClickException("a record became a dead letter")
        tagged, alerts, suppressed = (
            sum(ends[p] for p in some) for some in (self._tagged, self._alerts, self._suppressed)
        )
        return tagged, alerts, suppressed

    def close(self) -> None:
        """Disconnects."""
        self._consumer.close()

    def _partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in sorted(self._consumer.partitions_for_topic(topic) or ())]


def cost(
    settings: Settings,
    pids: Sequence[int],
    articles: int,
    seconds_max: float,
    check: Callable[[], object] = lambda: None,
) -> Cost:
    """Watches until all articles are tagged and no alert comes any more; counts from `WARM_SHARE` on.

    `check` is called again and again, and raises if the program has ended: there is nothing to wait for then.
    """
    outputs = Outputs(settings)
    deadline = time.monotonic() + seconds_max
    started: tuple[float, float, int] | None = None
    before, moved = (0, 0, 0), (0.0, 0.0)
    try:
        while time.monotonic() < deadline:
            check()
            found = outputs.counts()
            now = (time.monotonic(), sum(map(cpu_seconds, pids)))
            if started is None and found[0] >= WARM_SHARE * articles:
                started = (*now, found[0])
            if found != before:
                before, moved = found, now
            elif started and now[0] - moved[0] > QUIET_SECONDS and (exact := outputs.counts(exact=True))[0] == articles:
                counted, spent = articles - started[2], moved[1] - started[1]
                return Cost(counted / (moved[0] - started[0]), spent / counted * 1e6, *exact[1:])
            time.sleep(LOOK_SECONDS)
    finally:
        outputs.close()
    raise click.ClickException(f"found {before[0]} tagged articles of {articles} after {seconds_max:.0f} s")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; not a number where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")
    fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and those that it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return [pid]
    return [pid, *(each for child in children.read_text(encoding="ascii").split() for each in family(int(child)))]


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM (RSS), in MB (10^6 bytes); not a number where there is no /proc."""
    statm = Path(f"/proc/{pid}/statm")
    if not statm.exists():
        return float("nan")
    pages = int(statm.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def machine() -> str:
    """The Python that runs, and how long it takes for one loop, at best and at the median: two builds of a version may
    differ by a quarter, and a shared machine by as much as two to one from second to second."""
    times = []
    for _ in range(LOOPS):
        began, total = time.perf_counter(), 0
        for number in range(50_000):
            total += number * number
        times.append((time.perf_counter() - began) * 1_000)
    return (
        f"Python {platform.python_version()} ({platform.python_compiler()}): a loop takes {min(times):.1f} ms at best, "
        f"{statistics.median(times):.1f} at the median"
    )
