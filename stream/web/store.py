"""What the page keeps: alerts, held back alerts, articles, decisions, counts. All bounded; used by one thread.

Alerts and articles are in the order of their arrival; the oldest go first. Ids are remembered for longer than alerts,
so that an alert that comes again is never shown twice.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from stream.broker.deduplicator import Deduplicator
from stream.model import Severity
from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.web.cards import Card
from stream.web.counts import Counts
from stream.web.filters import Filter

_T = TypeVar("_T")

IDS_MAX = 200_000
SUPPRESSED_MAX = 2_000
HELD_BACK_REASONS_MAX = 500
DECISIONS_MAX = 100_000
SILENCES_MAX = 5_000
ALERT_BYTES_MEAN = 16_384
"""Alerts are also bounded in bytes: by so many times their largest number."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One alert: its card, its CloudEvent as it stands on the topic, and when it arrived (ms since 1970)."""

    card: Card
    event: bytes
    arrived_ms: int


class Store:
    """The state of the page."""

    def __init__(self, *, alerts_max: int, articles_bytes_max: int) -> None:
        self._alerts_max = alerts_max
        self._alerts_bytes_max = alerts_max * ALERT_BYTES_MEAN
        self._articles_bytes_max = articles_bytes_max
        self._alerts: OrderedDict[str, Kept] = OrderedDict()
        self._alerts_bytes = 0
        self._articles: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._articles_bytes = 0
        self._seen = Deduplicator(IDS_MAX)
        self._seq = 0
        self.suppressed: deque[Kept] = deque(maxlen=SUPPRESSED_MAX)
        self.held_back: Counter[tuple[str, str]] = Counter()
        self.acknowledged: OrderedDict[str, Acknowledgement] = OrderedDict()
        self.verdicts: OrderedDict[str, Verdict] = OrderedDict()
        self.silences: OrderedDict[str, Silence] = OrderedDict()
        self.counts = Counts()

    # Taking in -------------------------------------------------------------------------------------------------

    def add_alert(self, card: Card, event: bytes, arrived_ms: int) -> Kept | None:
        """Keeps an alert; None if its id was seen before."""
        if not self._seen.first(card["id"]) or card["id"] in self._alerts:
            return None
        self._seq += 1
        card["seq"] = self._seq
        if card["suppressed"] is not None:
            kept = Kept(card, event, arrived_ms)
            self.suppressed.append(kept)
            reason = card["suppressed"]["by"], card["suppressed"]["reason"]
            known = reason in self.held_back or len(self.held_back) < HELD_BACK_REASONS_MAX
            self.held_back[reason if known else ("other", "further reasons")] += 1
            self.counts.suppressed(arrived_ms)
            return kept
        kept = self._alerts[card["id"]] = Kept(card, event, arrived_ms)
        self._alerts_bytes += len(event)
        while len(self._alerts) > self._alerts_max or self._alerts_bytes > self._alerts_bytes_max:
            self._alerts_bytes -= len(self._alerts.popitem(last=False)[1].event)
        self.counts.alert(card, arrived_ms)
        return kept

    def add_article(self, article: str, revision: int, event: bytes) -> None:
        """Keeps a tagged article's CloudEvent."""
        self._articles_bytes -= len(self._articles.pop((article, revision), b""))
        self._articles[article, revision] = event
        self._articles_bytes += len(event)
        while self._articles_bytes > self._articles_bytes_max:
            self._articles_bytes -= len(self._articles.popitem(last=False)[1])

    def add_decision(self, decision: Acknowledgement | Verdict | Silence) -> None:
        """Keeps the newest of each key."""
        match decision:
            case Acknowledgement():
                _keep(self.acknowledged, decision.alert, decision, DECISIONS_MAX)
            case Verdict():
                _keep(self.verdicts, decision.alert, decision, DECISIONS_MAX)
            case Silence():
                _keep(self.silences, decision.id, decision, SILENCES_MAX)

    def decision(self, like: Acknowledgement | Verdict | Silence) -> Acknowledgement | Verdict | Silence | None:
        """What is kept under the key of a decision."""
        match like:
            case Acknowledgement():
                return self.acknowledged.get(like.alert)
            case Verdict():
                return self.verdicts.get(like.alert)
            case Silence():
                return self.silences.get(like.id)

    # Asking ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._alerts)

    @property
    def seq(self) -> int:
        """The number of the newest alert."""
        return self._seq

    def alert(self, identifier: str) -> Kept | None:
        """An alert by its id, held back ones too."""
        found = self._alerts.get(identifier)
        if found is not None:
            return found
        return next((kept for kept in self.suppressed if kept.card["id"] == identifier), None)

    def article(self, article: str, revision: int) -> bytes | None:
        """A tagged article's CloudEvent, if it is still here."""
        return self._articles.get((article, revision))

    def newest_first(self, wanted: Filter, *, before: int | None = None) -> Iterator[Kept]:
        """The alerts of a view; only those older than the number `before`."""
        for kept in reversed(self._alerts.values()):
            if (before is None or kept.card["seq"] < before) and wanted.matches(kept.card):
                yield kept

    def since(self, arrived_ms: int) -> Iterator[tuple[Card, int]]:
        """Alerts that arrived after a moment, and those held back, each with its arrival."""
        for held in (reversed(self._alerts.values()), reversed(self.suppressed)):
            for kept in held:
                if kept.arrived_ms > arrived_ms:
                    yield kept.card, kept.arrived_ms

    def silence_for(self, card: Card, now: datetime) -> Silence | None:
        """The silence in force that applies to an alert, the newest of several."""
        for silence in reversed(self.silences.values()):
            if silence.applies(
                now,
                rule=card["rule"],
                topics=tuple(card["topics"]),
                source=card["source"],
                severity=Severity(card["severity"]),
            ):
                return silence
        return None

    def facets(self) -> dict[str, list[tuple[str, int]]]:
        """What there is to filter by, with how many alerts have it, most first."""
        rules: Counter[str] = Counter()
        topics: Counter[str] = Counter()
        sources: Counter[str] = Counter()
        for kept in self._alerts.values():
            rules[kept.card["rule"]] += 1
            topics.update(kept.card["topics"])
            if kept.card["source"]:
                sources[kept.card["source"]] += 1
        return {"rule": rules.most_common(500), "topic": topics.most_common(200), "source": sources.most_common(500)}


def _keep(kept: OrderedDict[str, _T], key: str, value: _T, count_max: int) -> None:
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > count_max:
        kept.popitem(last=False)
