"""When a replay sends what: pure functions of the recorded times, without a clock.

The result is always an offset in seconds from the start of the run, never a pause: a replayer that waits until
`start + offset` does not drift, however long a send takes.

    published   12:00:00   12:00:10   (none)   12:05:00   12:04:00
    gap                      10 s       0        290 s      0 (backwards)
    speed 5                   2 s       0         58 s      0
    at most 2 s   0 s         2 s       2 s        4 s      4 s
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar


class Dated(Protocol):
    """Anything that knows when it was published, or that it does not."""

    @property
    def published(self) -> datetime | None: ...


T = TypeVar("T")
D = TypeVar("D", bound=Dated)


def by_recorded_gaps(published: Iterable[datetime | None], *, speed: float, gap_seconds_max: float) -> Iterator[float]:
    """Offsets in seconds, never decreasing: the gaps between recorded times, divided by `speed`, then capped.

    `speed` > 0 (infinity: no pauses), `gap_seconds_max` ≥ 0. An undated item comes at once after the one before it, and
    so does one that is older than it.
    """
    if not speed > 0 or not gap_seconds_max >= 0:
        raise ValueError(f"speed {speed} must be above 0 and gap_seconds_max {gap_seconds_max} at least 0")
    offset = 0.0
    before: datetime | None = None
    for moment in published:
        if moment is not None:
            if before is not None:
                gap_seconds = max(0.0, (moment - before).total_seconds())
                offset += min(gap_seconds / speed, gap_seconds_max)
            before = moment
        yield offset


def at_fixed_rate(rate_per_second: float) -> Iterator[float]:
    """Offsets in seconds without end: `rate_per_second` items a second, evenly; > 0 (infinity: all at once)."""
    if not rate_per_second > 0:
        raise ValueError(f"rate_per_second {rate_per_second} must be above 0")
    number = 0
    while True:
        yield number / rate_per_second
        number += 1


def in_order_of_time(items: Iterable[D]) -> list[D]:
    """The items by `published`; undated ones stay behind the dated one that they followed, or first of all."""
    before: datetime | None = None
    keyed: list[tuple[bool, float, int, D]] = []
    for number, item in enumerate(items):
        before = item.published or before
        keyed.append((before is not None, before.timestamp() if before else 0.0, number, item))
    keyed.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in keyed]


def shuffle(items: Sequence[T], seed: int) -> list[T]:
    """The items in an order that depends on their number and `seed` alone, the same with every version of Python.

    Fisher and Yates, from the end; only `Random.random` is used, whose sequence Python promises to keep.
    """
    source = random.Random(seed)
    shuffled = list(items)
    for last in range(len(shuffled) - 1, 0, -1):
        other = int(source.random() * (last + 1))
        shuffled[last], shuffled[other] = shuffled[other], shuffled[last]
    return shuffled
