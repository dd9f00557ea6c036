"""All metrics of Redline: one table, and the registry that holds their values.

`TABLE` is the documentation, the registry and the bound in one: a name that is not in it, or labels other than
those it lists, is a bug and raises `KeyError`. Series are bounded: a metric has at most `SERIES_MAX` of them, and
what comes after is counted under the label value `other`, so no input can make the memory grow.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SERIES_MAX = 1_000
"""Series of one metric, the one named `other` apart; so at most 1,000 rules have a series of their own."""

OTHER = "other"
NO_SOURCE = "none given"
LABEL_CHARACTERS_MAX = 200
VALUES_MAX = 100
"""Values of a bounded label, `other` apart, unless the settings say so."""


SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
FINE_SECONDS = tuple(sorted((*SECONDS, 0.035, 0.045, 0.055, 0.06, 0.075, 0.09, 0.15)))
"""For what has an aim of 50 or 100 ms: a quantile is a straight line inside of a bucket."""
LONG_SECONDS = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0)
ENGINE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
COUNTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. `name` is as scraped; `unit` is a base unit; `buckets` are of histograms only.

    `bounded`: a label whose values come from outside; beyond so many of them, others are counted as `other`.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    unit: str
    help: str
    buckets: tuple[float, ...] = ()
    bounded: str = ""


TABLE: tuple[Metric, ...] = (
    Metric(
        "redline_articles_total",
        "counter",
        ("stage",),
        "articles",
        "Articles received, tagged, or refused (dead letters).",
    ),
    Metric("redline_article_bytes_total", "counter", (), "bytes", "Bytes of the raw records handed to the engine."),
    Metric("redline_topics_total", "counter", ("topic",), "articles", "Articles tagged with this topic."),
    Metric("redline_alerts_total", "counter", ("rule", "severity", "state"), "alerts", "Alerts written."),
    Metric(
        "redline_alerts_by_source_total",
        "counter",
        ("source", "severity"),
        "alerts",
        "Alerts on single articles, by the article's source; beyond `metrics_sources_max` sources: other.",
        bounded="source",
    ),
    Metric(
        "redline_episodes_total",
        "counter",
        ("rule", "severity", "state"),
        "alerts",
        "Alerts of correlations, by what became of the episode (fired, updated, resolved).",
    ),
    Metric(
        "redline_alerts_suppressed_total",
        "counter",
        ("rule", "by"),
        "alerts",
        "Alerts held back and written to alerts.suppressed, by what held them back.",
    ),
    Metric(
        "redline_late_total",
        "counter",
        (),
        "matches",
        "Matches that came after their correlation had counted their time.",
    ),
    Metric(
        "redline_matches_known_total",
        "counter",
        (),
        "matches",
        "Matches that came again and changed nothing, as after a crash.",
    ),
    Metric(
        "redline_state_forgotten_total",
        "counter",
        (),
        "entries",
        "Groups, stories, events, keys and runs that fell out of the state because a limit was reached.",
    ),
    Metric(
        "redline_watermark_seconds",
        "gauge",
        (),
        "seconds",
        "Event time (Unix) up to which live articles are complete, the grace of correlations apart.",
    ),
    Metric(
        "redline_dead_letters_total", "counter", ("stage", "code"), "records", "Refused records, by stage and code."
    ),
    Metric(
        "redline_engine_batch_seconds",
        "histogram",
        ("stage",),
        "seconds",
        "Time of one engine call, which blocks the worker.",
        ENGINE_SECONDS,
    ),
    Metric("redline_batch_articles", "histogram", ("stage",), "records", "Records in one engine call.", COUNTS),
    Metric(
        "redline_end_to_end_seconds",
        "histogram",
        (),
        "seconds",
        "From the raw record's Kafka timestamp to the broker's acknowledgement of its alert.",
        FINE_SECONDS,
    ),
    Metric(
        "redline_published_to_alert_seconds",
        "histogram",
        (),
        "seconds",
        "From the article's `published` to the acknowledgement of its alert; live articles only.",
        LONG_SECONDS,
    ),
    Metric(
        "redline_consumer_lag",
        "gauge",
        ("topic", "partition"),
        "records",
        "Records of an assigned partition not yet finished.",
    ),
    Metric("redline_broker_up", "gauge", (), "1", "1 if Kafka answers this service, 0 if it does not, or not yet."),
    Metric("redline_rules_loaded", "gauge", ("kind",), "rules or lists", "Rules (by kind) and lists in force."),
    Metric(
        "redline_rules_reload_success",
        "gauge",
        (),
        "1",
        "1 if the rule files are in force as they are, 0 if they cannot be used and older rules judge.",
    ),
    Metric(
        "redline_rules_reloads_total",
        "counter",
        ("outcome",),
        "reloads",
        "Changed rule files read (changed: a new rule set is in force, same: it means the same, refused).",
    ),
    Metric("redline_rules_info", "gauge", ("digest",), "1", "1 for the digest of the rule set in force."),
    Metric(
        "redline_ingest_articles_total",
        "counter",
        ("type", "outcome"),
        "articles",
        "What became of what sources found (accepted, refused, failed, known).",
    ),
    Metric("redline_source_articles_total", "counter", ("source",), "articles", "Articles of a source on the broker."),
    Metric("redline_source_up", "gauge", ("source",), "1", "1 if a source's last attempt worked, 0 if it did not."),
    Metric(
        "redline_source_last_article_timestamp_seconds",
        "gauge",
        ("source",),
        "seconds",
        "When a source last brought an article, as a Unix time; missing until then.",
    ),
    Metric("redline_ingest_waiting_articles", "gauge", (), "articles", "Articles that wait for the broker's answer."),
    Metric("redline_ingest_requests_total", "counter", ("status",), "requests", "HTTP requests answered, by status."),
    Metric(
        "redline_ingest_request_seconds",
        "histogram",
        (),
        "seconds",
        "From a request's head to its answer, acknowledgement by the broker included.",
        SECONDS,
    ),
    Metric(
        "redline_feed_polls_total",
        "counter",
        ("outcome",),
        "requests",
        "Feeds asked for (changed, unchanged, failed), and pages for full texts (page, page_failed).",
    ),
    Metric(
        "redline_notify_alerts_total",
        "counter",
        ("destination", "outcome"),
        "alerts",
        "What became of alerts for a destination (delivered, undelivered: put aside, silenced).",
    ),
    Metric(
        "redline_notify_requests_total",
        "counter",
        ("destination", "outcome"),
        "requests",
        "Requests to a destination (taken, failed: tried again, refused: never taken).",
    ),
    Metric(
        "redline_notify_waiting_alerts",
        "gauge",
        ("destination", "why"),
        "alerts",
        "Alerts read and not delivered yet (new, retry, digest, held: by quiet hours).",
    ),
    Metric(
        "redline_notify_breaker_state",
        "gauge",
        ("destination",),
        "1",
        "Circuit breaker of a destination: 0 closed, 1 half-open, 2 open, 3 disabled because the destination is gone.",
    ),
    Metric(
        "redline_notify_request_seconds",
        "histogram",
        ("destination",),
        "seconds",
        "From the beginning of a request to its answer.",
        SECONDS,
    ),
    Metric(
        "redline_notify_delay_seconds",
        "histogram",
        ("destination",),
        "seconds",
        "From an alert's arrival on its topic to its delivery, digests and quiet hours included.",
        LONG_SECONDS,
    ),
    Metric(
        "redline_notify_lag",
        "gauge",
        ("destination",),
        "records",
        "Records of the alert topics behind a destination's position.",
    ),
    Metric(
        "redline_notify_reload_success",
        "gauge",
        (),
        "1",
        "1 if the routes file is in force as it is, 0 if it cannot be used and older routes deliver.",
    ),
    Metric(
        "redline_notify_reloads_total",
        "counter",
        ("outcome",),
        "reloads",
        "Changed routes files read (changed: new routes are in force, same: they are the same, refused).",
    ),
    Metric("redline_replay_articles", "gauge", (), "articles", "Articles that the current replay will send."),
    Metric("redline_replay_sent_total", "counter", (), "articles", "Articles handed to the Kafka client."),
    Metric("redline_replay_acknowledged_total", "counter", (), "articles", "Articles that the broker acknowledged."),
    Metric("redline_replay_failed_total", "counter", (), "articles", "Articles refused or not acknowledged."),
    Metric("redline_replay_bytes_total", "counter", (), "bytes", "Bytes of the articles acknowledged."),
    Metric("redline_replay_progress_ratio", "gauge", (), "ratio", "Share of the current replay done, 0 to 1."),
    Metric("redline_replay_behind_seconds", "gauge", (), "seconds", "How far sending is behind the recorded pace."),
    Metric("redline_web_readers", "gauge", (), "readers", "People and programs that read the page's alerts live."),
    Metric("redline_web_readers_refused_total", "counter", ("reason",), "readers", "Readers too many or too slow."),
    Metric("redline_web_events_dropped_total", "counter", (), "events", "Events that slow readers have missed."),
    Metric("redline_web_logins_refused_total", "counter", (), "logins", "Wrong tokens given to the page."),
)
"""Every metric that is measured today, in the order of the data path, then sources, delivery, replayer, page."""


class Metrics:
    """The values. Safe to use from several threads; make one a process and hand it down."""

    def __init__(self, *, series_max: int = SERIES_MAX, values_max: int = VALUES_MAX) -> None:
        """`values_max`: of each bounded label; the first ones that come have series of their own."""
        # Without this, every counter also shows a `_created` series that nobody asks for.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._series_max, self._values_max = series_max, values_max
        self._bounded: dict[str, set[str]] = {row.name: set() for row in TABLE if row.bounded}
        self._rows = {row.name: row for row in TABLE}
        # A gauge that is 0 says something; one of another service should not be there at all.
        self._unset = {row.name for row in TABLE if row.kind == "gauge" and not row.labels}
        self._setting = threading.Lock()
        self._families = {row.name: _family(row, None if row.name in self._unset else self.registry) for row in TABLE}
        self._children: dict[str, dict[tuple[str, ...], Counter | Gauge | Histogram]] = {row.name: {} for row in TABLE}

    def add(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Counts `amount` (≥ 0; 0 makes the series appear) onto a counter."""
        child = self._child(name, labels)
        assert isinstance(child, Counter), f"{name} is no counter"
        child.inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge. One without labels is scraped from then on."""
        child = self._child(name, labels)
        assert isinstance(child, Gauge), f"{name} is no gauge"
        child.set(value)
        if name in self._unset:
            with self._setting:
                if name in self._unset:
                    self._unset.discard(name)
                    self.registry.register(child)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Puts one value, in the metric's unit, into a histogram."""
        child = self._child(name, labels)
        assert isinstance(child, Histogram), f"{name} is no histogram"
        child.observe(value)

    def clear(self, name: str) -> None:
        """Forgets all series of a metric."""
        self._children[name].clear()
        self._families[name].clear()

    def keep(self, name: str, series: Collection[tuple[str, ...]]) -> None:
        """Forgets all series but these (label values), such as the lag of partitions that went to another worker.

        Whoever scrapes meanwhile misses none of those that stay.
        """
        for values in [known for known in self._children[name] if known not in series]:
            del self._children[name][values]
            self._families[name].remove(*values)

    def value(self, name: str, **labels: str) -> float:
        """The value of one series (of a histogram: its number of observations), 0 if it does not exist."""
        row = self._rows[name]
        sample = name + "_count" if row.kind == "histogram" else name
        return self.registry.get_sample_value(sample, labels) or 0.0

    def exposition(self) -> bytes:
        """All values in Prometheus' text format 0.0.4 (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)

    def _child(self, name: str, labels: dict[str, str]) -> Counter | Gauge | Histogram:
        row = self._rows[name]
        if not row.labels:
            if labels:
                raise KeyError(f"{name} has no labels, found {sorted(labels)}")
            return self._families[name]
        if len(labels) != len(row.labels):
            raise KeyError(f"{name} has the labels {row.labels}, found {tuple(labels)}")
        values = tuple(labels[label][:LABEL_CHARACTERS_MAX] for label in row.labels)
        if row.bounded:
            values = self._within_bounds(row, values)
        children = self._children[name]
        child = children.get(values)
        if child is None:
            if len(children) >= self._series_max:
                values = (OTHER,) * len(values)
            child = self._families[name].labels(*values)
            children[values] = child
        return child

    def _within_bounds(self, row: Metric, values: tuple[str, ...]) -> tuple[str, ...]:
        at, known = row.labels.index(row.bounded), self._bounded[row.name]
        if values[at] in known:
            return values
        if len(known) < self._values_max:
            known.add(values[at])
            return values
        return (*values[:at], OTHER, *values[at + 1 :])


def _family(row: Metric, registry: CollectorRegistry | None) -> Counter | Gauge | Histogram:
    match row.kind:
        case "counter":
            return Counter(row.name, row.help, row.labels, registry=registry)
        case "gauge":
            return Gauge(row.name, row.help, row.labels, registry=registry)
        case "histogram":
            return Histogram(row.name, row.help, row.labels, registry=registry, buckets=row.buckets)
