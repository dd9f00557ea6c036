"""The JSON objects that several messages share, keys in the order of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from stream.model import ArticleRef, Evidence, RuleRef
from stream.model.article import format_time
from stream.wire.schema import ArticleFields, EvidenceFields, RuleFields


def rule_fields(rule: RuleRef) -> RuleFields:
    """What a message says about a rule."""
    return {
        "id": rule.id,
        "version": rule.version,
        "title": rule.title,
        "severity": rule.severity,
        "topics": rule.topics,
        "labels": dict(rule.labels),
        "ruleset_digest": rule.ruleset_digest,
    }


def article_fields(article: ArticleRef) -> ArticleFields:
    """What a message says about the article it rests on; it links, it does not embed."""
    return {
        "id": article.id,
        "revision": article.revision,
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "published": None if article.published is None else format_time(article.published),
        "sha256": article.sha256,
    }


def evidence_fields(evidence: Sequence[Evidence]) -> list[EvidenceFields]:
    """Pieces of evidence; offsets are code points into the article as received."""
    return [
        {
            "clause": e.clause,
            "field": e.field,
            "start": e.start,
            "end": e.end,
            "text": e.text,
            "sentence": e.sentence,
        }
        for e in evidence
    ]
