"""A topic that an article was tagged with, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from stream.model.match import Evidence


@dataclass(frozen=True, slots=True)
class TopicHit:
    """One topic of one article: the rules that gave it, and their evidence (bounded by `Limits`)."""

    topic: str
    rules: tuple[str, ...]
    evidence: tuple[Evidence, ...]
