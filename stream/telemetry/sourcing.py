"""Events of sources: see `stream.telemetry.events` for what an event is.

Every source emits `SourceStarted`, `ArticlesOffered` for what it found, `SourceTried` after each attempt at the
outside world, and `SourceStopped`; the suite in tests/sources/test_compliance.py holds all of them to it.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from stream.telemetry.events import Line
from stream.telemetry.metrics import Metrics

REASONS_LOGGED_MAX = 5
_OUTCOMES = ("accepted", "refused", "failed", "known")
_POLLS = ("changed", "unchanged", "failed", "page", "page_failed")


@dataclass(frozen=True, slots=True)
class SourceStarted:
    """A source begins; `place` is what it reads, without secrets."""

    source: str
    type: str
    place: str

    def measure(self, metrics: Metrics) -> None:
        """Zeros, so that the first article, and the first poll, is an increase."""
        metrics.add("redline_source_articles_total", 0, source=self.source)
        for outcome in _OUTCOMES:
            metrics.add("redline_ingest_articles_total", 0, type=self.type, outcome=outcome)
        for outcome in _POLLS if self.type == "feed" else ():
            metrics.add("redline_feed_polls_total", 0, outcome=outcome)

    def lines(self) -> list[Line]:
        """Which."""
        return [Line(logging.INFO, "source started", {"source": self.source, "type": self.type, "at": self.place})]


@dataclass(frozen=True, slots=True)
class SourceStopped:
    """A source ended: on a stop, or because there is no more to come."""

    source: str
    articles: int
    ended: bool

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """Which, and how many articles it brought."""
        what = "source at its end" if self.ended else "source stopped"
        return [Line(logging.INFO, what, {"source": self.source, "articles": self.articles})]


@dataclass(frozen=True, slots=True)
class SourceTried:
    """A source looked at the outside world: `trouble` is None if that worked, else a sentence without secrets."""

    source: str
    trouble: str | None
    first: bool
    """The state of the source changed by it (or it is its first attempt)."""
    kind: Literal["source", "changed", "unchanged", "failed"] = "source"
    pause_seconds: float | None = None

    def measure(self, metrics: Metrics) -> None:
        """Whether it is up; feeds count their polls."""
        metrics.set("redline_source_up", 0 if self.trouble else 1, source=self.source)
        if self.kind != "source":
            metrics.add("redline_feed_polls_total", outcome=self.kind)

    def lines(self) -> list[Line]:
        """The trouble, and its end."""
        if self.trouble is None:
            return [Line(logging.INFO, "source works again", {"source": self.source})] if self.first else []
        fields: dict[str, object] = {"source": self.source, "reason": self.trouble}
        if self.pause_seconds is not None:
            fields["next_try_seconds"] = round(self.pause_seconds)
        return [Line(logging.WARNING, "source fails", fields, f"source {self.source}")]


@dataclass(frozen=True, slots=True)
class ArticlesOffered:
    """What became of what a source found. `reasons` are of refused ones; `now` is the wall clock, a Unix time.

    `known`: found before, and not offered again. `buried`: (stage, code) of dead letters written.
    """

    source: str
    type: str
    accepted: int
    refused: int
    failed: int
    known: int
    now: float
    reasons: tuple[str, ...] = ()
    buried: tuple[tuple[str, str], ...] = ()
    waiting: int | None = None

    def measure(self, metrics: Metrics) -> None:
        """The counts; when the source last brought an article."""
        for outcome in _OUTCOMES:
            count: int = getattr(self, outcome)
            if count:
                metrics.add("redline_ingest_articles_total", count, type=self.type, outcome=outcome)
        if self.accepted:
            metrics.add("redline_source_articles_total", self.accepted, source=self.source)
            metrics.set("redline_source_last_article_timestamp_seconds", self.now, source=self.source)
        for (stage, code), count in Counter(self.buried).items():
            metrics.add("redline_dead_letters_total", count, stage=stage, code=code)
        if self.waiting is not None:
            metrics.set("redline_ingest_waiting_articles", self.waiting)

    def lines(self) -> list[Line]:
        """What was refused, and that the broker did not acknowledge some."""
        lines = [
            Line(logging.WARNING, "refused an article", {"source": self.source, "reason": reason}, "refused article")
            for reason in self.reasons[:REASONS_LOGGED_MAX]
        ]
        if self.failed:
            fields = {"source": self.source, "articles": self.failed}
            lines.append(Line(logging.ERROR, "not acknowledged by the broker, tried again later", fields, "unacked"))
        return lines


@dataclass(frozen=True, slots=True)
class PageFetched:
    """A web page was asked for the full text of an article; `trouble` is None if it gave one."""

    source: str
    trouble: str | None

    def measure(self, metrics: Metrics) -> None:
        """The page."""
        metrics.add("redline_feed_polls_total", outcome="page_failed" if self.trouble else "page")

    def lines(self) -> list[Line]:
        """Why the feed's summary has to do."""
        if self.trouble is None:
            return []
        fields = {"source": self.source, "reason": self.trouble}
        return [Line(logging.INFO, "no full text, the summary is used", fields, f"page {self.source}")]


@dataclass(frozen=True, slots=True)
class FeedMoved:
    """A feed answers from another address for good."""

    source: str
    to: str

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """Where; without secrets."""
        fields = {"source": self.source, "to": self.to}
        return [Line(logging.WARNING, "the feed has moved for good; change its url", fields, f"moved {self.source}")]


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """An HTTP request to the listener has its answer."""

    status: int
    seconds: float

    def measure(self, metrics: Metrics) -> None:
        """Count and time."""
        metrics.add("redline_ingest_requests_total", status=str(self.status))
        metrics.observe("redline_ingest_request_seconds", self.seconds)

    def lines(self) -> list[Line]:
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class StateUnusable:
    """What a source remembered cannot be read or written."""

    source: str
    reason: str
    writing: bool

    def measure(self, metrics: Metrics) -> None:
        """Nothing."""

    def lines(self) -> list[Line]:
        """What follows from it."""
        what = (
            "cannot remember how far the source is; articles may come again after a restart"
            if self.writing
            else "what the source remembered cannot be read; it begins anew"
        )
        return [Line(logging.ERROR, what, {"source": self.source, "reason": self.reason}, f"state {self.source}")]
