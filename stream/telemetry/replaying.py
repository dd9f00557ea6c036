"""The replayer's events: see `stream.telemetry.events` for what an event is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from stream.telemetry.events import Line
from stream.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ReplayMoved:
    """Some articles further. `done` of `articles` in this run; the four counts are since the last event."""

    articles: int
    done: int
    sent: int
    acknowledged: int
    failed: int
    acknowledged_bytes: int
    behind_seconds: float

    def measure(self, metrics: Metrics) -> None:
        """The ledger and the progress."""
        metrics.set("redline_replay_articles", self.articles)
        metrics.add("redline_replay_sent_total", self.sent)
        metrics.add("redline_replay_acknowledged_total", self.acknowledged)
        metrics.add("redline_replay_failed_total", self.failed)
        metrics.add("redline_replay_bytes_total", self.acknowledged_bytes)
        metrics.set("redline_replay_progress_ratio", self.done / self.articles if self.articles else 1.0)
        metrics.set("redline_replay_behind_seconds", self.behind_seconds)

    def lines(self) -> list[Line]:
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class ReplayTroubled:
    """Something could not be read or published; `code` is that of its dead letter, None if there is no dead letter."""

    origin: str
    reason: str
    stage: str
    code: str | None

    def measure(self, metrics: Metrics) -> None:
        """The dead letter, if there is one."""
        if self.code is not None:
            metrics.add("redline_dead_letters_total", stage=self.stage, code=self.code)

    def lines(self) -> list[Line]:
        """A warning with the place and the reason."""
        what = "not read" if self.stage == "read" else "not published"
        fields = {"origin": self.origin, "reason": self.reason}
        if self.code is not None:
            fields["dead_letter"] = self.code
        return [Line(logging.WARNING, what, fields, "replay")]
