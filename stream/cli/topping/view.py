"""What samples come to: rates over the last half minute, totals, latencies, and what is wrong. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from stream.cli.topping.sample import Group, Labels, Process, Sample
from stream.model import ALERT_SEVERITIES

WINDOW_SECONDS = 30.0
COURSE_POINTS = 60
LAG_RECORDS_MANY = 1_000
_STARTED = "process_start_time_seconds"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """Alerts of one rule: all of them, and those of a minute at the pace of the window."""

    rule: str
    severity: str
    total: int
    per_minute: float


@dataclass(frozen=True, slots=True)
class View:
    """What is shown. Rates are per second, lags in records, latencies in seconds; None: not known."""

    troubles: tuple[str, ...]
    group: Group | None
    broker_trouble: str | None
    processes: tuple[Process, ...]
    window_seconds: float
    rates: dict[str, float]
    totals: dict[str, int]
    severities: dict[str, tuple[int, float]]
    rules: tuple[RuleRow, ...]
    dead: dict[str, int]
    held_back: dict[str, int]
    latency: tuple[float, float] | None
    lag: dict[str, int]
    course: tuple[float, ...]
    lag_course: tuple[float, ...]

    @property
    def well(self) -> bool:
        """True if the broker is there and somebody works."""
        return not self.troubles

    def fields(self) -> dict[str, Any]:
        """The view as a JSON object."""
        return {
            "troubles": self.troubles,
            "broker": {
                "trouble": self.broker_trouble,
                "group": None if self.group is None else self.group.state,
                "members": [] if self.group is None else self.group.members,
                "lag": self.lag,
            },
            "window_seconds": round(self.window_seconds, 1),
            "per_second": {name: round(rate, 3) for name, rate in self.rates.items()},
            "totals": self.totals,
            "alerts_by_severity": {s: {"total": n, "per_minute": round(r, 2)} for s, (n, r) in self.severities.items()},
            "alerts_by_rule": [
                {"rule": r.rule, "severity": r.severity, "total": r.total, "per_minute": round(r.per_minute, 2)}
                for r in self.rules
            ],
            "dead_letters_by_code": self.dead,
            "suppressed_by": self.held_back,
            "article_to_alert_seconds": None
            if self.latency is None
            else {"p50": self.latency[0], "p99": self.latency[1]},
            "processes": [
                {"kind": p.kind, "at": p.at, "trouble": p.trouble, **process_fields(p)} for p in self.processes
            ],
        }


def _with_those_seen_first(base: Sample, sample: Sample) -> Sample:
    """Who was away when totals began at zero counts from the first sample that it is in."""
    known = {process.at for process in base.processes if process.there}
    new = tuple(process for process in sample.processes if process.there and process.at not in known)
    return replace(base, processes=(*base.processes, *new)) if new else base


class History:
    """The samples of the window, and the course of rates and lag. One thread at a time."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        """`prefix` is that of the topics."""
        self._bootstrap, self._prefix = bootstrap, prefix
        self._samples: deque[Sample] = deque()
        self._course: deque[float] = deque(maxlen=COURSE_POINTS)
        self._lag_course: deque[float] = deque(maxlen=COURSE_POINTS)
        self._base: Sample | None = None

    def add(self, sample: Sample) -> None:
        """The newest sample."""
        if self._samples and sample.at > self._samples[-1].at:
            step = _rates(self._samples[-1], sample)
            self._course.append(step["received"])
            self._lag_course.append(float(sum(_lag(sample).values())))
        self._samples.append(sample)
        if self._base is not None:
            self._base = _with_those_seen_first(self._base, sample)
        while len(self._samples) > 2 and sample.at - self._samples[1].at > WINDOW_SECONDS:
            self._samples.popleft()

    def count_from_now(self) -> None:
        """Totals begin again at zero."""
        self._base = self._samples[-1] if self._samples else None

    def view(self) -> View | None:
        """What they come to; None before the first."""
        if not self._samples:
            return None
        first, last = self._samples[0], self._samples[-1]
        totals = {name: round(value) for name, value in _totals(last, self._base).items()}
        by_rule = _rules(first, last, self._base)
        return View(
            troubles=tuple(_troubles(last, self._bootstrap)),
            group=last.group,
            broker_trouble=last.broker_trouble,
            processes=last.processes,
            window_seconds=last.at - first.at,
            rates=_rates(first, last),
            totals=totals,
            severities=_severities(by_rule),
            rules=by_rule,
            dead=_counts(last, self._base, "redline_dead_letters_total", "code"),
            held_back=_counts(last, self._base, "redline_alerts_suppressed_total", "by"),
            latency=_latency(first, last),
            lag=_lag(last, self._prefix),
            course=tuple(self._course),
            lag_course=tuple(self._lag_course),
        )


def process_fields(process: Process) -> dict[str, float | None]:
    """Memory in bytes, processor seconds, start (Unix), open files, whether its rule files can be used."""
    return {
        "memory_bytes": process.value("process_resident_memory_bytes"),
        "cpu_seconds": process.value("process_cpu_seconds_total"),
        "started": process.value(_STARTED),
        "rules_usable": process.value("redline_rules_reload_success") if process.kind == "worker" else None,
    }


def rules_in_force(processes: Iterable[Process]) -> int:
    """Rules that can raise alerts, the most that any worker has. Series tell of rules that are gone, too."""
    return max(
        (
            round(sum(process.value("redline_rules_loaded", kind=kind) or 0.0 for kind in ("alert", "correlation")))
            for process in processes
        ),
        default=0,
    )


_FLOWS = {
    "received": ("redline_articles_total", {"stage": "received"}),
    "tagged": ("redline_articles_total", {"stage": "tagged"}),
    "alerts": ("redline_alerts_total", {}),
    "suppressed": ("redline_alerts_suppressed_total", {}),
    "late": ("redline_late_total", {}),
    "dead_letters": ("redline_dead_letters_total", {}),
}


def _totals(last: Sample, base: Sample | None) -> dict[str, float]:
    return {name: sum(increase(base, last, metric, (), **labels).values()) for name, (metric, labels) in _FLOWS.items()}


def _rates(first: Sample, last: Sample) -> dict[str, float]:
    seconds = last.at - first.at
    return {
        name: sum(increase(first, last, metric, (), **labels).values()) / seconds if seconds > 0 else 0.0
        for name, (metric, labels) in _FLOWS.items()
    }


def increase(
    before: Sample | None, after: Sample, metric: str, labels: tuple[str, ...], **wanted: str
) -> dict[tuple[str, ...], float]:
    """How much a counter grew, by the values of `labels`; without `before`, all that it counts.

    Process by process: one that started again counts from zero, one that was not there before has not grown.
    """
    known = None if before is None else {process.at: process for process in before.processes if process.there}
    found: dict[tuple[str, ...], float] = {}
    for process in after.processes:
        old = None if known is None else known.get(process.at)
        for pairs, value in process.series.get(metric, {}).items():
            told = dict(pairs)
            if any(told.get(name) != text for name, text in wanted.items()):
                continue
            key = tuple(told.get(label, "") for label in labels)
            grown = value if known is None else 0.0 if old is None else _since(old, process, metric, pairs, value)
            found[key] = found.get(key, 0.0) + grown
    return found


def _since(old: Process, new: Process, metric: str, pairs: Labels, value: float) -> float:
    # One that started again may have counted further by now than the one before it.
    again = old.value(_STARTED) != new.value(_STARTED)
    then = 0.0 if again else old.series.get(metric, {}).get(pairs, 0.0)
    return value - then if value >= then else value


def _rules(first: Sample, last: Sample, base: Sample | None) -> tuple[RuleRow, ...]:
    labels, name = ("rule", "severity"), "redline_alerts_total"
    totals, recent = increase(base, last, name, labels), increase(first, last, name, labels)
    minutes = (last.at - first.at) / 60
    rows = [
        RuleRow(rule, severity, round(total), recent[rule, severity] / minutes if minutes > 0 else 0.0)
        for (rule, severity), total in totals.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.per_minute, -row.total, row.rule)))


def _severities(rows: Iterable[RuleRow]) -> dict[str, tuple[int, float]]:
    found = {severity.value: (0, 0.0) for severity in reversed(ALERT_SEVERITIES)}
    for row in rows:
        total, rate = found.get(row.severity, (0, 0.0))
        found[row.severity] = total + row.total, rate + row.per_minute
    return found


def _counts(last: Sample, base: Sample | None, name: str, label: str) -> dict[str, int]:
    counted = {key[0]: round(value) for key, value in increase(base, last, name, (label,)).items()}
    return dict(sorted(((k, n) for k, n in counted.items() if n), key=lambda pair: -pair[1]))


def _latency(first: Sample, last: Sample) -> tuple[float, float] | None:
    """Of the window; where nothing came in it, of all since the processes started."""
    name = "redline_end_to_end_seconds_bucket"
    for before in (first, None):
        buckets = dict(_bounds(increase(before, last, name, ("le",))))
        p50, p99 = _quantile(buckets, 0.5), _quantile(buckets, 0.99)
        if p50 is not None and p99 is not None:
            return p50, p99
    return None


def _bounds(counts: dict[tuple[str, ...], float]) -> Iterable[tuple[float, float]]:
    for (bound,), count in counts.items():
        with suppress(ValueError):  # what is no number is no bound of ours
            yield float(bound), count


def _quantile(buckets: dict[float, float], q: float) -> float | None:
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] <= 0:
        return None
    rank, below, low = q * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= rank and count > below:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / (count - below)
        below, low = count, bound
    return low


def _lag(sample: Sample, prefix: str = "") -> dict[str, int]:
    """The broker's word where there is one, else the workers'."""
    if sample.group is not None:
        return dict(sample.group.lag)
    lag: dict[str, int] = {}
    for process in sample.processes:
        for pairs, records in process.series.get("redline_consumer_lag", {}).items():
            topic = dict(pairs).get("topic", "").removeprefix(prefix)
            lag[topic] = lag.get(topic, 0) + round(records)
    return lag


def _troubles(sample: Sample, bootstrap: str) -> Iterable[str]:
    """What is wrong, a sentence each with what to do, the gravest first."""
    workers = [p for p in sample.processes if p.kind == "worker"]
    members = len(sample.group.members) if sample.group is not None else None
    there = [p for p in workers if p.there]
    waiting = sum(_lag(sample).values())
    if sample.broker_trouble is not None and not there:
        why = sample.broker_trouble.partition(";")[0]
        yield (
            f"Nothing is running: no broker at {bootstrap} serves us ({why}), and no worker tells its metrics. "
            "`redline demo` runs everything on this machine; --bootstrap names a cluster."
        )
    elif sample.broker_trouble is not None:
        yield f"The broker is away: {sample.broker_trouble}. Workers wait and lose nothing; `redline doctor` looks."
    elif members == 0 and not there:
        wait = f"{waiting} records wait" if waiting else "articles will wait"
        yield f"No worker is running: {wait}. Start one: redline worker"
    if sample.source_trouble is not None:
        yield f"{sample.source_trouble[0].upper()}{sample.source_trouble[1:]}. Start it, or leave --prometheus-url out."
    elif members and not there:
        at = ", ".join(p.at for p in workers) or "any address"
        yield (
            f"Workers in the group: {members}, but none tells its metrics at {at}. Name it with --metrics URL, or all "
            "with --prometheus-url URL."
        )
    for process in sample.processes:
        if process.trouble is not None and process.there:
            yield f"The {process.kind} at {process.at} is not ready: {process.trouble}"
        elif process.trouble is not None and (there or process.kind != "worker"):  # that none is there has been said
            yield f"The {process.kind} at {process.at} tells nothing: {process.trouble}"
    for process in there:
        if process.value("redline_rules_reload_success") == 0:
            yield f"The worker at {process.at} cannot use the rule files as they are: `redline rules check` says why."
    if waiting > LAG_RECORDS_MANY:
        yield f"{waiting} records wait. If the lag grows, start more workers, or look at `redline rules check`."
