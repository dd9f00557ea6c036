"""Events at the end of a service other than the worker: see `stream.telemetry.events` for what an event is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from stream.telemetry.events import Line
from stream.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ServiceStopping:
    """A signal asks the service to end."""

    signal: str

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """Which."""
        return [Line(logging.INFO, "stopping", {"signal": self.signal})]


@dataclass(frozen=True, slots=True)
class ServiceStopped:
    """The service has ended in order."""

    seconds: float

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """How long it took."""
        return [Line(logging.INFO, "stopped", {"seconds": round(self.seconds, 2)})]


@dataclass(frozen=True, slots=True)
class HangupIgnored:
    """SIGHUP, which means "read your files again" to many services, came to one that does not do so."""

    instead: str

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """What it does not do, and what to do instead."""
        return [Line(logging.WARNING, f"SIGHUP does nothing here: {self.instead}", kind="hangup")]
