"""The shape of the JSON that subscribers read; the published JSON Schemas are generated from these.

Inside v1 the shapes only grow: a reader must ignore keys that it does not know.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from stream.model import Severity


class RuleFields(TypedDict):
    """The rule that an alert rests on, and the digest of the rule set it was in."""

    id: str
    version: int
    title: str
    severity: Severity
    topics: tuple[str, ...]
    labels: dict[str, str]
    ruleset_digest: str


class ArticleFields(TypedDict):
    """The article that an alert rests on: a link, not the text. `sha256` is of the body's UTF-8."""

    id: str
    revision: int
    url: str | None
    title: str | None
    source: str | None
    published: str | None
    sha256: str


class EvidenceFields(TypedDict):
    """One span that a clause matched; `start` and `end` are code point offsets into `field` as received."""

    clause: str
    field: str
    start: int
    end: int
    text: str
    sentence: str


class GroupFields(TypedDict):
    """The group that the alert belongs to."""

    key: str
    count: int
    stories: int
    sources: int
    first_seen: str
    last_seen: str
    suppressed: int


class SuppressedFields(TypedDict):
    """Why the alert was held back; only on `alerts.suppressed`."""

    by: Literal["throttle"]
    reason: str


class MemberFields(TypedDict):
    """An article that a correlation counted, and the rule that it matched."""

    id: str
    revision: int
    url: str | None
    title: str | None
    source: str | None
    rule: str
    time: str


class EngineFields(TypedDict):
    """The version of the engine, and of the reading rules (`text`)."""

    version: str
    text: int


class AlertData(TypedDict):
    """What an alert says."""

    summary: str
    status: Literal["actual", "exercise"]
    state: Literal["fired", "updated", "resolved"]
    run: str | None
    rule: RuleFields
    article: ArticleFields
    evidence: list[EvidenceFields]
    group: GroupFields
    engine: EngineFields
    evidence_omitted: NotRequired[int]
    suppressed: NotRequired[SuppressedFields]
    articles: NotRequired[list[MemberFields]]
    articles_omitted: NotRequired[int]


class AlertEvent(TypedDict):
    """An alert: CloudEvents 1.0, structured mode. `recordedtime` alone depends on the wall clock."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    recordedtime: str
    severitytext: Severity
    severitynumber: int
    partitionkey: str
    correlationid: str
    causationid: str
    datacontenttype: Literal["application/json"]
    dataschema: str
    data: AlertData
