"""Named events: what happened, and with it the metrics it moves and the log line it writes.

Components never touch a counter or a logger: they `emit` one of these values. So a log line and its metric cannot
drift apart, and the list of classes below is the list of all that can be observed.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from stream.engine import Facts
from stream.model import Severity
from stream.rulelang.ruleset import RuleSet
from stream.telemetry.logs import FIELDS_ATTRIBUTE, Throttle
from stream.telemetry.metrics import NO_SOURCE, Metrics

DEAD_REASONS_LOGGED_MAX = 5
"""Of one batch; the others are counted and in `articles.dead`."""


@dataclass(frozen=True, slots=True)
class Line:
    """A log line. `kind` groups lines for throttling; None is never throttled."""

    level: int
    message: str
    fields: dict[str, Any] = field(default_factory=dict)
    kind: str | None = None


class Event(Protocol):
    """What `Telemetry.emit` takes."""

    def measure(self, metrics: Metrics) -> None:
        """Moves the metrics of this event."""

    def lines(self) -> list[Line]:
        """The log lines of this event, often none."""


class Telemetry:
    """Where events go: metrics and the log."""

    def __init__(self, metrics: Metrics, logger: str = "redline") -> None:
        self.metrics = metrics
        self._logger = logging.getLogger(logger)
        self._throttle = Throttle()

    def emit(self, event: Event) -> None:
        """Counts and logs one event. Never raises on content."""
        event.measure(self.metrics)
        for line in event.lines():
            held_back = 0 if line.kind is None else self._throttle.admit(line.kind)
            if held_back is None:
                continue
            fields = {**line.fields, "held_back": held_back} if held_back else line.fields
            self._logger.log(line.level, "%s", line.message, extra={FIELDS_ATTRIBUTE: fields})


class _Silent:
    """An event without a log line."""

    __slots__ = ()

    def lines(self) -> list[Line]:
        """None."""
        return []


class _Uncounted:
    """An event without a metric."""

    __slots__ = ()

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""


# The data path ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChunkTagged:
    """Agent 1 finished a chunk: all its outputs are acknowledged. `engine_seconds` is the time of the engine call."""

    facts: Facts
    engine_seconds: float

    def measure(self, metrics: Metrics) -> None:
        """Articles, bytes, topics, dead letters, batch size and time."""
        facts = self.facts
        metrics.add("redline_articles_total", facts.records - facts.controls, stage="received")
        metrics.add("redline_articles_total", facts.articles, stage="tagged")
        metrics.add("redline_articles_total", facts.dead.total(), stage="refused")
        metrics.add("redline_article_bytes_total", facts.article_bytes)
        for topic, count in facts.topics.items():
            metrics.add("redline_topics_total", count, topic=topic)
        _measure_batch(metrics, facts, self.engine_seconds, "tag")

    def lines(self) -> list[Line]:
        """Refusals and failing rules."""
        return _dead_lines(self.facts) + [
            Line(logging.ERROR, "rule failed on an article and was skipped", {"rule": rule, "error": error}, rule)
            for rule, error in self.facts.rule_errors
        ]


@dataclass(frozen=True, slots=True)
class ChunkAlerted:
    """Agent 2 finished a chunk; `now` is the wall clock at the broker's acknowledgement."""

    facts: Facts
    engine_seconds: float
    now: datetime

    def measure(self, metrics: Metrics) -> None:
        """Alerts, latencies, dead letters, batch size and time."""
        now_ms = self.now.timestamp() * 1_000
        for (rule, severity, state), count in self.facts.alerts.items():
            metrics.add("redline_alerts_total", count, rule=rule, severity=severity, state=state)
        for (rule, severity, state), count in self.facts.episodes.items():
            metrics.add("redline_episodes_total", count, rule=rule, severity=severity, state=state)
        for (source, severity), count in self.facts.alert_sources.items():
            metrics.add("redline_alerts_by_source_total", count, source=source or NO_SOURCE, severity=severity)
        for (rule, by), count in self.facts.suppressed.items():
            metrics.add("redline_alerts_suppressed_total", count, rule=rule, by=by)
        metrics.add("redline_late_total", self.facts.late)
        metrics.add("redline_matches_known_total", self.facts.known)
        metrics.add("redline_state_forgotten_total", self.facts.forgotten)
        if self.facts.watermark_seconds is not None:
            metrics.set("redline_watermark_seconds", self.facts.watermark_seconds)
        for moment_ms in self.facts.raw_timestamps_ms:
            metrics.observe("redline_end_to_end_seconds", max(0.0, (now_ms - moment_ms) / 1_000))
        for published in self.facts.published_live:
            metrics.observe("redline_published_to_alert_seconds", max(0.0, (self.now - published).total_seconds()))
        _measure_batch(metrics, self.facts, self.engine_seconds, "alert")

    def lines(self) -> list[Line]:
        """Refusals."""
        return _dead_lines(self.facts)


@dataclass(frozen=True, slots=True)
class LagMeasured(_Silent):
    """How many records of each assigned partition, by (topic, partition), are not yet finished."""

    records: dict[tuple[str, int], int]

    def measure(self, metrics: Metrics) -> None:
        """The lag; partitions that went away disappear."""
        metrics.keep("redline_consumer_lag", {(topic, str(partition)) for topic, partition in self.records})
        for (topic, partition), lag in self.records.items():
            metrics.set("redline_consumer_lag", lag, topic=topic, partition=str(partition))


