"""The one table of topics: what is in them, their keys and how long they keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stream.model import ALERT_SEVERITIES, Severity

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, without the prefix. `retention_ms` is in milliseconds; None: compacted."""

    name: str
    key: str
    value: str
    cleanup: Literal["delete", "compact"]
    retention_ms: int | None


RAW = Topic("articles.raw", "article id", "Article (plain JSON)", "delete", 7 * DAY_MS)
TAGGED = Topic("articles.tagged", "article id", "CloudEvent article.tagged.v1", "delete", 7 * DAY_MS)
MATCHES = Topic("matches", "state key", "one Match per rule and state key (internal)", "delete", DAY_MS)
DEAD = Topic("articles.dead", "article id or hash", "dead letter", "delete", 30 * DAY_MS)
ALERTS: dict[Severity, Topic] = {
    severity: Topic(f"alerts.{severity}", "alert's group key", "CloudEvent alert.*.v1", "delete", 30 * DAY_MS)
    for severity in ALERT_SEVERITIES
}
SUPPRESSED = Topic(
    "alerts.suppressed", "alert's group key", "CloudEvent alert.fired.v1 with `data.suppressed`", "delete", 7 * DAY_MS
)
LATE = Topic("articles.late", "article id", "a match that came after its time was counted", "delete", 30 * DAY_MS)

UNDELIVERED = Topic(
    "alerts.undelivered",
    "alert's group key",
    "an alert that a destination has not taken, and why (plain JSON)",
    "delete",
    30 * DAY_MS,
)

DECISIONS = Topic("decisions", "alert or silence id, kind first", "Decision (plain JSON)", "compact", None)
"""Kept for ever: what people decided is no news that grows old."""

TOPICS: tuple[Topic, ...] = (RAW, TAGGED, MATCHES, *ALERTS.values(), SUPPRESSED, UNDELIVERED, LATE, DEAD, DECISIONS)
"""The topics of the data path, in its order, then what people decide; their names begin with the prefix."""


STATE_TABLE = "state"
"""The worker's one table: a snapshot of each state key, and how far each run has come."""

CHANGELOG = Topic(f"{STATE_TABLE}-changelog", "state key", "snapshot of a state (internal)", "compact", None)
"""The worker's table on the broker; its name begins with the consumer group."""

ALL_TOPICS: tuple[Topic, ...] = (*TOPICS, CHANGELOG)
"""Everything that `redline topics create` makes."""

WORKER_TOPICS: tuple[Topic, ...] = tuple(topic for topic in ALL_TOPICS if topic not in (DECISIONS, UNDELIVERED))
"""What must exist, and fit, before a worker starts: no more than it reads and writes."""


def changelog_name(consumer_group: str) -> str:
    """The topic that keeps the table (compacted, as many partitions as `matches`); Faust names it after the group."""
    return f"{consumer_group}-{CHANGELOG.name}"


def full_name(prefix: str, topic: Topic) -> str:
    """The topic's name on the broker."""
    return prefix + topic.name


def name_on_broker(topic: Topic, *, prefix: str, consumer_group: str) -> str:
    """The full name of any topic, the changelog included."""
    return changelog_name(consumer_group) if topic is CHANGELOG else full_name(prefix, topic)


def alert_topics_from(severity: Severity) -> tuple[Topic, ...]:
    """The alert topics of this severity and above, ascending."""
    return tuple(topic for s, topic in ALERTS.items() if s.number >= severity.number)
