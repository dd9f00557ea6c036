"""What the overview draws: counts by minute of the last hour and by day, from the times at which records arrived."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any

from stream.model import ALERT_SEVERITIES
from stream.web.cards import Card

SLOT_MS = 10_000
SLOTS_MAX = 361
MINUTE_MS = 60_000
MINUTES_MAX = 61
DAY_MS = 86_400_000
DAYS_MAX = 14
TOPICS_DRAWN_MAX = 8
OTHER = "other"


class Counts:
    """Counters in slots of time; slots that are too old are forgotten. Times are in ms since 1970."""

    def __init__(self) -> None:
        self._articles: OrderedDict[int, int] = OrderedDict()
        self._topics: OrderedDict[int, Counter[str]] = OrderedDict()
        self._severities: OrderedDict[int, Counter[str]] = OrderedDict()
        self._suppressed: OrderedDict[int, Counter[str]] = OrderedDict()
        self._dead: OrderedDict[int, Counter[str]] = OrderedDict()
        self._rules: OrderedDict[int, Counter[str]] = OrderedDict()
        self._tags: Counter[str] = Counter()
        self._last: dict[str, tuple[int, str]] = {}
        self.articles_total = 0
        self.alerts_since_ms: int | None = None

    def article(self, topics: list[str], rules: list[str], arrived_ms: int) -> None:
        """One tagged article."""
        slot = arrived_ms // SLOT_MS
        self._articles[slot] = self._articles.get(slot, 0) + 1
        _forget(self._articles, SLOTS_MAX)
        _count(self._topics, arrived_ms // MINUTE_MS, topics, MINUTES_MAX)
        self._tags.update(rules)
        self.articles_total += 1

    def alert(self, card: Card, arrived_ms: int) -> None:
        """One alert."""
        self.alerts_since_ms = min(arrived_ms, self.alerts_since_ms or arrived_ms)
        _count(self._severities, arrived_ms // MINUTE_MS, [card["severity"]], MINUTES_MAX)
        _count(self._rules, arrived_ms // DAY_MS, [card["rule"]], DAYS_MAX)
        if arrived_ms >= self._last.get(card["rule"], (0, ""))[0]:
            self._last[card["rule"]] = (arrived_ms, card["id"])

    def suppressed(self, arrived_ms: int) -> None:
        """One alert that was held back."""
        _count(self._suppressed, arrived_ms // MINUTE_MS, [OTHER], MINUTES_MAX)

    def dead(self, arrived_ms: int) -> None:
        """One dead letter."""
        _count(self._dead, arrived_ms // MINUTE_MS, [OTHER], MINUTES_MAX)

    def articles_per_second(self, now_ms: int) -> float:
        """Of the last whole slots and the one that runs."""
        slot = now_ms // SLOT_MS
        seconds = (2 * SLOT_MS + now_ms % SLOT_MS) / 1_000
        return sum(self._articles.get(s, 0) for s in (slot - 2, slot - 1, slot)) / seconds

    def overview(self, now_ms: int) -> dict[str, Any]:
        """Sixty minutes, oldest first: articles a second (every 10 s), alerts by severity and topics (every minute)."""
        slot, minute = now_ms // SLOT_MS, now_ms // MINUTE_MS
        minutes = range(minute - 59, minute + 1)
        totals = Counter[str]()
        for at in minutes:
            totals.update(self._topics.get(at, Counter()))
        drawn = [topic for topic, _ in totals.most_common(TOPICS_DRAWN_MAX)]
        topics = {topic: [self._topics.get(at, Counter())[topic] for at in minutes] for topic in drawn}
        if len(totals) > len(drawn):
            topics[OTHER] = [
                sum(n for topic, n in self._topics.get(at, Counter()).items() if topic not in drawn) for at in minutes
            ]
        return {
            "minutes": [at * MINUTE_MS for at in minutes],
            "slots": [at * SLOT_MS for at in range(slot - 359, slot + 1)],
            "articles": [self._articles.get(at, 0) / (SLOT_MS / 1_000) for at in range(slot - 359, slot + 1)],
            "severities": {
                s.value: [self._severities.get(at, Counter())[s.value] for at in minutes] for s in ALERT_SEVERITIES
            },
            "topics": topics,
            "suppressed": [self._suppressed.get(at, Counter()).total() for at in minutes],
            "dead": [self._dead.get(at, Counter()).total() for at in minutes],
            "articles_per_second": self.articles_per_second(now_ms),
        }

    def rule_days(self, rule: str, now_ms: int) -> list[int]:
        """Alerts of a rule by day (UTC), oldest first, today last."""
        today = now_ms // DAY_MS
        return [self._rules.get(day, Counter())[rule] for day in range(today - DAYS_MAX + 1, today + 1)]

    def tags(self, rule: str) -> int:
        """Articles that a rule gave its topics to."""
        return self._tags[rule]

    def last_alert(self, rule: str) -> tuple[int, str] | None:
        """When the newest alert of a rule arrived, and its id."""
        return self._last.get(rule)


def _count(slots: OrderedDict[int, Counter[str]], slot: int, names: list[str], slots_max: int) -> None:
    slots.setdefault(slot, Counter()).update(names)
    _forget(slots, slots_max)


def _forget(slots: OrderedDict[int, Any], slots_max: int) -> None:
    while len(slots) > slots_max:
        # Records of several partitions come out of order: the oldest slot is not always the first.
        del slots[min(slots)]
