"""Events about the way to Kafka, the same in every service."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from stream.telemetry.events import Line
from stream.telemetry.metrics import Metrics

UP = "redline_broker_up"


@dataclass(frozen=True, slots=True)
class BrokerSought:
    """A service has begun and looks for Kafka; until it is found, it counts as not there."""

    def measure(self, metrics: Metrics) -> None:
        """0."""
        metrics.set(UP, 0)

    def lines(self) -> list[Line]:
        """None: the service says itself if it is not found."""
        return []


@dataclass(frozen=True, slots=True)
class BrokerFound:
    """Kafka has answered, and the service goes on with its start."""

    def measure(self, metrics: Metrics) -> None:
        """1."""
        metrics.set(UP, 1)

    def lines(self) -> list[Line]:
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class BrokerAway:
    """Kafka answers nobody, and has not since `silence_seconds`. `meanwhile`: what that means for this service."""

    bootstrap: str
    silence_seconds: float
    meanwhile: str

    def measure(self, metrics: Metrics) -> None:
        """0."""
        metrics.set(UP, 0)

    def lines(self) -> list[Line]:
        """Where it should be, and what happens until it is back."""
        message = f"Kafka does not answer; waiting for it. {self.meanwhile}"
        return [Line(logging.WARNING, message, {"broker": self.bootstrap, "seconds": round(self.silence_seconds)})]


@dataclass(frozen=True, slots=True)
class BrokerBack:
    """Kafka answers again, after about `silence_seconds`."""

    bootstrap: str
    silence_seconds: float

    def measure(self, metrics: Metrics) -> None:
        """1."""
        metrics.set(UP, 1)

    def lines(self) -> list[Line]:
        """How long it was away."""
        fields = {"broker": self.bootstrap, "seconds": round(self.silence_seconds)}
        return [Line(logging.INFO, "Kafka answers again", fields)]
