"""The part of a routes file that tests it: an alert, and the deliveries that are expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stream.model import ALERT_SEVERITIES, Severity
from stream.net.outsidefile import OutsideFile
from stream.notify.routes import STATES
from stream.rulelang.fields import Fields, unique
from stream.rulelang.nodes import Place
from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.yamltree import Mapping, Scalar

TESTS_MAX = 1_000
HOWS = ("single", "digest", "held")

_ALERT = ("severity", "rule", "topics", "labels", "source", "state", "exercise", "at")


@dataclass(frozen=True, slots=True)
class TestAlert:
    """The alert of a test; it arrives `at`."""

    __test__ = False

    at: datetime
    severity: Severity = Severity.INFO
    rule: str = "test.rule"
    topics: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    source: str | None = None
    state: str = "fired"
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedDelivery:
    """One delivery that a test expects; what is None may be anything."""

    to: str
    route: str | None = None
    at: datetime | None = None
    how: str | None = None


@dataclass(frozen=True, slots=True)
class RouteTest:
    """One test. `expect`: all deliveries, in any order. `place`: where it stands."""

    name: str
    alert: TestAlert
    expect: tuple[ExpectedDelivery, ...]
    place: Place


class TestReader:
    """Reads entries of `tests`; what is wrong is noted in the file."""

    __test__ = False

    def __init__(self, file: OutsideFile, destinations: set[str], routes: set[str]) -> None:
        self._file, self._destinations, self._routes = file, destinations, routes

    def read(self, entries: Sequence[Mapping]) -> tuple[RouteTest, ...]:
        """The tests, in the order of the file."""
        if len(entries) > TESTS_MAX:
            self._file.note("106", entries[TESTS_MAX].place, f"{len(entries):,} tests", f"at most {TESTS_MAX:,}")
        tests, names = [], []
        for entry in entries[:TESTS_MAX]:
            fields = Fields(entry, ("name", "alert", "expect"), "a test")
            fields.require("name", "alert", "expect")
            name, alert = fields.scalar("name"), fields.mapping_at("alert")
            if name is not None:
                names.append(name)
            if name is not None and alert is not None:
                tests.append(RouteTest(name.text, self._alert(alert), self._expected(fields), name.place))
        unique(names, "the test", self._file.source)
        return tuple(tests)

    def _alert(self, entry: Mapping) -> TestAlert:
        fields = Fields(entry, _ALERT, "the alert of a test")
        fields.require("at", "severity")
        labels = fields.mapping_at("labels")
        inner = None if labels is None else Fields(labels, tuple(key.text for key, _ in labels.entries), "labels")
        return TestAlert(
            at=self._time(fields) or datetime(2000, 1, 1, tzinfo=UTC),
            severity=Severity(fields.choice("severity", tuple(s.value for s in ALERT_SEVERITIES), "info")),
            rule=fields.text("rule", "test.rule"),
            topics=fields.texts("topics"),
            labels=()
            if labels is None or inner is None
            else tuple((k.text, inner.text(k.text)) for k, _ in labels.entries),
            source=fields.text("source") or None,
            state=fields.choice("state", STATES, "fired"),
            exercise=fields.flag("exercise") or False,
        )

    def _expected(self, fields: Fields) -> tuple[ExpectedDelivery, ...]:
        value = fields.tree("expect")
        if isinstance(value, Scalar) and value.text == "nothing":
            return ()
        found = []
        for entry in fields.mappings("expect"):
            inner = Fields(entry, ("to", "route", "at", "how"), "an expected delivery")
            inner.require("to")
            to = self._known(inner, "to", self._destinations, "destination")
            route = self._known(inner, "route", self._routes, "route")
            found.append(ExpectedDelivery(to or "", route, self._time(inner), inner.choice("how", HOWS, "") or None))
        return tuple(found)

    def _known(self, fields: Fields, key: str, known: set[str], what: str) -> str | None:
        written = fields.scalar(key)
        if written is None:
            return None
        if written.text not in known:
            help_ = did_you_mean(written.text, known)
            self._file.note("108", written.place, f"the {what} {quoted(written.text)}", "one of the file", help_)
        return written.text

    def _time(self, fields: Fields) -> datetime | None:
        written = fields.scalar("at")
        if written is None:
            return None
        try:
            moment = datetime.fromisoformat(written.text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            help_ = "RFC 3339 with an offset: 2026-03-01T22:30:00+01:00."
            self._file.source.add("R214", written.place, quoted(written.text), "a time with its offset", help_)
            return None
        return moment.astimezone(UTC)
