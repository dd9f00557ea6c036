"""The fast path finds what the reference finds: the same verdicts, spans, leaves and clauses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.matching import Fired, Limits, Matcher, ReadArticle, read_article
from stream.matching.evidence import evidence_of
from stream.matching.reference import judge, judge_all
from stream.model import Article
from stream.rulelang.nodes import Node
from stream.rulelang.ruleset import RuleSet
from stream.sources.rulefiles import load_ruleset
from tests.matching import strategies as a

ROOT = Path(__file__).parents[2]
SEEDS = sorted((ROOT / "seeds").glob("*.txt"))
SEED_CODE_POINTS = 1_500
"""How much of a seed is compared: the reference is slow on purpose."""


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


@settings(max_examples=200, deadline=None)
@given(a.rule_sets, a.articles() | a.odd_texts().map(a.read))
def test_without_evidence_the_same_rules_hold(rules: RuleSet, article: ReadArticle) -> None:
    expected = [rule.id for rule in rules.rules if isinstance(judge(rule, article), Fired)]
    for prefilter in (True, False):
        matcher = Matcher(rules, Limits(evidence_per_match_max=0), prefilter=prefilter)
        assert [(match.rule.id, match.evidence, match.error) for match in matcher.match([article])[0]] == [
            (identifier, (), None) for identifier in expected
        ]


@settings(max_examples=400, deadline=None)
@given(a.phrases | a.odd_nodes, a.odd_texts(), st.none() | a.odd_texts(max_size=3))
def test_what_stands_between_words_is_read_the_same(node: Node, body: str, title: str | None) -> None:
    article = a.read(body, title=title)
    rule = a.rule(node)
    expected = judge(rule, article)
    assert _comparable(Matcher(a.rule_set(rule)).verdict(rule, article)) == _comparable(expected)
    deciding = Matcher(a.rule_set(rule), Limits(evidence_per_match_max=0))
    # Not yet asked for anything but its tokens.
    again = a.read(body, title=title)
    assert bool(deciding.match([again])[0]) == isinstance(expected, Fired)


@settings(max_examples=150, deadline=None)
@given(a.layered_rule_sets(), a.articles())
def test_rules_that_ask_for_topics_find_the_same(rules: RuleSet, article: ReadArticle) -> None:
    matcher = Matcher(rules)
    verdicts = judge_all(rules.rules, article)
    for rule in rules.rules:
        assert _comparable(matcher.verdict(rule, article)) == _comparable(verdicts[rule.id])
    expected = [
        (rule.id, evidence_of(verdict.finds, article, Limits()))
        for rule in rules.rules
        if isinstance(verdict := verdicts[rule.id], Fired)
    ]
    for prefilter in (True, False):
        found = Matcher(rules, prefilter=prefilter).match([article])[0]
        assert [(match.rule.id, match.evidence) for match in found] == expected


@settings(max_examples=100, deadline=None)
@given(a.nodes, a.articles())
def test_evidence_is_the_same_under_a_narrow_limit(node: Node, article: ReadArticle) -> None:
    limits = Limits(evidence_per_match_max=2)
    rule = a.rule(node)
    verdict = judge(rule, article)
    expected = [evidence_of(verdict.finds, article, limits)] if isinstance(verdict, Fired) else []
    assert [match.evidence for match in Matcher(a.rule_set(rule), limits).match([article])[0]] == expected


@pytest.fixture(scope="module")
def shipped() -> tuple[RuleSet, Matcher]:
    """The rules of the project, compiled once."""
    ruleset = load_ruleset(ROOT / "rules")
    return ruleset, Matcher(ruleset)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.name[:3])
def test_seeds_and_shipped_rules(seed: Path, shipped: tuple[RuleSet, Matcher]) -> None:
    ruleset, matcher = shipped
    text = seed.read_text(encoding="utf-8")[:SEED_CODE_POINTS]
    article = read_article(Article(id=seed.name, body=text, lang="en"), datetime(2024, 9, 12, tzinfo=UTC))
    for rule in ruleset.rules:
        assert _comparable(matcher.verdict(rule, article)) == _comparable(judge(rule, article)), rule.id
