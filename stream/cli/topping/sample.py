"""What was measured at one moment: the series of each process, and the group of workers as the broker sees it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]
Series = dict[str, dict[Labels, float]]
"""Name of a sample -> its labels, sorted -> value."""

_KINDS = (
    ("redline_rules_loaded", "worker"),
    ("redline_source_up", "ingest"),
    ("redline_notify_breaker_state", "notify"),
    ("redline_replay_articles", "replay"),
    ("redline_web_readers", "web"),
)
_JOBS = {
    "redline-worker": "worker",
    "redline-ingest": "ingest",
    "redline-notify": "notify",
    "redline-replayer": "replay",
}


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `trouble`: why it is not ready, or not there at all (then `series` is empty)."""

    kind: str
    at: str
    trouble: str | None = None
    series: Series = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """True if it told its metrics."""
        return bool(self.series)

    def value(self, name: str, **labels: str) -> float | None:
        """One series; None if it is not there. It may have more labels: a Prometheus adds some to all of a process."""
        wanted = labels.items()
        fitting = (value for pairs, value in self.series.get(name, {}).items() if wanted <= dict(pairs).items())
        return next(fitting, None)


@dataclass(frozen=True, slots=True)
class Member:
    """A worker as the broker sees it; `partitions` 0: not told."""

    id: str
    host: str
    partitions: int
    lag: int


@dataclass(frozen=True, slots=True)
class Group:
    """The group of workers: its state as Kafka names it, and lag in records by topic (without the prefix)."""

    state: str
    members: tuple[Member, ...]
    lag: dict[str, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """`at` in monotonic seconds. `group` None with `broker_trouble`: the broker is away; without: not asked yet."""

    at: float
    processes: tuple[Process, ...]
    group: Group | None = None
    broker_trouble: str | None = None
    source_trouble: str | None = None


def parse_exposition(text: str) -> Series:
    """The series of a text in Prometheus' format; `{}` if it is none. What is no finite number is left out."""
    series: Series = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                value = float(sample.value)
                if math.isfinite(value):
                    series.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = value
    except (IndexError, KeyError, ValueError):  # the parser trips over some texts
        return {}
    return series


def kind_of(series: Series) -> str:
    """Which service tells these: a family with series of its own gives it away; all services have the same table."""
    for name, kind in _KINDS:
        if any(labels or value for labels, value in series.get(name, {}).items()):
            return kind
    return "service"


def processes_of(result: Iterable[dict[str, Any]]) -> Iterator[Process]:
    """The processes in the answer of Prometheus to an instant query, told apart by job and instance."""
    found: dict[tuple[str, str], Series] = {}
    for one in result:
        labels = dict(one["metric"])
        name, job, instance = labels.pop("__name__", ""), labels.pop("job", ""), labels.pop("instance", "")
        series = found.setdefault((job, instance), {})
        value = float(one["value"][1])
        if math.isfinite(value):
            series.setdefault(name, {})[tuple(sorted(labels.items()))] = value
    for (job, instance), series in sorted(found.items()):
        up = min(series.pop("up", {}).values(), default=1.0)
        kind = _JOBS.get(job)
        down = None if up else "Prometheus cannot scrape it"
        yield Process(kind or ("web" if job == "redline-web" else kind_of(series)), instance, down, series)
