"""Match <-> bytes of the internal topic `matches`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from stream.model import ArticleRef, Evidence, Match, Output, Reject, RuleRef, Severity
from stream.model.article import format_time
from stream.wire.fields import article_fields, evidence_fields, rule_fields
from stream.wire.identity import scope_of

FORMAT = 1
"""Version of this internal format; another one is refused, never misread."""


def state_key(run: str | None, rule: str, *, exercise: bool = False) -> str:
    """The key of the state that a match touches: a compact JSON array, run first (see `scope_of`)."""
    return orjson.dumps([scope_of(run, exercise), rule]).decode()


def correlation_key(run: str | None, correlation: str, group: Sequence[str], *, exercise: bool = False) -> str:
    """The key of a correlation's state: an array of three, so never that of a rule."""
    return orjson.dumps([scope_of(run, exercise), correlation, list(group)]).decode()


def rule_of_key(key: bytes | None) -> str | None:
    """The id of the rule or correlation in the key of a message on `matches`; None if it is no such key."""
    try:
        fields = orjson.loads(key or b"")
    except orjson.JSONDecodeError:
        return None
    if isinstance(fields, list) and len(fields) > 1 and isinstance(fields[1], str):
        return fields[1]
    return None


def encode_match(match: Match, *, topic: str) -> Output:
    """The message for `matches`, keyed by the state key."""
    return Output(topic, match.key.encode(), orjson.dumps(_fields(match)))


def encode_late(match: Match, *, topic: str) -> Output:
    """The message for `articles.late`: the match, which names the correlation that had already counted its time."""
    return Output(topic, match.article.id.encode(), orjson.dumps(_fields(match)))


def _fields(match: Match) -> dict[str, Any]:
    value: dict[str, Any] = {
        "format": FORMAT,
        "key": match.key,
        "run": match.run,
        "exercise": match.exercise,
        "time": format_time(match.time),
        "raw_timestamp_ms": match.raw_timestamp_ms,
        "summary": match.summary,
        "rule": rule_fields(match.rule),
        "article": article_fields(match.article),
        "evidence": evidence_fields(match.evidence),
    }
    if match.fingerprint:
        value["fingerprint"] = base64.b64encode(match.fingerprint).decode()
    if match.values:
        value["values"] = dict(match.values)
    if match.correlation is not None:
        value["correlation"], value["group"] = match.correlation, match.group
    if match.published is not None:
        value["published"] = format_time(match.published)
    return value


def decode_match(value: bytes | None) -> Match | Reject:
    """The match in a message; a Reject (stage `alert`) where the topic holds something else."""
    if value is None:
        return _reject("found a record without a value")
    try:
        fields = orjson.loads(value)
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            return _reject(f"found format {fields.get('format') if isinstance(fields, dict) else None!r}")
        return _match(fields)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        return _reject(f"found {type(error).__name__}: {str(error)[:200]}")


def _match(fields: dict[str, Any]) -> Match:
    rule, article = fields["rule"], fields["article"]
    published = article["published"]
    return Match(
        rule=RuleRef(
            id=rule["id"],
            version=rule["version"],
            title=rule["title"],
            severity=Severity(rule["severity"]),
            topics=tuple(rule["topics"]),
            labels=tuple(rule["labels"].items()),
            ruleset_digest=rule["ruleset_digest"],
        ),
        article=ArticleRef(
            id=article["id"],
            revision=article["revision"],
            url=article["url"],
            title=article["title"],
            source=article["source"],
            published=None if published is None else _time(published),
            sha256=article["sha256"],
        ),
        run=fields["run"],
        exercise=fields["exercise"],
        time=_time(fields["time"]),
        raw_timestamp_ms=int(fields["raw_timestamp_ms"]),
        summary=fields["summary"],
        evidence=tuple(Evidence(**piece) for piece in fields["evidence"]),
        key=fields["key"],
        # Records of before there were fingerprints have none.
        fingerprint=base64.b64decode(fields.get("fingerprint", ""), validate=True),
        values=tuple(fields.get("values", {}).items()),
        correlation=fields.get("correlation"),
        group=tuple(fields.get("group", ())),
        published=_time(fields["published"]) if "published" in fields else None,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _reject(found: str) -> Reject:
    return Reject("alert", "invalid_match", f"{found}, expected a match of format {FORMAT}; only workers write here")
