"""The fast path finds what the reference finds: the same verdicts, spans, leaves and clauses."""

from __future__ import annotations

from hypothesis import given, settings

from stream.matching import Fired, Matcher, ReadArticle
from stream.matching.reference import judge
from stream.rulelang.nodes import Node
from stream.rulelang.ruleset import RuleSet
from tests.matching import strategies as a


def _comparable(verdict: object) -> object:
    return set(verdict.finds) if isinstance(verdict, Fired) else verdict


@settings(max_examples=300, deadline=None)
@given(a.nodes, a.articles())
def test_every_expression_finds_the_same(node: Node, article: ReadArticle) -> None:
    rule = a.rule(node)
    matcher = Matcher(a.rule_set(rule))
    assert _comparable(matcher.verdict(rule, article)) == _comparable(judge(rule, article))


@settings(max_examples=200, deadline=None)
@given(a.nears, a.articles())
def test_near_finds_the_same(node: Node, article: ReadArticle) -> None:
    rule = a.rule(node)
    matcher = Matcher(a.rule_set(rule))
    assert _comparable(matcher.verdict(rule, article)) == _comparable(judge(rule, article))


@settings(max_examples=150, deadline=None)
@given(a.rule_sets, a.articles(), a.articles())
def test_rule_sets_say_the_same_with_and_without_the_prefilter(
    rules: RuleSet, first: ReadArticle, second: ReadArticle
) -> None:
    matcher = Matcher(rules)
    verdicts = {rule.id: judge(rule, first) for rule in rules.rules}
    for rule in rules.rules:
        assert _comparable(matcher.verdict(rule, first)) == _comparable(verdicts[rule.id])
    with_prefilter = matcher.match([first, second, first])
    assert with_prefilter == Matcher(rules, prefilter=False).match([first, second, first])
    assert with_prefilter[0] == with_prefilter[2]
    assert [m.rule.id for m in with_prefilter[0]] == [i for i, v in verdicts.items() if isinstance(v, Fired)]
