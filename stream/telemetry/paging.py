"""The page's events: see `stream.telemetry.events` for what an event is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from stream.telemetry.events import Line
from stream.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ReadersCounted:
    """How many read live now, and how many events slow ones have missed since the last time."""

    readers: int
    dropped: int

    def measure(self, metrics: Metrics) -> None:
        """Both."""
        metrics.set("redline_web_readers", self.readers)
        metrics.add("redline_web_events_dropped_total", self.dropped)

    def lines(self) -> list[Line]:
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class ReaderRefused:
    """One reader more than there may be, or one that took nothing for too long."""

    why: str

    def measure(self, metrics: Metrics) -> None:
        """One more, by reason (full, slow)."""
        metrics.add("redline_web_readers_refused_total", reason=self.why)

    def lines(self) -> list[Line]:
        """Which."""
        what = (
            "refused a live reader: all places are taken" if self.why == "full" else "disconnected a slow live reader"
        )
        return [Line(logging.WARNING, what, kind=f"reader-{self.why}")]


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """A wrong token."""

    address: str

    def measure(self, metrics: Metrics) -> None:
        """One more."""
        metrics.add("redline_web_logins_refused_total")

    def lines(self) -> list[Line]:
        """From where."""
        return [Line(logging.WARNING, "refused a login", {"address": self.address}, "login")]


@dataclass(frozen=True, slots=True)
class PageServing:
    """The page listens."""

    url: str

    def measure(self, metrics: Metrics) -> None:
        """Zeros, so that the first of each is an increase."""
        metrics.set("redline_web_readers", 0)
        metrics.add("redline_web_events_dropped_total", 0)
        metrics.add("redline_web_logins_refused_total", 0)
        for reason in ("full", "slow"):
            metrics.add("redline_web_readers_refused_total", 0, reason=reason)

    def lines(self) -> list[Line]:
        """Where."""
        return [Line(logging.INFO, "serving the page", {"url": self.url})]
