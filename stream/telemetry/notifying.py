"""Events of delivery: see `stream.telemetry.events` for what an event is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stream.telemetry.events import Line
from stream.telemetry.metrics import Metrics
from stream.telemetry.reloading import TROUBLES_LOGGED_MAX, Trouble

_OUTCOMES = ("delivered", "undelivered", "silenced")
_ANSWERS = ("taken", "failed", "refused")
WAITING = ("new", "retry", "digest", "held")


@dataclass(frozen=True, slots=True)
class DestinationStarted:
    """A destination is served from now on; `place` is where it is, without secrets."""

    destination: str
    kind: str
    place: str

    def measure(self, metrics: Metrics) -> None:
        """Zeros, so that the first of each is an increase."""
        for outcome in _OUTCOMES:
            metrics.add("redline_notify_alerts_total", 0, destination=self.destination, outcome=outcome)
        for outcome in _ANSWERS:
            metrics.add("redline_notify_requests_total", 0, destination=self.destination, outcome=outcome)
        metrics.set("redline_notify_breaker_state", 0, destination=self.destination)

    def lines(self) -> list[Line]:
        """Which."""
        fields = {"destination": self.destination, "type": self.kind, "at": self.place}
        return [Line(logging.INFO, "delivering", fields)]


@dataclass(frozen=True, slots=True)
class DeliveryTried:
    """A request has its answer. `delays`: seconds since the arrival of each alert that was delivered by it."""

    destination: str
    outcome: Literal["taken", "failed", "refused"]
    seconds: float
    alerts: tuple[str, ...]
    said: str
    delays: tuple[float, ...] = ()

    def measure(self, metrics: Metrics) -> None:
        """Requests, their time, alerts delivered and how late they are."""
        metrics.add("redline_notify_requests_total", destination=self.destination, outcome=self.outcome)
        metrics.observe("redline_notify_request_seconds", self.seconds, destination=self.destination)
        if self.outcome == "taken":
            metrics.add(
                "redline_notify_alerts_total", len(self.alerts), destination=self.destination, outcome="delivered"
            )
            for delay in self.delays:
                metrics.observe("redline_notify_delay_seconds", max(0.0, delay), destination=self.destination)

    def lines(self) -> list[Line]:
        """What went wrong."""
        fields = {"destination": self.destination, "alerts": len(self.alerts), "first": self.alerts[0]}
        if self.outcome == "taken":
            return [Line(logging.DEBUG, "delivered", fields)]
        what = "not delivered, tried again later" if self.outcome == "failed" else "refused by the destination"
        fields["reason"] = self.said
        return [Line(logging.WARNING, what, fields, f"{self.outcome} {self.destination}")]


@dataclass(frozen=True, slots=True)
class AlertPutAside:
    """An alert stands on the topic of undelivered alerts."""

    destination: str
    alert: str
    code: str
    reason: str

    def measure(self, metrics: Metrics) -> None:
        """One more."""
        metrics.add("redline_notify_alerts_total", destination=self.destination, outcome="undelivered")

    def lines(self) -> list[Line]:
        """Which, and why."""
        fields = {"destination": self.destination, "alert": self.alert, "code": self.code, "reason": self.reason}
        return [Line(logging.ERROR, "put aside on alerts.undelivered", fields, f"aside {self.destination}")]


@dataclass(frozen=True, slots=True)
class AlertSilenced:
    """A silence keeps an alert from being delivered."""

    destination: str
    alert: str
    silence: str

    def measure(self, metrics: Metrics) -> None:
        """One more."""
        metrics.add("redline_notify_alerts_total", destination=self.destination, outcome="silenced")

    def lines(self) -> list[Line]:
        """Which."""
        fields = {"destination": self.destination, "alert": self.alert, "silence": self.silence}
        return [Line(logging.INFO, "silenced, not delivered", fields, f"silenced {self.destination}")]


@dataclass(frozen=True, slots=True)
class DestinationState:
    """How a destination is now. `changed`: its breaker has changed since the last time, or it is the first time."""

    destination: str
    waiting: Mapping[str, int]
    lag: int
    breaker: str
    breaker_number: int
    changed: bool

    def measure(self, metrics: Metrics) -> None:
        """All of it."""
        for why in WAITING:
            count = self.waiting.get(why, 0)
            metrics.set("redline_notify_waiting_alerts", count, destination=self.destination, why=why)
        metrics.set("redline_notify_lag", self.lag, destination=self.destination)
        metrics.set("redline_notify_breaker_state", self.breaker_number, destination=self.destination)

    def lines(self) -> list[Line]:
        """The breaker, when it changes."""
        if not self.changed:
            return []
        fields = {"destination": self.destination}
        match self.breaker:
            case "closed":
                return [Line(logging.INFO, "the destination works again", fields, f"breaker {self.destination}")]
            case "open":
                what = "the destination fails; it is left alone for a while, its alerts wait on Kafka"
                return [Line(logging.WARNING, what, fields, f"breaker {self.destination}")]
            case "disabled":
                what = "the destination is gone (410): its alerts go to alerts.undelivered until a restart"
                return [Line(logging.ERROR, what, fields)]
            case _:
                return []


@dataclass(frozen=True, slots=True)
class NotifyTrouble:
    """The broker does not take something of ours; nothing is lost, it is tried again."""

    destination: str
    what: str
    reason: str

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """What."""
        fields = {"destination": self.destination, "reason": self.reason}
        return [Line(logging.WARNING, self.what, fields, f"trouble {self.destination} {self.what}")]


@dataclass(frozen=True, slots=True)
class RoutesInForce:
    """Routes are in force: at a start (`outcome` None) or after a reload. `gone`: destinations served no longer."""

    file: str
    destinations: tuple[str, ...]
    gone: tuple[str, ...] = ()
    outcome: Literal["changed", "same"] | None = None

    def measure(self, metrics: Metrics) -> None:
        """The file is what delivers; nothing waits for a destination that is gone."""
        metrics.set("redline_notify_reload_success", 1)
        for outcome in ("changed", "same", "refused"):
            metrics.add("redline_notify_reloads_total", float(outcome == self.outcome), outcome=outcome)
        for destination in self.gone:
            for why in WAITING:
                metrics.set("redline_notify_waiting_alerts", 0, destination=destination, why=why)
            metrics.set("redline_notify_lag", 0, destination=destination)
            metrics.set("redline_notify_breaker_state", 0, destination=destination)

    def lines(self) -> list[Line]:
        """What is served now; nothing at a start, where each destination has a line of its own."""
        if self.outcome is None:
            return []
        fields: dict[str, object] = {"file": self.file}
        if self.outcome == "same":
            return [Line(logging.INFO, "routes read again, they are the same", fields)]
        fields["destinations"] = ", ".join(self.destinations)
        if self.gone:
            fields["gone"] = ", ".join(self.gone)
        return [Line(logging.INFO, "routes reloaded", fields)]


@dataclass(frozen=True, slots=True)
class RoutesRefused:
    """A changed routes file cannot be used; the routes before stay in force."""

    file: str
    troubles: Sequence[Trouble]

    def measure(self, metrics: Metrics) -> None:
        """The file is not what delivers."""
        metrics.set("redline_notify_reload_success", 0)
        metrics.add("redline_notify_reloads_total", outcome="refused")

    def lines(self) -> list[Line]:
        """That the old routes stay, then every trouble with its place."""
        fields: dict[str, object] = {"file": self.file, "troubles": len(self.troubles)}
        lines = [Line(logging.ERROR, "routes not reloaded, the old ones stay in force", fields)]
        for trouble in self.troubles[:TROUBLES_LOGGED_MAX]:
            places = {"at": trouble.at} if trouble.at else {}
            help_ = {"help": trouble.help} if trouble.help else {}
            lines.append(Line(logging.ERROR, trouble.what, places | help_))
        return lines
