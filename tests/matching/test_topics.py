"""`topic:` in expressions: what other rules found decides."""

from __future__ import annotations

from dataclasses import replace

from stream.matching import Limits, Matcher
from stream.matching.evidence import evidence_of
from stream.matching.finds import Fired
from stream.matching.reference import judge_all
from stream.model import Evidence
from stream.rulelang.ruleset import Exclusion, Rule
from tests.matching.kit import expression
from tests.matching.strategies import read, rule, rule_set

GAS = replace(rule(expression("gas"), identifier="gas"), topics=("energy/gas",))
TAX = replace(rule(expression("tax"), identifier="tax"), topics=("energy-tax",))


def _asking(query: str, *topics: str, identifier: str = "asks") -> Rule:
    return replace(rule(expression(query), identifier=identifier), topics=topics)


def _held(body: str, *rules: Rule) -> dict[str, tuple[Evidence, ...]]:
    """The rules that hold and their evidence, by the reference and by the fast path."""
    article = read(body)
    by_reference = {
        identifier: evidence_of(verdict.finds, article, Limits())
        for identifier, verdict in judge_all(rules, article).items()
        if isinstance(verdict, Fired)
    }
    assert {m.rule.id: m.evidence for m in Matcher(rule_set(*rules)).match([article])[0]} == by_reference
    return by_reference


def test_a_topic_covers_those_below_it_and_no_others() -> None:
    assert "asks" in _held("Gas.", GAS, TAX, _asking("topic:energy"))
    assert "asks" in _held("Gas.", GAS, TAX, _asking("topic:energy/gas"))
    assert "asks" in _held("Gas.", GAS, TAX, _asking("topic:Energy"))
    assert "asks" not in _held("Gas.", GAS, TAX, _asking("topic:energy/oil"))
    assert "asks" not in _held("Tax.", GAS, TAX, _asking("topic:energy"))
    assert "asks" in _held("Tax.", GAS, TAX, _asking("topic:energ*"))
    assert "asks" not in _held("Gas.", GAS, TAX, _asking("topic:gas"))


def test_the_evidence_is_the_topic_and_the_words() -> None:
    found = _held("War over gas.", GAS, _asking("topic:energy AND war"))["asks"]
    assert [(e.field, e.text, e.clause) for e in found] == [
        ("body", "War", "war"),
        ("topic", "energy/gas", "topic:energy"),
    ]


def test_not_a_topic() -> None:
    asks = _asking("war AND NOT topic:energy")
    assert "asks" in _held("War.", GAS, asks)
    assert "asks" not in _held("War over gas.", GAS, asks)


def test_rules_build_on_each_other_whatever_their_order() -> None:
    second = _asking("topic:energy AND war", "conflict", identifier="b")
    third = _asking("topic:conflict AND NOT peace", identifier="a")
    assert list(_held("War over gas.", third, second, GAS)) == ["a", "b", "gas"]
    assert list(_held("Gas.", third, second, GAS)) == ["gas"]


def test_a_rule_that_an_exclusion_keeps_quiet_gives_no_topic() -> None:
    exclusion = Exclusion("tear-gas", "…", "phrase", expression('"tear gas"'))
    giver = replace(rule(GAS.match, exclusion, identifier="gas"), topics=GAS.topics)
    assert _held("Tear gas.", giver, _asking("topic:energy")) == {}


def test_an_exclusion_may_ask_for_a_topic() -> None:
    asks = rule(expression("war"), Exclusion("x", "…", "article", expression("topic:energy")), identifier="asks")
    assert "asks" in _held("War.", GAS, asks)
    assert "asks" not in _held("War over gas.", GAS, asks)
