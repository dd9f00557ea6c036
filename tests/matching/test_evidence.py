"""Evidence: exact slices, in order, bounded, each matching its own clause."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings

from stream.matching import Fired, Limits, Matcher, ReadArticle, RuleMatch
from stream.matching import matcher as matcher_module
from stream.matching.evidence import evidence_of
from stream.matching.finds import RegexFind, TextFind
from stream.matching.reference import judge
from stream.rulelang.nodes import Near, Node, Or, Word
from stream.rulelang.ruleset import Exclusion
from tests.matching import strategies as a
from tests.matching.kit import evidence, expression


def test_evidence_is_an_exact_slice_with_its_sentence() -> None:
    body = "Talks failed. The Kremlin’s “red lines” were crossed, he said. Nothing followed."
    (piece,) = evidence('~"red line"', body) or ()
    assert (piece.clause, piece.field, piece.text) == ('~"red line"', "body", "red lines")
    assert body[piece.start : piece.end] == piece.text
    assert piece.sentence == "The Kremlin’s “red lines” were crossed, he said."


def test_order_is_title_body_key_fields_then_place() -> None:
    found = evidence("(b OR a OR source:reuters) AND NOT c", "b a", title="a", source="Reuters") or ()
    assert [(piece.field, piece.text) for piece in found] == [
        ("title", "a"),
        ("body", "b"),
        ("body", "a"),
        ("source", "Reuters"),
    ]


def test_items_of_lists_stand_for_themselves() -> None:
    kremlin = Or((Word("Kremlin"), Word("Moscow")), "kremlin")
    (match,) = Matcher(a.rule_set(a.rule(kremlin))).match([a.read("Moscow talks to the Kremlin.")])[0]
    assert [piece.clause for piece in match.evidence] == ["Moscow", "Kremlin"]


def test_clauses_of_near_name_the_items_that_stood_there() -> None:
    kremlin = Or((Word("Kremlin"), Word("Moscow")), "kremlin")
    (match,) = Matcher(a.rule_set(a.rule(Near(kremlin, Word("talks"), 3)))).match([a.read("Moscow talks.")])[0]
    assert match.evidence[0].clause == "Moscow NEAR/3 talks"


def test_all_reasons_for_one_place_are_shown() -> None:
    asked = expression("(red OR ~red) NOT NEAR/0 line")
    (match,) = Matcher(a.rule_set(a.rule(asked))).match([a.read("red")])[0]
    assert [piece.clause for piece in match.evidence] == ["red NOT NEAR/0 line", "~red NOT NEAR/0 line"]
    (match,) = Matcher(a.rule_set(a.rule(asked)), Limits(evidence_per_match_max=3)).match([a.read("red " * 9)])[0]
    assert [(piece.start, piece.clause[0]) for piece in match.evidence] == [(0, "r"), (0, "~"), (4, "r")]


def test_evidence_is_bounded() -> None:
    limits = Limits(evidence_per_match_max=3, evidence_text_code_points_max=5, sentence_code_points_max=20)
    asked = a.rule(expression("war OR (peace NEAR/9 treaty)"))
    article = a.read("peace and then a treaty " + "war " * 100)
    (match,) = Matcher(a.rule_set(asked), limits).match([article])[0]
    assert [piece.text for piece in match.evidence] == ["peace", "war", "war"]
    for piece in match.evidence:
        assert article.body.source[piece.start : piece.end] == piece.text
        assert len(piece.sentence) <= 20
        assert piece.text in piece.sentence
    verdict = judge(asked, article)
    assert isinstance(verdict, Fired)
    assert evidence_of(verdict.finds, article, limits) == match.evidence


def test_html_evidence_points_into_the_markup() -> None:
    body = "<p>A <b>red</b> line &amp; a war</p>"
    found = evidence('"red line" OR war', body, content_type="text/html") or ()
    assert [piece.text for piece in found] == ["red</b> line", "war"]
    assert all(body[piece.start : piece.end] == piece.text for piece in found)


@settings(max_examples=200, deadline=None)
@given(a.nodes, a.articles())
def test_offsets_text_and_sentence_agree(node: Node, article: ReadArticle) -> None:
    for match in Matcher(a.rule_set(a.rule(node))).match([article])[0]:
        for piece in match.evidence:
            value = getattr(article.article, piece.field)
            assert value[piece.start : piece.end] == piece.text
            assert piece.text in piece.sentence


@settings(max_examples=200, deadline=None)
@given(a.leaves | a.cases | a.nears, a.articles())
def test_a_span_cut_out_alone_matches_its_clause(node: Node, article: ReadArticle) -> None:
    # What a NOT NEAR keeps away may itself hang on words that are not cut out: `a NOT NEAR/1 (b NOT NEAR/1 c)`.
    assume(not _keeps_away_negation(node))
    verdict = judge(a.rule(node), article)
    if not isinstance(verdict, Fired):
        return
    for find in verdict.finds:
        assert isinstance(find, TextFind | RegexFind)
        (piece,) = evidence_of([find], article, Limits())
        # A title has no paragraphs, a body may: the text is read again as what it was.
        alone = a.read("–", title=piece.text) if find.field == "title" else a.read(piece.text)
        again = judge(a.rule(find.clause), alone)
        assert isinstance(again, Fired), (piece.text, piece.clause)


def _keeps_away_negation(node: Node, inside: bool = False) -> bool:
    match node:
        case Near(left=left, right=right, negated=negated):
            return (
                (inside and negated)
                or _keeps_away_negation(left, inside)
                or _keeps_away_negation(right, inside or negated)
            )
        case Or(operands=operands):
            return any(_keeps_away_negation(operand, inside) for operand in operands)
    return False


def test_a_rule_that_fails_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [a.rule(expression("war"), identifier=name) for name in ("a", "b", "c")]
    matcher = Matcher(a.rule_set(*asked))
    whole = matcher_module._judge

    def failing(compiled: matcher_module.CompiledRule, *others: Any) -> Any:
        if compiled.rule.id == "b":
            raise ValueError("boom")
        return whole(compiled, *others)

    monkeypatch.setattr(matcher_module, "_judge", failing)
    matches = matcher.match([a.read("war")])[0]
    assert [(match.rule.id, match.error) for match in matches] == [("a", None), ("b", "ValueError: boom"), ("c", None)]


def test_the_order_of_a_batch_is_kept() -> None:
    matcher = Matcher(a.rule_set(a.rule(expression("war"), Exclusion("x", "…", "article", expression("peace")))))
    batch = [a.read("war"), a.read("peace"), a.read("war and peace"), a.read("war")]
    assert [[isinstance(match, RuleMatch) for match in found] for found in matcher.match(batch)] == [
        [True],
        [],
        [],
        [True],
    ]
