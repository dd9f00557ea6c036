"""A match: one rule held for one article, with the evidence, carrying all that an alert needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stream.model.severity import Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """One span of an article that a clause of a rule matched.

    `start` and `end` are code point offsets, end exclusive, into `field` of the article as received, so that
    `field[start:end] == text`. `clause` is the clause as the printer writes it, `sentence` the text around it.
    """

    clause: str
    field: str
    start: int
    end: int
    text: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ArticleRef:
    """What an alert says about its article; `sha256` is of the body's UTF-8, in hexadecimal."""

    id: str
    revision: int
    url: str | None
    title: str | None
    source: str | None
    published: datetime | None
    sha256: str


@dataclass(frozen=True, slots=True)
class RuleRef:
    """What an alert says about its rule."""

    id: str
    version: int
    title: str
    severity: Severity
    topics: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    ruleset_digest: str


@dataclass(frozen=True, slots=True)
class Match:
    """One rule held for one article.

    `time` is the event time fixed once by agent 1, `raw_timestamp_ms` the Kafka timestamp of the raw record
    (for latency), `summary` the rendered template, `key` the state key, run first. `fingerprint` is the article's,
    as `detect.fingerprint` makes it; empty where nothing asks for the article's story. `values` are the article's by
    name, folded, where something is grouped or counted by them (topics joined by commas). A match that is counted by a
    correlation names it, with the values of its `group_by`; where its window goes by `published`, that is the date by
    which the match is counted, fixed by agent 1 like `time`.
    """

    rule: RuleRef
    article: ArticleRef
    run: str | None
    exercise: bool
    time: datetime
    raw_timestamp_ms: int
    summary: str
    evidence: tuple[Evidence, ...]
    key: str
    fingerprint: bytes = b""
    values: tuple[tuple[str, str], ...] = ()
    correlation: str | None = None
    group: tuple[str, ...] = ()
    published: datetime | None = None
