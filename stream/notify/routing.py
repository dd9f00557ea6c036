"""Which destinations an alert goes to, when, and whether alone. Pure.

As in Alertmanager: routes are asked in the order of the file, the first that takes an alert is the only one, unless it
says `continue`; the fallback takes what none took. A destination gets an alert once, by the first route to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from stream.notify.notice import Notice
from stream.notify.quiet import quiet_until
from stream.notify.routes import Route, Routes

How = Literal["single", "digest", "held"]


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery: by which route, not before `due` (UTC), and how: alone, in a digest, or in the digest of what quiet
    hours have held."""

    destination: str
    route: Route
    due: datetime
    how: How


def takes(route: Route, notice: Notice) -> bool:
    """Whether every criterion of a route fits the alert."""
    labels = dict(notice.labels)
    return (
        notice.severity in route.severities
        and notice.state in route.states
        and (route.exercise or not notice.exercise)
        and _any(route.rules, (notice.rule,))
        and _any(route.topics, notice.topics)
        and _any(tuple(s.casefold() for s in route.sources), ((notice.source or "").casefold(),))
        and all(_any((wanted,), (labels[name],)) if name in labels else False for name, wanted in route.labels)
    )


def routes_for(routes: Routes, notice: Notice) -> list[Route]:
    """The routes that take an alert."""
    taken = []
    for route in routes.routes:
        if takes(route, notice):
            taken.append(route)
            if not route.continues:
                break
    if not taken and routes.fallback is not None and takes(routes.fallback, notice):
        taken.append(routes.fallback)
    return taken


def plan(routes: Routes, notice: Notice, arrived: datetime, now: datetime | None = None) -> list[Planned]:
    """The deliveries of an alert that arrived on its topic at `arrived` and is looked at `now` (default: at once)."""
    planned: dict[str, Planned] = {}
    for route in routes_for(routes, notice):
        due, how = when(route, notice, arrived, now or arrived)
        for destination in route.to:
            planned.setdefault(destination, Planned(destination, route, due, how))
    return list(planned.values())


def when(route: Route, notice: Notice, arrived: datetime, now: datetime) -> tuple[datetime, How]:
    """When an alert is due by a route. Quiet hours hold what arrives in them and what would be sent in them."""
    held = quiet_until(route.quiet, arrived, notice.severity)
    if held is None and route.digest is not None:
        due = arrived + timedelta(seconds=route.digest.every_seconds)
        later = quiet_until(route.quiet, max(due, now), notice.severity)
        return (due, "digest") if later is None else (later, "held")
    later = quiet_until(route.quiet, now, notice.severity)
    if held is None and later is None:
        return arrived, "single"
    return max(end for end in (held, later) if end is not None), "held"


def _any(wanted: tuple[str, ...], found: tuple[str, ...]) -> bool:
    """Equal as a whole, or, where what is wanted ends in a star, by its beginning; nothing wanted takes all."""
    return not wanted or any(
        text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
        for pattern in wanted
        for text in found
    )
