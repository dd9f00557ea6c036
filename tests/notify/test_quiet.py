"""Until when quiet hours hold, over midnight, days of the week and changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Severity
from stream.notify.quiet import never_ends, quiet_until
from stream.notify.routes import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = QuietHours("nights", BERLIN, 22 * 60, 7 * 60)
WEEKEND = QuietHours("weekend", ZoneInfo("UTC"), 0, 24 * 60, frozenset({5, 6}))


def until(quiet: QuietHours, text: str, severity: str = "low") -> str | None:
    end = quiet_until(quiet, datetime.fromisoformat(text), Severity(severity))
    return None if end is None else end.isoformat()


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-01-10T21:59:59+01:00", None),
        ("2026-01-10T22:00:00+01:00", "2026-01-11T06:00:00+00:00"),
        ("2026-01-11T06:59:59+01:00", "2026-01-11T06:00:00+00:00"),
        ("2026-01-11T07:00:00+01:00", None),
        # Clocks go forward on 29 March and back on 25 October 2026.
        ("2026-03-28T23:00:00+01:00", "2026-03-29T05:00:00+00:00"),
        ("2026-10-24T23:00:00+02:00", "2026-10-25T06:00:00+00:00"),
    ],
)
def test_nights(moment: str, end: str | None) -> None:
    assert until(NIGHTS, moment) == end


def test_days_that_follow_each_other_are_one() -> None:
    assert until(WEEKEND, "2026-01-10T08:00:00+00:00") == "2026-01-12T00:00:00+00:00"  # a Saturday
    assert until(WEEKEND, "2026-01-09T23:59:59+00:00") is None


def test_a_day_counts_where_the_night_begins() -> None:
    friday = QuietHours("friday", ZoneInfo("UTC"), 22 * 60, 7 * 60, frozenset({4}))
    assert until(friday, "2026-01-10T03:00:00+00:00") == "2026-01-10T07:00:00+00:00"
    assert until(friday, "2026-01-09T03:00:00+00:00") is None


def test_what_passes() -> None:
    passing = QuietHours("nights", BERLIN, 22 * 60, 7 * 60, passes=Severity.HIGH)
    moment = "2026-01-10T23:00:00+01:00"
    assert until(passing, moment, "critical") is until(passing, moment, "high") is None
    assert until(passing, moment, "medium") is not None
    assert quiet_until(None, datetime.now(UTC), Severity.LOW) is None


def test_for_ever() -> None:
    assert never_ends(QuietHours("a", BERLIN, 0, 24 * 60))
    assert never_ends(QuietHours("a", BERLIN, 600, 600))
    assert not never_ends(QuietHours("a", BERLIN, 0, 24 * 60, frozenset(range(6))))
    assert not never_ends(NIGHTS)


@given(
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.integers(0, 1_439),
    st.integers(0, 1_440),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 366 * 86_400),
)
def test_the_end_is_the_first_moment_that_is_not_quiet(
    zone: str, begin: int, end: int, days: frozenset[int], second: int
) -> None:
    quiet = QuietHours("any", ZoneInfo(zone), begin, end, days)
    if never_ends(quiet):
        return
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    found = quiet_until(quiet, at, Severity.LOW)
    if found is None:
        return
    assert found > at
    assert quiet_until(quiet, found, Severity.LOW) is None
    before = found - timedelta(microseconds=1)
    assert before < at or quiet_until(quiet, before, Severity.LOW) == found
