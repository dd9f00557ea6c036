"""What a correlation asks for, worked out once: durations in microseconds, and what its type and window imply."""

from __future__ import annotations

from dataclasses import dataclass

from stream.detect.moments import SECOND_US
from stream.rulelang.ruleset import Correlation


@dataclass(frozen=True, slots=True)
class Plan:
    """A correlation as detection uses it.

    `gap_us`                 of sessions; the size for other windows
    `is_lower`               it asks for few events, not for many
    `judged_at_the_end`      of a bucket or session, when it is complete
    `may_begin_by_leaving`   an episode may begin when events leave the window
    `least`                  how many it takes, if that is all it asks for; else None
    """

    correlation: Correlation
    is_sliding: bool
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
            size_us=window.size_seconds * SECOND_US,
            gap_us=(window.gap_seconds or window.size_seconds) * SECOND_US,
            grace_us=window.grace_seconds * SECOND_US,
            keep_us=correlation.keep_firing_seconds * SECOND_US,
            is_lower=lower,
            judged_at_the_end=lower and window.kind != "sliding",
            may_begin_by_leaving=correlation.type == "absence" or condition.operator in ("lt", "lte", "eq"),
            least=least,
        )
