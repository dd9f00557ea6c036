"""What detection says: about one match (a ruling), and about many (a detection). Times are event times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from stream.model.match import ArticleRef, Evidence
from stream.model.severity import Severity

State = Literal["fired", "updated", "resolved"]


@dataclass(slots=True)
class Group:
    """The group that an alert belongs to. `suppressed`: alerts of the group held back since the last one.

    One is made for each match. It is not changed; being frozen would make that five times as slow (1.4 µs).
    """

    key: str
    count: int
    stories: int
    sources: int
    first_seen: datetime
    last_seen: datetime
    suppressed: int


class Suppression(NamedTuple):
    """Why an alert was held back: `by` is a word for metrics, `reason` a sentence."""

    by: Literal["throttle"]
    reason: str


class Ruling(NamedTuple):
    """What becomes of one match: an alert, or (`suppression`) a record of one that was held back."""

    group: Group
    story: str | None
    suppression: Suppression | None


@dataclass(frozen=True, slots=True)
class Member:
    """One of the articles that a correlation counted."""

    article: ArticleRef
    rule: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Detection:
    """One step in the life of an episode.

    `start` is the event time at which the episode began, `sequence` counts its alerts from 0. `trigger` and
    `evidence` are of the article that brought the step about, or the last one before it. `values` are of `group_by`.
    `severities`: all that the episode has used, this step's among them; rules may be edited while it lasts.
    """

    state: State
    correlation: str
    version: int
    run: str | None
    values: tuple[str, ...]
    start: datetime
    sequence: int
    time: datetime
    count: int
    group: Group
    trigger: ArticleRef
    evidence: tuple[Evidence, ...]
    members: tuple[Member, ...]
    exercise: bool
    raw_timestamp_ms: int
    severities: tuple[Severity, ...] = ()
