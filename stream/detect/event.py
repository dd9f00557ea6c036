"""A match that waits for the watermark, and how snapshots say it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from sys import intern
from typing import Any

import orjson

from stream.detect.codec import evidence_fields, evidence_of, ref_fields, ref_of, shortened, shortened_ref
from stream.detect.moments import to_us
from stream.detect.plan import Plan
from stream.detect.snapshot import item
from stream.model import ArticleRef, Evidence, Match


@dataclass(slots=True, eq=False)
class Event:
    """A match that waits; ordered by time, article and rule.

    `packed`: all of it as JSON, as snapshots say it. Twenty thousand of a key may wait, so what is needed once, when
    the event is counted, is not kept a second time as objects: they are three times as large (see `content`).
    """

    time_us: int
    article: str
    rule: str
    revision: int
    packed: bytes

    def __lt__(self, other: Event) -> bool:
        if self.time_us != other.time_us:  # nearly always: no tuples are made
            return self.time_us < other.time_us
        return (self.article, self.rule, self.revision) < (other.article, other.rule, other.revision)

    def content(self) -> Content:
        """The rest of it."""
        return Content(*orjson.loads(memoryview(self.packed))[4:])  # orjson takes no subclass of bytes


@dataclass(slots=True)
class Content:
    """What an event is counted with. `ref_list`, `evidence_list`: as short lists, since few are ever shown."""

    ref_list: list[Any]
    source: str | None
    values: list[str]
    fingerprint_text: str
    story: str | None
    evidence_list: list[Any] | None
    raw_timestamp_ms: int

    @property
    def ref(self) -> ArticleRef:
        """The article."""
        found = ref_of(self.ref_list)
        assert found is not None
        return found

    @property
    def evidence(self) -> Evidence | None:
        """The first piece of evidence."""
        return evidence_of(self.evidence_list)

    @property
    def fingerprint(self) -> bytes:
        """The article's, for telling stories apart; empty if the correlation does not count them."""
        return base64.b64decode(self.fingerprint_text)


def time_of(match: Match, plan: Plan) -> int:
    """The time by which a correlation orders a match, in microseconds since 1970 UTC."""
    if plan.by_published:
        return to_us(match.published or match.article.published or match.time)
    return to_us(match.time)


def event_of(plan: Plan, match: Match, story: str | None, time_us: int) -> Event:
    """What a correlation keeps of a match."""
    source = counted = ""
    field = plan.correlation.condition.field
    for name, value in match.values:
        if name == "source":
            source = value
        if name == field:
            counted = value
    article, print_ = match.article, match.fingerprint if plan.counts_stories else b""
    values = (counted.split(",") if field == "topic" else [counted]) if counted else []
    return unpacked(
        [
            time_us,
            article.id,
            match.rule.id,
            article.revision,
            ref_fields(shortened_ref(article)),
            source or article.source or None,
            values,
            base64.b64encode(print_).decode(),
            story,
            evidence_fields(shortened(match.evidence[0])) if match.evidence else None,
            match.raw_timestamp_ms,
        ]
    )


def unpacked(fields: list[Any]) -> Event:
    """From what `Event.packed` says, decoded from JSON. Names that many events have in common are held once."""
    return Event(fields[0], fields[1], intern(fields[2]), fields[3], item(orjson.dumps(fields)))
