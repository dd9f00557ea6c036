"""An alert, before it is written as a CloudEvent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stream.model.detection import Group, Member, State, Suppression
from stream.model.match import ArticleRef, Evidence, RuleRef


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. The same articles, rules and run give the same `id` and, `recorded_time` apart, the same bytes.

    `correlation_id` is the story's or the episode's. `members`: what a correlation counted, the first of them.
    """

    id: str
    state: State
    rule: RuleRef
    article: ArticleRef
    run: str | None
    exercise: bool
    time: datetime
    recorded_time: datetime
    summary: str
    evidence: tuple[Evidence, ...]
    group: Group
    raw_timestamp_ms: int
    correlation_id: str | None = None
    suppressed: Suppression | None = None
    members: tuple[Member, ...] = ()
