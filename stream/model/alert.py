"""An alert, before it is written as a CloudEvent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stream.model.match import ArticleRef, Evidence, RuleRef

State = Literal["fired", "updated", "resolved"]


@dataclass(frozen=True, slots=True)
class Group:
    """The group that an alert belongs to; times are event times."""

    key: str
    count: int
    stories: int
    sources: int
    first_seen: datetime
    last_seen: datetime
    suppressed: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. The same articles, rules and run give the same `id` and, `recorded_time` apart, the same bytes."""

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
