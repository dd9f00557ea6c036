"""What the tests of detection share: matches, control records, and a memory that is fed with a log of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from stream.alert import raise_alert, raise_episode
from stream.detect import Definitions, DetectLimits, Memory, Told, to_us
from stream.model import Alert, ArticleRef, Evidence, Match, RuleRef, Severity
from stream.rulelang import Correlation, Rule, SourceFile, load
from stream.rulelang.ruleset import RuleSet
from stream.wire.cloudevent import alert_event
from stream.wire.matchcodec import correlation_key, state_key

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2030, 1, 1, tzinfo=UTC)

RULES = """\
kind: rule
id: a
severity: low
match: x
alert: {group_by: [rule, source], throttle: {every: 30m, per: [rule, source]}}
tests: [{name: f, article: {body: x}, expect: fire}]
---
kind: rule
id: b
severity: low
match: y
tests: [{name: f, article: {body: y}, expect: fire}]
"""


def ruleset(correlations: str = "") -> RuleSet:
    """Rules a (throttled) and b, and what is given."""
    loaded = load([SourceFile("t.yml", RULES + correlations)])
    assert loaded.ruleset is not None, loaded.diagnostics
    return loaded.ruleset


def correlation(**fields: object) -> str:
    """A correlation as a document."""
    given = {"id": "c", "type": "event_count", "rules": "[a, b]", "window": "{size: 1h}", "severity": "high"}
    lines = "".join(f"{key}: {value}\n" for key, value in (given | fields).items())
    return f"---\nkind: correlation\n{lines}"


def match(
    article: str,
    seconds: float,
    rule: str = "a",
    *,
    source: str = "",
    run: str | None = None,
    counted: Correlation | None = None,
    revision: int = 1,
    fingerprint: bytes = b"",
    severity: Severity = Severity.LOW,
) -> Match:
    """A match of an article `seconds` after BEGIN; `counted`: for this correlation, not for the rule's own alert."""
    values = (("source", source),) if source else ()
    group = tuple(dict(values).get(name, "") for name in counted.group_by) if counted else ()
    time = BEGIN + timedelta(seconds=seconds)
    return Match(
        rule=RuleRef(rule, 1, rule, severity, (), (), ""),
        article=ArticleRef(article, revision, None, f"Title of {article}", source or None, time, "0" * 64),
        run=run,
        exercise=False,
        time=time,
        raw_timestamp_ms=0,
        summary=f"about {article}",
        evidence=(Evidence("x", "body", 0, 1, "x", "x " * 400),),
        key=correlation_key(run, counted.id, group) if counted else state_key(run, rule),
        fingerprint=fingerprint,
        values=values,
        correlation=counted.id if counted else None,
        group=group,
    )


def told(
    seconds: float, *, run: str | None = None, partition: int = 0, partitions: int = 1, ended: bool = False
) -> Told:
    """A control record: everything before so many seconds after BEGIN has come."""
    us = to_us(BEGIN + timedelta(seconds=seconds))
    return Told(run, partition, partitions, us, us, ended)


Logged = Match | Told


@dataclass
class Feeder:
    """Feeds a log into a memory, as the worker does; offsets are positions in the log."""

    rules: RuleSet
    limits: DetectLimits | None = None

    def __post_init__(self) -> None:
        self.definitions = Definitions.of(self.rules)
        self.by_id: dict[str, Rule] = {rule.id: rule for rule in self.rules.rules}
        self.refs = {c.id: RuleRef(c.id, c.version, c.title, c.severity, (), (), "") for c in self.rules.correlations}
        self.memory = Memory(self.limits or DetectLimits())
        self.table: dict[str, bytes] = {}
        self.late = 0
        self.known = 0

    def feed(self, records: Iterable[tuple[int, Logged]]) -> list[Alert]:
        """The alerts, held-back ones included."""
        alerts: list[Alert] = []
        for offset, record in records:
            match record:
                case Told():
                    for due in self.memory.hear(record, offset, self.definitions):
                        summary = self.definitions.correlations[due.detection.correlation].summary
                        reference = self.refs[due.detection.correlation]
                        alerts.append(raise_episode(due.detection, reference, summary, due.key, NOW))
                case Match(correlation=str(name)):
                    outcome = self.memory.correlation(self.definitions.correlations[name], record, offset)
                    self.late += outcome == "late"
                    self.known += outcome == "known"
                case Match():
                    ruling = self.memory.rule(self.by_id[record.rule.id], record, offset)
                    self.known += ruling is None
                    if ruling is not None:
                        alerts.append(raise_alert(record, NOW, ruling))
        return alerts

    def save(self, *, steps: int = 3) -> None:
        """Writes what changed to the table, as far as a crash lets it: parts, states, clocks."""
        changes = self.memory.changes()
        for step in (changes.parts, changes.states, changes.last)[:steps]:
            for key, data in step:
                if data is None:
                    self.table.pop(key, None)
                else:
                    self.table[key] = data

    def restart(self) -> None:
        """Forgets everything but the table."""
        self.memory = Memory.restore(self.table.items(), self.memory.limits)


def as_bytes(alerts: Sequence[Alert]) -> dict[str, set[bytes]]:
    """The events by id; held-back ones carry their reason."""
    found: dict[str, set[bytes]] = {}
    for alert in alerts:
        found.setdefault(alert.id, set()).add(alert_event(alert, pipeline="p", bytes_max=65_536))
    return found


def dated(match_: Match, run: str) -> Match:
    """The same match in a run."""
    return replace(match_, run=run)
