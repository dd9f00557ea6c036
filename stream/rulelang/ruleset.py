"""What rule files compile to: frozen rules, in the order of their ids, under one digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from stream.model import Severity
from stream.rulelang.nodes import Node


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles a rule looks at; None means any. Values are folded, `*` at the end means prefix."""

    lang: tuple[str, ...] | None = None
    source: tuple[str, ...] | None = None
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An exception: `mask: phrase` blanks the words at the leaves of its matches, `mask: article` drops the article."""

    name: str
    reason: str
    mask: Literal["phrase", "article"]
    match: Node


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test written inside a rule file. `article` holds the fields as written (title, body, source …)."""

    name: str
    article: dict[str, Any]
    expect: Literal["fire", "quiet"]
    spans: tuple[str, ...] | None
    because: str | None
    line: int


@dataclass(frozen=True, slots=True)
class TimeEvent:
    """A match in a test over time, `at_seconds` after the beginning of the test; `values` are of `GROUP_NAMES`."""

    at_seconds: int
    rule: str
    article: str
    story: str | None
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TimeExpectation:
    """What a test over time expects; None: anything."""

    at_seconds: int
    state: Literal["fired", "updated", "resolved", "suppressed"]
    count: int | None
    group: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TimeTest:
    """A test over time: matches in order, and every alert that must come of them."""

    name: str
    events: tuple[TimeEvent, ...]
    expect: tuple[TimeExpectation, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most one alert every `every_seconds` (event time) for each value of `per`."""

    every_seconds: int
    per: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Which events count together; `gap_seconds` is of sessions only."""

    size_seconds: int
    kind: Literal["sliding", "tumbling", "session"] = "sliding"
    time: Literal["event", "published"] = "event"
    grace_seconds: int = 0
    gap_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a spike is measured against: the mean of the `over_seconds` before the window, times `factor`."""

    over_seconds: int
    factor: float
    least: int


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for the count of a window. `field`: whose distinct values are counted (value_count)."""

    operator: Literal["gt", "gte", "lt", "lte", "eq"] = "gte"
    value: int = 1
    field: str | None = None
    baseline: Baseline | None = None


CorrelationType = Literal["event_count", "value_count", "temporal", "temporal_ordered", "spike", "absence"]
Count = Literal["article", "story", "source"]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Alerts on how matches of rules come together over time. `rules` are ids, in the order of the file."""

    id: str
    version: int
    title: str
    description: str
    status: Literal["experimental", "stable", "deprecated"]
    severity: Severity
    topics: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    type: CorrelationType
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    window: Window
    count: Count
    condition: Condition
    keep_firing_seconds: int
    summary: str
    tests: tuple[TimeTest, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, its lists resolved. `summary` is a template that `alert.render` fills; nothing in it is evaluated."""

    id: str
    version: int
    title: str
    description: str
    status: Literal["experimental", "stable", "deprecated"]
    severity: Severity
    topics: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    scope: Scope
    match: Node
    exclusions: tuple[Exclusion, ...]
    summary: str
    tests: tuple[RuleTest, ...]
    file: str
    line: int
    group_by: tuple[str, ...] = ("rule",)
    throttle: Throttle | None = None
    time_tests: tuple[TimeTest, ...] = ()

    @property
    def stateful(self) -> bool:
        """True if what becomes of a match depends on the matches before it."""
        return self.throttle is not None or self.group_by != ("rule",)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a folder. `digest` is the SHA-256 (hex) of their canonical form; `lists` counts list files."""

    rules: tuple[Rule, ...]
    lists: int
    digest: str
    correlations: tuple[Correlation, ...] = ()
