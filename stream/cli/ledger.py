"""What a demo run came to: counted from the records on the topics themselves, so that the ledger must add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import orjson

from stream.broker.deduplicator import Deduplicator
from stream.model import Record
from stream.wire.decode import is_control

IDS_MAX = 100_000


@dataclass(slots=True)
class Seen:
    """Counts of one run. `take` returns the alert in a record, if it is one that was not seen before."""

    prefix: str
    tagged: int = 0
    dead: int = 0
    dead_of_alerts: int = 0
    matches: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    episodes: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)
    late: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    first_ms: int | None = None
    last_ms: int | None = None
    _ids: Deduplicator = field(default_factory=lambda: Deduplicator(IDS_MAX))

    def take(self, record: Record) -> dict[str, object] | None:
        """Count one record of any topic but `articles.raw`."""
        if is_control(record):
            return None
        match record.topic.removeprefix(self.prefix):
            case "articles.tagged":
                self.tagged += 1
                self.topics.update(t["topic"] for t in orjson.loads(record.value or b"{}")["data"]["topics"])
                self._at(record.timestamp_ms)
            case "articles.dead":
                stage = dict(record.headers).get("redline-stage")
                self.dead += stage != b"alert"
                self.dead_of_alerts += stage == b"alert"
            case "matches":
                self._match(record)
            case "alerts.suppressed":
                self._suppressed(record)
            case "articles.late":
                self.late += 1
            case _:
                return self._alert(record)
        return None

    def done(self, sent: int) -> bool:
        """True if every article sent is tagged or dead, and every match an alert, held back or dead.

        Matches that correlations count are not waited for: most of them come to nothing.
        """
        ruled = self.alerts.total() - self.episodes + self.suppressed.total() + self.dead_of_alerts
        return self.tagged + self.dead >= sent and ruled >= self.matches

    def _match(self, record: Record) -> None:
        match = orjson.loads(record.value or b"{}")
        article = match.get("article", {})
        name = f"match {record.key!r} {article.get('id')} {article.get('revision')}"
        if "correlation" not in match and self._ids.first(name):
            self.matches += 1

    def _suppressed(self, record: Record) -> None:
        event = orjson.loads(record.value or b"{}")
        if self._ids.first(event["id"]):
            self.suppressed[f"{event['data']['suppressed']['by']} of {event['subject']}"] += 1

    def _alert(self, record: Record) -> dict[str, object] | None:
        event = orjson.loads(record.value or b"{}")
        if not self._ids.first(event["id"]):
            return None
        self.alerts[event["severitytext"]] += 1
        self.rules[event["subject"]] += 1
        # The state key of a correlation ends with the values of its group.
        self.episodes += isinstance(orjson.loads(event["partitionkey"])[-1], list)
        assert isinstance(event, dict)
        return event

    def _at(self, timestamp_ms: int) -> None:
        self.first_ms = timestamp_ms if self.first_ms is None else min(self.first_ms, timestamp_ms)
        self.last_ms = timestamp_ms if self.last_ms is None else max(self.last_ms, timestamp_ms)