# The life of a worker --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RulesLoaded:
    """A rule set came into force."""

    ruleset: RuleSet
    folder: str

    def measure(self, metrics: Metrics) -> None:
        """Counts by kind, the digest, and zeros by rule, topic and stage, so that the first of each is an increase."""
        kinds = self._kinds()
        for kind, count in kinds.items():
            metrics.set("redline_rules_loaded", count, kind=kind)
        metrics.clear("redline_rules_info")
        metrics.set("redline_rules_reload_success", 1)
        for outcome in ("changed", "same", "refused"):
            metrics.add("redline_rules_reloads_total", 0, outcome=outcome)
        metrics.set("redline_rules_info", 1, digest=self.ruleset.digest)
        for stage in ("received", "tagged", "refused"):
            metrics.add("redline_articles_total", 0, stage=stage)
        for topic in dict.fromkeys(topic for rule in self.ruleset.rules for topic in rule.topics):
            metrics.add("redline_topics_total", 0, topic=topic)
        for rule in self.ruleset.rules:
            if rule.severity is not Severity.NONE:
                metrics.add("redline_alerts_total", 0, rule=rule.id, severity=rule.severity.value, state="fired")
            if rule.throttle is not None:
                metrics.add("redline_alerts_suppressed_total", 0, rule=rule.id, by="throttle")
        for each in self.ruleset.correlations:
            for name in ("redline_alerts_total", "redline_episodes_total"):
                for state in ("fired", "updated", "resolved"):
                    metrics.add(name, 0, rule=each.id, severity=each.severity.value, state=state)

    def lines(self) -> list[Line]:
        """What is in force."""
        fields = {"folder": self.folder, **self._kinds(), "digest": self.ruleset.digest[:12]}
        return [Line(logging.INFO, "rules loaded", fields)]

    def _kinds(self) -> dict[str, int]:
        kinds = Counter("topic" if rule.severity is Severity.NONE else "alert" for rule in self.ruleset.rules)
        return {
            "topic": kinds["topic"],
            "alert": kinds["alert"],
            "correlation": len(self.ruleset.correlations),
            "list": self.ruleset.lists,
        }


@dataclass(frozen=True, slots=True)
class HealthServing(_Uncounted):
    """The health server listens."""

    url: str

    def lines(self) -> list[Line]:
        """Where."""
        return [Line(logging.INFO, "serving /metrics, /livez and /readyz", {"url": self.url})]


@dataclass(frozen=True, slots=True)
class WorkerStarting(_Uncounted):
    """The broker answers and the topics are there; the worker joins its group."""

    bootstrap: str
    group: str

    def lines(self) -> list[Line]:
        """Where it joins."""
        return [Line(logging.INFO, "joining the consumer group", {"broker": self.bootstrap, "group": self.group})]


@dataclass(frozen=True, slots=True)
class PartitionsAssigned(_Uncounted):
    """The group gave this worker its partitions. `waited_seconds` since the start or the last revocation."""

    partitions: int
    waited_seconds: float
    first: bool

    def lines(self) -> list[Line]:
        """How many, and how long it took."""
        message = "worker ready" if self.first else "partitions assigned again"
        return [Line(logging.INFO, message, {"partitions": self.partitions, "seconds": round(self.waited_seconds, 2)})]


@dataclass(frozen=True, slots=True)
class PartitionsRevoked(_Uncounted):
    """The group takes partitions away, to deal them out again."""

    partitions: int

    def lines(self) -> list[Line]:
        """How many."""
        return [Line(logging.INFO, "partitions revoked", {"partitions": self.partitions})]


@dataclass(frozen=True, slots=True)
class StreamMended(_Uncounted):
    """The driver found a gap and reads it again, or a hole in the log; nothing is lost by it."""

    what: str

    def lines(self) -> list[Line]:
        """What was found."""
        return [Line(logging.WARNING, self.what, kind="mended")]


@dataclass(frozen=True, slots=True)
class WorkerStopping(_Uncounted):
    """A signal asks the worker to end."""

    signal: str

    def lines(self) -> list[Line]:
        """Which."""
        return [Line(logging.INFO, "stopping", {"signal": self.signal})]


@dataclass(frozen=True, slots=True)
class WorkerStopped(_Uncounted):
    """The worker ended; `finished` is false if it had to leave Kafka without saying goodbye."""

    seconds: float
    finished: bool

    def lines(self) -> list[Line]:
        """How long it took."""
        if self.finished:
            return [Line(logging.INFO, "stopped", {"seconds": round(self.seconds, 2)})]
        message = "stopped without leaving the group in time; nothing was in work"
        return [Line(logging.WARNING, message, {"seconds": round(self.seconds, 2)})]


@dataclass(frozen=True, slots=True)
class GaveUp(_Uncounted):
    """The worker ends at once without a commit, to be started again; nothing confirmed is lost."""

    why: str
    error: str = ""

    def lines(self) -> list[Line]:
        """Why."""
        fields = {"error": self.error} if self.error else {}
        return [Line(logging.CRITICAL, f"giving up with exit code 75: {self.why}", fields)]


def _measure_batch(metrics: Metrics, facts: Facts, engine_seconds: float, stage: str) -> None:
    metrics.observe("redline_batch_articles", facts.records, stage=stage)
    metrics.observe("redline_engine_batch_seconds", engine_seconds, stage=stage)
    for (dead_stage, code), count in facts.dead.items():
        metrics.add("redline_dead_letters_total", count, stage=dead_stage, code=code)


def _dead_lines(facts: Facts) -> list[Line]:
    lines = [
        Line(logging.WARNING, "refused a record, see articles.dead", {"reason": reason}, "dead")
        for reason in facts.dead_reasons[:DEAD_REASONS_LOGGED_MAX]
    ]
    more = len(facts.dead_reasons) - len(lines)
    if more > 0:
        lines.append(Line(logging.WARNING, "refused more records of the same batch", {"records": more}, "dead"))
    return lines
