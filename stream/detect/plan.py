"""What a rule or a correlation asks for, worked out once: durations in microseconds, and what follows from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from stream.detect.moments import SECOND_US
from stream.rulelang.ruleset import Correlation, Rule, Throttle


@dataclass(frozen=True, slots=True)
class Plan:
    """A correlation as detection uses it.

    `gap_us`                 of sessions; the size for other windows
    `is_lower`               it asks for few events, not for many
    `judged_at_the_end`      of a bucket or session, when it is complete
    `may_begin_by_leaving`   an episode may begin when events leave the window
    `by_published`           its window goes by the date of articles
    `counts_articles`, `counts_stories`, `counts_values`    what it counts; without any of them, sources
    `least`                  how many it takes, if that is all it asks for; else None
    """

    correlation: Correlation
    is_sliding: bool
    by_published: bool
    counts_articles: bool
    counts_stories: bool
    counts_values: bool
    size_us: int
    gap_us: int
    grace_us: int
    keep_us: int
    is_lower: bool
    judged_at_the_end: bool
    may_begin_by_leaving: bool
    least: int | None

    @classmethod
    def of(cls, correlation: Correlation) -> Plan:
        """That of a correlation."""
        window, condition = correlation.window, correlation.condition
        counts = correlation.type in ("event_count", "value_count")
        lower = counts and condition.operator in ("lt", "lte")
        least = {"gte": condition.value, "gt": condition.value + 1}.get(condition.operator) if counts else None
        return cls(
            correlation=correlation,
            is_sliding=window.kind == "sliding",
            by_published=window.time == "published",
            counts_articles=correlation.count == "article",
            counts_stories=correlation.count == "story",
            counts_values=correlation.type == "value_count",
            size_us=window.size_seconds * SECOND_US,
            gap_us=(window.gap_seconds or window.size_seconds) * SECOND_US,
            grace_us=window.grace_seconds * SECOND_US,
            keep_us=correlation.keep_firing_seconds * SECOND_US,
            is_lower=lower,
            judged_at_the_end=lower and window.kind != "sliding",
            may_begin_by_leaving=correlation.type == "absence" or condition.operator in ("lt", "lte", "eq"),
            least=least,
        )


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A rule with a throttle or groups as detection uses it.

    `asks_for_stories`   an article's story is a value that it groups or throttles by
    `every_us`           between two alerts of the throttle; 0 without one
    `per`                names of the values that the throttle holds apart; None: the same as the groups
    `at_most`            what the throttle allows, as alerts that are held back say it
    """

    rule: Rule
    asks_for_stories: bool
    every_us: int
    per: tuple[str, ...] | None
    at_most: str

    @classmethod
    def of(cls, rule: Rule) -> RulePlan:
        """That of a rule."""
        throttle = rule.throttle
        per = () if throttle is None else throttle.per
        return cls(
            rule=rule,
            asks_for_stories="story" in rule.group_by or "story" in per,
            every_us=0 if throttle is None else throttle.every_seconds * SECOND_US,
            per=None if throttle is None or per == rule.group_by else per,
            at_most="" if throttle is None else _at_most(throttle),
        )


def _at_most(throttle: Throttle) -> str:
    return f"at most one every {duration(throttle.every_seconds)} for the same {', '.join(throttle.per)}"


@lru_cache(maxsize=4_096)
def duration(seconds: int) -> str:
    """As people write it, the two largest units: 1d2h."""
    parts = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        number, seconds = divmod(seconds, length)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts[:2]) or "0s"
