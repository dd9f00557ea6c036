"""A match that waits for the watermark, and how snapshots say it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from stream.detect.codec import evidence_fields, evidence_of, ref_fields, ref_of, shortened, shortened_ref
from stream.detect.moments import to_us
from stream.detect.plan import Plan
from stream.detect.snapshot import item
from stream.model import ArticleRef, Evidence, Match


@dataclass(slots=True, eq=False)
class Event:
    """A match that waits; ordered by time, article and rule. `packed`: what the snapshot says of it, once asked for."""

    time_us: int
    article: str
    rule: str
    revision: int
    ref: ArticleRef
    source: str | None
    values: tuple[str, ...]
    fingerprint: bytes
    story: str | None
    evidence: Evidence | None
    raw_timestamp_ms: int
    packed: bytes = b""

    def __lt__(self, other: Event) -> bool:
        if self.time_us != other.time_us:  # nearly always: no tuples are made
            return self.time_us < other.time_us
        return (self.article, self.rule, self.revision) < (other.article, other.rule, other.revision)

    def pack(self) -> bytes:
        """For the snapshot, JSON."""
        fields = (
            self.time_us,
            self.article,
            self.rule,
            self.revision,
            ref_fields(self.ref),
            self.source,
            self.values,
            base64.b64encode(self.fingerprint).decode() if self.fingerprint else "",
            self.story,
            evidence_fields(self.evidence),
            self.raw_timestamp_ms,
        )
        self.packed = item(orjson.dumps(fields))
        return self.packed


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
    article = match.article
    values = (tuple(counted.split(",")) if field == "topic" else (counted,)) if counted else ()
    return Event(
        time_us,
        article.id,
        match.rule.id,
        article.revision,
        shortened_ref(article),
        source or article.source or None,
        values,
        match.fingerprint if plan.counts_stories else b"",
        story,
        shortened(match.evidence[0]) if match.evidence else None,
        match.raw_timestamp_ms,
    )


def unpacked(fields: list[Any]) -> Event:
    """What `Event.pack` gave, decoded from JSON."""
    time_us, article, rule, revision, ref, source, values, print_, story, evidence, raw_ms = fields
    article_ref = ref_of(ref)
    assert article_ref is not None
    return Event(
        *(time_us, article, rule, revision, article_ref, source, tuple(values)),
        base64.b64decode(print_),
        *(story, evidence_of(evidence), raw_ms),
    )
