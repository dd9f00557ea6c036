"""Topics of an article: every topic of every rule that holds, with the evidence that it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from stream.matching import Limits, RuleMatch
from stream.model import Evidence, TopicHit

_FIELD_ORDER = {"title": 0, "body": 1}

_Order = tuple[int, int, int, str, str, str]
"""Field, start, end, clause, field, text: no two pieces of an article have the same."""


def topics_of(matches: Sequence[RuleMatch], limits: Limits | None = None) -> tuple[TopicHit, ...]:
    """One hit a topic, in the order of their names part by part (`energy` before `energy/gas` before `energy-tax`).

    A hit names the rules that gave the topic, sorted, and the first `evidence_per_topic_max` pieces of their
    evidence in reading order. `energy/gas` does not make a hit `energy` as well: who asks for `energy` asks for
    what is below it. Rules with an error give no topics.
    """
    bound = (limits or Limits()).evidence_per_topic_max
    rules: dict[str, set[str]] = {}
    evidence: dict[str, dict[_Order, Evidence]] = {}
    for match in matches:
        if match.error is not None:
            continue
        for topic in match.rule.topics:
            rules.setdefault(topic, set()).add(match.rule.id)
            evidence.setdefault(topic, {}).update((_reading_order(piece), piece) for piece in match.evidence)
    first = {topic: tuple(piece for _, piece in sorted(pieces.items())[:bound]) for topic, pieces in evidence.items()}
    return tuple(
        TopicHit(topic, tuple(sorted(rules[topic])), first[topic])
        for topic in sorted(rules, key=lambda name: name.split("/"))
    )


def _reading_order(piece: Evidence) -> _Order:
    order = _FIELD_ORDER.get(piece.field, len(_FIELD_ORDER))
    return order, piece.start, piece.end, piece.clause, piece.field, piece.text
