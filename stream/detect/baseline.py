"""How many events a window of a key usually has, from buckets of counts.

    ├────────────── over: 7d ──────────────┤├── window ──┤ t
     whole buckets of window/4, their mean      not in it

There is no baseline before it has been watched for the whole of `over`: a new key has no spikes.
"""

from __future__ import annotations

from typing import Any

from stream.detect.moments import SECOND_US
from stream.rulelang.ruleset import Baseline

BUCKETS_PER_WINDOW = 4
BUCKETS_MAX = 5_000


class BaselineCounts:
    """Counts by bucket, oldest first; `since_us` is when watching began."""

    __slots__ = ("_buckets", "since_us")

    def __init__(self, since_us: int) -> None:
        self.since_us = since_us
        self._buckets: dict[int, int] = {}

    def count(self, time_us: int, size_seconds: int, baseline: Baseline) -> None:
        """One more at this time; times do not go back."""
        width = _width_us(size_seconds, baseline)
        number = time_us // width
        self._buckets[number] = self._buckets.get(number, 0) + 1
        oldest = (time_us - (size_seconds + baseline.over_seconds) * SECOND_US) // width
        while (first := next(iter(self._buckets))) < oldest:
            del self._buckets[first]

    def mean(self, time_us: int, size_seconds: int, baseline: Baseline) -> float | None:
        """The mean number in a window before the one that ends at this time; None: not watched for long enough."""
        end_us = time_us - size_seconds * SECOND_US
        start_us = end_us - baseline.over_seconds * SECOND_US
        if self.since_us > start_us:
            return None
        width = _width_us(size_seconds, baseline)
        first, end = -(-start_us // width), end_us // width
        total = sum(count for number, count in self._buckets.items() if first <= number < end)
        return total * size_seconds * SECOND_US / (max(1, end - first) * width)

    def fields(self) -> list[Any]:
        """For the snapshot."""
        return [self.since_us, list(self._buckets.items())]

    @classmethod
    def of_fields(cls, fields: list[Any]) -> BaselineCounts:
        """From a snapshot."""
        counts = cls(fields[0])
        counts._buckets = dict(fields[1])
        return counts


def _width_us(size_seconds: int, baseline: Baseline) -> int:
    return max(
        size_seconds * SECOND_US // BUCKETS_PER_WINDOW, baseline.over_seconds * SECOND_US // BUCKETS_MAX, SECOND_US
    )
