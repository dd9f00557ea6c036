"""CloudEvents 1.0, structured mode: alerts and tagged articles as they stand on their topics.

The JSON has the keys in the order of the model; times end in `Z`. `ce_*` headers repeat what routing needs.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from stream.model import Alert, Article, Member, Output, TopicHit
from stream.model.article import format_time
from stream.wire.fields import article_fields, evidence_fields, rule_fields
from stream.wire.identity import NAMESPACE
from stream.wire.schema import AlertData, AlertEvent, MemberFields

CONTENT_TYPE = b"application/cloudevents+json; charset=UTF-8"
ENGINE_VERSION = "0.1.0"
TEXT_VERSION = 1
"""Version of the reading rules (`text: 1`)."""


@dataclass(frozen=True, slots=True)
class CleaningReport:
    """What reading an article found: warnings, and the residue that was not searched, as (field, start, end, kind)."""

    warnings: tuple[str, ...]
    cuts: tuple[tuple[str, int, int, str], ...]


def alert_event(alert: Alert, *, pipeline: str, bytes_max: int) -> bytes:
    """The alert as a CloudEvent of at most `bytes_max` bytes.

    Evidence is left out from the end until it fits, then articles of a correlation; `evidence_omitted` and
    `articles_omitted` say how many, where there are any.
    """
    kept, listed = len(alert.evidence), len(alert.members)
    while True:
        event = orjson.dumps(_alert_fields(alert, pipeline, kept, listed))
        if len(event) <= bytes_max or not (kept or listed):
            return event
        kept, listed = (kept - 1, listed) if kept else (0, listed - 1)


def encode_alert(alert: Alert, *, topic: str, pipeline: str, bytes_max: int) -> Output:
    """The message for an alert topic, keyed by the alert's group."""
    severity = alert.rule.severity
    headers = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": b"1.0",
        "ce_id": alert.id.encode(),
        "ce_type": f"redline.alert.{alert.state}.v1".encode(),
        "ce_source": f"/redline/{pipeline}".encode(),
        "ce_subject": alert.rule.id.encode(),
        "ce_time": format_time(alert.time).encode(),
        "ce_severitytext": severity.encode(),
        "ce_severitynumber": str(severity.number).encode(),
    }
    event = alert_event(alert, pipeline=pipeline, bytes_max=bytes_max)
    return Output(topic, alert.group.key.encode(), event, tuple(headers.items()))


def tagged_event(
    article: Article,
    topics: Sequence[TopicHit],
    report: CleaningReport,
    *,
    time: datetime,
    pipeline: str,
    bytes_max: int,
) -> bytes:
    """The tagged article as a CloudEvent of at most `bytes_max` bytes.

    Where the article leaves no room for the tags, evidence goes first, then `extra`, then the end of the body;
    `data.trimmed` names what went.
    """
    fields = _tagged_fields(article, topics, report, time, pipeline)
    event = orjson.dumps(fields)
    data, trimmed = fields["data"], []
    for part in ("evidence", "cleaning", "extra", "body"):
        if len(event) <= bytes_max:
            break
        trimmed.append(part)
        match part:
            case "evidence":
                data["topics"] = [{**topic, "evidence": []} for topic in data["topics"]]
            case "cleaning":
                data["cleaning"] = {"warnings": [], "cuts": []}
            case "extra":
                data["article"]["extra"] = {}
            case _:
                # A code point takes at most six bytes in JSON, so this many fewer always make it fit.
                room = bytes_max - (len(event) - len(orjson.dumps(data["article"]["body"]))) - 1_000
                data["article"]["body"] = data["article"]["body"][: max(1, room // 6)]
        data["trimmed"] = trimmed
        event = orjson.dumps(fields)
    return event


def encode_tagged(article: Article, event: bytes, *, topic: str) -> Output:
    """The message for `articles.tagged`, keyed by the article's id."""
    headers = (("content-type", CONTENT_TYPE), ("ce_type", b"redline.article.tagged.v1"))
    return Output(topic, article.id.encode(), event, headers)


def _alert_fields(alert: Alert, pipeline: str, kept: int, listed: int) -> AlertEvent:
    rule, group = alert.rule, alert.group
    data: AlertData = {
        "summary": alert.summary,
        "status": "exercise" if alert.exercise else "actual",
        "state": alert.state,
        "run": alert.run,
        "rule": rule_fields(alert.rule),
        "article": article_fields(alert.article),
        "evidence": evidence_fields(alert.evidence[:kept]),
        "group": {
            "key": group.key,
            "count": group.count,
            "stories": group.stories,
            "sources": group.sources,
            "first_seen": format_time(group.first_seen),
            "last_seen": format_time(group.last_seen),
            "suppressed": group.suppressed,
        },
        "engine": {"version": ENGINE_VERSION, "text": TEXT_VERSION},
    }
    if kept < len(alert.evidence):
        data["evidence_omitted"] = len(alert.evidence) - kept
    if alert.suppressed is not None:
        data["suppressed"] = {"by": alert.suppressed.by, "reason": alert.suppressed.reason}
    if alert.members:
        data["articles"] = [_member_fields(member) for member in alert.members[:listed]]
        if listed < len(alert.members):
            data["articles_omitted"] = len(alert.members) - listed
    return {
        "specversion": "1.0",
        "id": alert.id,
        "source": f"/redline/{pipeline}",
        "type": f"redline.alert.{alert.state}.v1",
        "subject": rule.id,
        "time": format_time(alert.time),
        "recordedtime": format_time(alert.recorded_time),
        "severitytext": rule.severity,
        "severitynumber": rule.severity.number,
        "partitionkey": group.key,
        "correlationid": alert.correlation_id or alert.id,
        "causationid": alert.article.id,
        "datacontenttype": "application/json",
        "dataschema": "urn:redline:alert:v1",
        "data": data,
    }


def _member_fields(member: Member) -> MemberFields:
    article = member.article
    return {
        "id": article.id,
        "revision": article.revision,
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "rule": member.rule,
        "time": format_time(member.time),
    }


def _tagged_fields(
    article: Article, topics: Sequence[TopicHit], report: CleaningReport, time: datetime, pipeline: str
) -> dict[str, Any]:
    name = orjson.dumps(["article.tagged", article.id, article.revision, article.run]).decode()
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(NAMESPACE, name)),
        "source": f"/redline/{pipeline}",
        "type": "redline.article.tagged.v1",
        "subject": article.id,
        "time": format_time(time),
        "partitionkey": article.id,
        "datacontenttype": "application/json",
        "dataschema": "urn:redline:article.tagged:v1",
        "data": {
            "article": article.model_dump(mode="json", exclude_none=True),
            "topics": [{"topic": t.topic, "rules": t.rules, "evidence": evidence_fields(t.evidence)} for t in topics],
            "cleaning": {
                "warnings": report.warnings,
                "cuts": [{"field": f, "start": s, "end": e, "kind": k} for f, s, e, k in report.cuts],
            },
        },
    }
