"""Articles and evidence as short lists, for snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stream.detect.moments import from_us, to_us
from stream.model import ArticleRef, Evidence

SENTENCE_CODE_POINTS_MAX = 160
TITLE_CODE_POINTS_MAX = 160
URL_CODE_POINTS_MAX = 300
"""Of what waits and of members of windows; a longer link is left out, since half of it leads nowhere."""


def ref_fields(ref: ArticleRef | None) -> list[Any] | None:
    """An article as a list."""
    if ref is None:
        return None
    published = None if ref.published is None else to_us(ref.published)
    return [ref.id, ref.revision, ref.url, ref.title, ref.source, published, ref.sha256]


def ref_of(fields: list[Any] | None) -> ArticleRef | None:
    """What `ref_fields` gave."""
    if fields is None:
        return None
    identifier, revision, url, title, source, published, sha256 = fields
    moment = None if published is None else from_us(published)
    return ArticleRef(identifier, revision, url, title, source, moment, sha256)


def evidence_fields(evidence: Evidence | None) -> list[Any] | None:
    """A piece of evidence as a list."""
    e = evidence
    return None if e is None else [e.clause, e.field, e.start, e.end, e.text, e.sentence]


def shortened_ref(ref: ArticleRef) -> ArticleRef:
    """The article with what alerts of correlations say of it."""
    title, url, source = ref.title or "", ref.url or "", ref.source or ""
    if len(title) <= TITLE_CODE_POINTS_MAX >= len(source) and len(url) <= URL_CODE_POINTS_MAX:
        return ref
    if len(title) > TITLE_CODE_POINTS_MAX:
        ref = replace(ref, title=title[: TITLE_CODE_POINTS_MAX - 1] + "…")
    if len(source) > TITLE_CODE_POINTS_MAX:
        ref = replace(ref, source=source[:TITLE_CODE_POINTS_MAX])
    return replace(ref, url=None) if len(url) > URL_CODE_POINTS_MAX else ref


def shortened(evidence: Evidence) -> Evidence:
    """The piece with its sentence cut: many of them wait at a time."""
    most = SENTENCE_CODE_POINTS_MAX
    if len(evidence.sentence) <= most and len(evidence.text) <= most and len(evidence.clause) <= most:
        return evidence
    return replace(
        evidence, clause=evidence.clause[:most], text=evidence.text[:most], sentence=evidence.sentence[:most]
    )


def evidence_of(fields: list[Any] | None) -> Evidence | None:
    """What `evidence_fields` gave."""
    return None if fields is None else Evidence(*fields)
