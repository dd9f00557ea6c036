"""Runs the tests inside a routes file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stream.model.article import format_time
from stream.notify.notice import Notice
from stream.notify.routes import Routes
from stream.notify.routing import Planned, plan
from stream.notify.testfields import ExpectedDelivery, RouteTest, TestAlert


@dataclass(frozen=True, slots=True)
class RouteResult:
    """What one test gave: `missing` of the expected deliveries, `unexpected` ones that came instead."""

    test: RouteTest
    planned: tuple[Planned, ...]
    missing: tuple[ExpectedDelivery, ...]
    unexpected: tuple[Planned, ...]

    @property
    def passed(self) -> bool:
        """Whether exactly the expected deliveries came."""
        return not self.missing and not self.unexpected


def run_route_tests(routes: Routes, tests: Sequence[RouteTest]) -> list[RouteResult]:
    """The result of each test, in their order."""
    return [_run(routes, test) for test in tests]


def shown(planned: Planned) -> str:
    """A delivery in one line."""
    how = {"single": "", "digest": ", in a digest", "held": ", held by quiet hours"}[planned.how]
    return f"{planned.destination} at {format_time(planned.due)} by route {planned.route.id}{how}"


def shown_expected(expected: ExpectedDelivery) -> str:
    """An expected delivery in one line."""
    at = "" if expected.at is None else f" at {format_time(expected.at)}"
    route = "" if expected.route is None else f" by route {expected.route}"
    return f"{expected.to}{at}{route}{'' if expected.how is None else f', {expected.how}'}"


def notice_of(alert: TestAlert) -> Notice:
    """The alert of a test, as routing sees it."""
    return Notice(
        id="test",
        time=alert.at,
        severity=alert.severity,
        state=alert.state,
        exercise=alert.exercise,
        rule=alert.rule,
        topics=alert.topics,
        labels=alert.labels,
        source=alert.source,
        summary="",
        group="test",
        episode=None,
        event=b"",
        fields={},
    )


def _run(routes: Routes, test: RouteTest) -> RouteResult:
    planned = plan(routes, notice_of(test.alert), test.alert.at)
    missing, left = [], list(planned)
    for expected in test.expect:
        found = next((one for one in left if _fits(expected, one)), None)
        if found is None:
            missing.append(expected)
        else:
            left.remove(found)
    return RouteResult(test, tuple(planned), tuple(missing), tuple(left))


def _fits(expected: ExpectedDelivery, planned: Planned) -> bool:
    return (
        expected.to == planned.destination
        and expected.route in (None, planned.route.id)
        and expected.at in (None, planned.due)
        and expected.how in (None, planned.how)
    )
