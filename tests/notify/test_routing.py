"""Which destinations an alert goes to, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stream.model import Severity
from stream.notify.notice import Notice
from stream.notify.routes import Digest, QuietHours, Route, Routes
from stream.notify.routing import plan, takes
from tests.notify.kit import NOON, notice

NIGHTS = QuietHours("nights", ZoneInfo("UTC"), 22 * 60, 7 * 60, passes=Severity.CRITICAL)
NIGHT = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


def planned(
    *routes: Route,
    of: Notice | None = None,
    fallback: Route | None = None,
    arrived: datetime = NOON,
    now: datetime | None = None,
) -> list[tuple[str, str, str]]:
    found = plan(Routes((), routes, fallback), of or notice(), arrived, now)
    return [(p.destination, p.route.id, p.how) for p in found]


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({}, True),
        ({"severities": frozenset({Severity.HIGH})}, True),
        ({"severities": frozenset({Severity.CRITICAL})}, False),
        ({"rules": ("war.redline",)}, True),
        ({"rules": ("war.*", "x")}, True),
        ({"rules": ("war.",)}, False),
        ({"topics": ("war",)}, True),
        ({"topics": ("energy", "energy/*")}, False),
        ({"sources": ("REUTERS",)}, True),
        ({"sources": ("AP",)}, False),
        ({"labels": (("team", "desk"),)}, True),
        ({"labels": (("team", "*"),)}, True),
        ({"labels": (("team", "desk"), ("x", "*"))}, False),
        ({"states": ("resolved",)}, False),
    ],
)
def test_criteria(fields: dict[str, Any], fits: bool) -> None:
    assert takes(Route("r", ("a",), **fields), notice(labels=[("team", "desk")])) is fits


def test_exercises_only_where_a_route_says_so() -> None:
    exercise = notice(exercise=True)
    assert planned(Route("r", ("a",)), of=exercise, fallback=Route("fallback", ("b",))) == []
    assert planned(Route("r", ("a",), exercise=True), of=exercise) == [("a", "r", "single")]


def test_the_first_route_is_the_only_one_unless_it_continues() -> None:
    first, second = Route("one", ("a",)), Route("two", ("b",))
    assert planned(first, second) == [("a", "one", "single")]
    first = Route("one", ("a",), continues=True)
    assert planned(first, second) == [("a", "one", "single"), ("b", "two", "single")]


def test_the_fallback_takes_what_none_took() -> None:
    other, fallback = Route("one", ("a",), rules=("other",)), Route("fallback", ("z",))
    assert planned(other, fallback=fallback) == [("z", "fallback", "single")]
    assert planned(Route("one", ("a",), continues=True), fallback=fallback) == [("a", "one", "single")]
    assert planned(other) == []


def test_a_destination_gets_an_alert_once_by_the_first_route() -> None:
    digest = Route("two", ("a", "b"), digest=Digest(60, 5))
    assert planned(Route("one", ("a",), continues=True), digest) == [("a", "one", "single"), ("b", "two", "digest")]


def dues(route: Route, of: Notice, arrived: datetime, now: datetime | None = None) -> tuple[str, datetime]:
    (found,) = plan(Routes((), (route,), None), of, arrived, now)
    return found.how, found.due


def test_quiet_hours_hold_what_arrives_in_them() -> None:
    route = Route("r", ("a",), quiet=NIGHTS)
    assert dues(route, notice(), NIGHT) == ("held", MORNING)
    assert dues(route, notice(severity="critical"), NIGHT) == ("single", NIGHT)
    assert dues(route, notice(), NOON) == ("single", NOON)


def test_quiet_hours_hold_what_would_be_sent_in_them() -> None:
    """The process was away when it arrived, or it failed until the night."""
    assert dues(Route("r", ("a",), quiet=NIGHTS), notice(), NOON, NIGHT) == ("held", MORNING)


def test_what_arrived_in_the_night_and_is_seen_in_the_morning_is_one_digest() -> None:
    later = MORNING + timedelta(hours=1)
    assert dues(Route("r", ("a",), quiet=NIGHTS), notice(), NIGHT, later) == ("held", MORNING)


def test_a_digest_that_would_end_in_the_night_waits_for_the_morning() -> None:
    route = Route("r", ("a",), quiet=NIGHTS, digest=Digest(7_200, 5))
    evening = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
    assert dues(route, notice(), evening) == ("held", MORNING)
    assert dues(route, notice(), NOON) == ("digest", NOON + timedelta(hours=2))
