"""Topics of an article from the rules that matched it."""

from __future__ import annotations

from dataclasses import replace

from stream.matching import Limits, RuleMatch
from stream.model import Evidence
from stream.tag import topics_of
from tests.matching.kit import expression
from tests.matching.strategies import rule


def _match(identifier: str, topics: tuple[str, ...], *starts: int, error: str | None = None) -> RuleMatch:
    evidence = tuple(Evidence("war", "body", start, start + 3, "war", "war") for start in starts)
    return RuleMatch(replace(rule(expression("war"), identifier=identifier), topics=topics), evidence, error)


def test_topics_are_sorted_part_by_part_with_their_rules_and_evidence() -> None:
    hits = topics_of(
        [
            _match("b", ("energy/gas", "war"), 8, 2),
            _match("a", ("energy", "energy-tax", "war"), 2, 5),
            _match("c", ("sanctions",), error="ValueError: boom"),
        ]
    )
    assert [hit.topic for hit in hits] == ["energy", "energy/gas", "energy-tax", "war"]
    assert hits[-1].rules == ("a", "b")
    assert [piece.start for piece in hits[-1].evidence] == [2, 5, 8]


def test_evidence_of_a_topic_is_bounded() -> None:
    (hit,) = topics_of([_match("a", ("war",), *range(20, 0, -1))], Limits(evidence_per_topic_max=3))
    assert [piece.start for piece in hit.evidence] == [1, 2, 3]


def test_pieces_at_one_place_with_different_texts_are_all_there_and_have_an_order() -> None:
    pieces = tuple(Evidence("topic:energy/*", "topic", 0, 10, text, text) for text in ("energy/oil", "energy/gas"))
    for evidence in (pieces, pieces[::-1], pieces * 2):
        (hit,) = topics_of([replace(_match("a", ("war",)), evidence=evidence)])
        assert [piece.text for piece in hit.evidence] == ["energy/gas", "energy/oil"]


def test_no_match_no_topic() -> None:
    assert topics_of([]) == ()
