"""When what is sent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.sources.pacing import at_fixed_rate, by_recorded_gaps, in_order_of_time, shuffle

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def _at(*seconds: float | None) -> list[datetime | None]:
    return [None if s is None else NOON + timedelta(seconds=s) for s in seconds]


def test_the_timeline_of_the_docstring() -> None:
    published = _at(0, 10, None, 300, 240)
    assert list(by_recorded_gaps(published, speed=5, gap_seconds_max=math.inf)) == [0, 2, 2, 60, 60]
    assert list(by_recorded_gaps(published, speed=5, gap_seconds_max=2)) == [0, 2, 2, 4, 4]


def test_months_become_seconds() -> None:
    months = _at(*(n * 90 * 86_400.0 for n in range(5)))
    assert list(by_recorded_gaps(months, speed=1, gap_seconds_max=2.0)) == [0, 2, 4, 6, 8]


def test_no_pause_at_infinite_speed() -> None:
    assert list(by_recorded_gaps(_at(0, 10, 20), speed=math.inf, gap_seconds_max=2)) == [0, 0, 0]


def test_a_fixed_rate_does_not_drift() -> None:
    offsets = list(islice(at_fixed_rate(3), 3_001))
    assert offsets[:3] == [0, 1 / 3, 2 / 3]
    assert offsets[3_000] == 1_000


@pytest.mark.parametrize(("speed", "gap"), [(0, 1), (-1, 1), (math.nan, 1), (1, -1), (1, math.nan)])
def test_pace_out_of_range(speed: float, gap: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        list(by_recorded_gaps([], speed=speed, gap_seconds_max=gap))


def test_rate_out_of_range() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        next(at_fixed_rate(0))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.integers(-(10**9), 10**9)), st.floats(0.01, 1e6), st.floats(0, 100))
def test_offsets_never_decrease_and_no_gap_is_too_long(seconds: list[int | None], speed: float, gap: float) -> None:
    offsets = list(by_recorded_gaps(_at(*seconds), speed=speed, gap_seconds_max=gap))
    assert len(offsets) == len(seconds)
    assert all(0 <= later - earlier <= gap * 1.001 + 1e-3 for earlier, later in pairwise(offsets))


@dataclass(frozen=True)
class _Dated:
    name: str
    published: datetime | None


def test_undated_items_stay_behind_the_one_that_they_followed() -> None:
    times = _at(None, 20, None, 10, None, 20)
    items = [_Dated(name, time) for name, time in zip("abcdef", times, strict=True)]
    assert "".join(item.name for item in in_order_of_time(items)) == "adebcf"


def test_the_shuffle_is_a_function_of_its_seed() -> None:
    assert shuffle(range(10), 7) == shuffle(range(10), 7)
    assert shuffle(range(10), 7) != shuffle(range(10), 8)
    assert shuffle(range(8), 1) == [0, 2, 3, 6, 7, 4, 5, 1]
    assert sorted(shuffle(range(1_000), 3)) == list(range(1_000))
    assert shuffle([], 1) == []
