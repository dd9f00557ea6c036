"""Explanations: what held where, and how near a quiet rule came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from stream.matching import Fired, ReadArticle
from stream.matching.explain import Explanation, Step, explain
from stream.matching.reference import judge, judge_all
from stream.rulelang.nodes import Or, Word
from stream.rulelang.ruleset import Exclusion, Rule, RuleSet, Scope
from tests.matching import strategies as a
from tests.matching.kit import expression

BODY = (
    "The Kremlin spoke of its red lines again on Monday, and of many other things that nobody had thought of "
    "before, and then warned them. Others slept.\n\nA truce was far."
)
FIRST = BODY.split(".", maxsplit=1)[0]
BESIDE = "“war” matched, but “peace” is 1 word away, at least 4 wanted"
PARAGRAPH = BODY.split(".\n", maxsplit=1)[0]


def _explain(query: str, body: str = BODY, **fields: object) -> Explanation:
    asked = a.rule(expression(query))
    return explain(asked, [asked], a.read(body, **fields))


@pytest.mark.parametrize(
    ("query", "misses"),
    [
        ("war", ("`war` is not there",)),
        (
            '"red lines" NEAR/12 (~warn OR ~threaten)',
            ("“red lines” matched; nearest `~warn OR ~threaten` is “warned”, 16 words away, limit 12",),
        ),
        (
            "warned ONEAR/30 Kremlin",
            ("“warned” matched; nearest `Kremlin` is “Kremlin”, 21 words away but before it, limit 30",),
        ),
        (
            "slept NEAR/9 truce",
            ("“slept” matched; nearest `truce` is “truce”, 1 word away in another paragraph, limit 9",),
        ),
        ("war NEAR/3 truce", ("“truce” matched; `war` is not there",)),
        ("war NEAR/3 peace", ("neither `war` nor `peace` is there",)),
        (
            "red NEAR/0 (red OR blue)",
            ("“red” matched; nearest `red OR blue` is “red”, 0 words away (they overlap), limit 0",),
        ),
        ("red NOT NEAR/2 lines", ("“red” matched, but “lines” is 0 words away, at least 3 wanted",)),
        ("truce AND NOT slept", ("`NOT slept`, but “slept” is there",)),
        ("SENTENCE(Kremlin AND war)", (f"the closest sentence is “{FIRST}”: `war` is not there",)),
        ("SENTENCE(Kremlin AND slept)", (f"the closest sentence is “{FIRST}”: “slept” stands in another sentence",)),
        (
            "PARAGRAPH(Kremlin AND truce AND war)",
            ("the closest paragraph is “{}”: “truce” stands in another paragraph; `war` is not there",),
        ),
        ("SENTENCE(war OR peace)", ("`war OR peace` is not there",)),
        ("LEAD/3(warned)", ("“warned” stands behind the first 3 words",)),
        ("title:warned", ("“warned” stands outside the title",)),
        ("CASE(KREMLIN)", ("“Kremlin” stands in another case",)),
        ("ATLEAST/4(of)", ("found 3 times, wanted 4",)),
        ("ANY/2(war, truce, peace)", ("1 of 2 hold: `war` is not there", "`peace` is not there")),
        ("truce AND source:reuters", ("the article has the source “ap”, wanted `source:reuters`",)),
        ("truce AND country:de", ("the article has no country, wanted `country:de`",)),
        ("truce AND topic:war", ("no other rule gives the article `topic:war`",)),
        ("war OR (truce AND peace)", ("`peace` is not there", "`war` is not there")),
    ],
)
def test_the_nearest_miss(query: str, misses: tuple[str, ...]) -> None:
    assert _explain(query, source="ap").misses == tuple(miss.replace("{}", PARAGRAPH) for miss in misses)


@pytest.mark.parametrize(
    ("query", "body", "title", "misses"),
    [
        ("LEAD/5(war)", "nothing", "war", ("“war” stands in the title",)),
        ("LEAD/1(war)", "no war", "war", ("“war” stands behind the first 1 words",)),
        ("LEAD/2(war AND peace)", "war and then peace", None, ("“peace” stands behind the first 2 words",)),
        ("LEAD/2(war AND now)", "then we now", None, ("`war` is not there", "“now” stands behind the first 2 words")),
        ("title:(war AND peace)", "peace", "war", ("“peace” stands outside the title",)),
        ("title:(war NEAR/2 peace)", "war and peace", "peace", ("“war and peace” stands outside the title",)),
        ("CASE(US AND WHO)", "US and who", None, ("“who” stands in another case",)),
        ("CASE(US OR WHO)", "us and who", None, ("“us” stands in another case", "“who” stands in another case")),
        ("CASE(US NEAR/3 WHO)", "US and who", None, ("“US” matched; “who” stands in another case",)),
        ("SENTENCE(x AND CASE(US))", "x us", None, ("the closest sentence is “x us”: “us” stands in another case",)),
        # The closer one stands in another paragraph, or before an ONEAR.
        ("war NOT NEAR/3 peace", "peace\n\nwar and peace", None, (BESIDE,)),
        ("war NOT ONEAR/3 peace", "peace war and peace", None, (BESIDE,)),
    ],
)  # fmt: skip
def test_a_word_that_is_in_its_place_is_not_blamed(
    query: str, body: str, title: str | None, misses: tuple[str, ...]
) -> None:
    assert _explain(query, body, title=title).misses == misses


def test_every_sentence_in_which_it_holds_is_shown_up_to_three() -> None:
    body = "".join(f"{side} warned{end}. " for side, end in zip("abcde", (" of war", "", "", "", " us"), strict=True))
    step = _explain("SENTENCE((A OR B OR C OR D OR E) AND warned)", body.title()).match
    assert [inner.clause for inner in step.steps] == [
        "in “A Warned Of War”",
        "in “B Warned”",
        "in “C Warned”",
        "in 2 more sentences",
    ]
    assert all(inner.held and inner.kind == "IN" for inner in step.steps)
    # In each of them a tick stands beside what is quoted of it, and beside nothing else.
    for inner, side in zip(step.steps[:3], "ABC", strict=True):
        letters = inner.steps[0].steps[0].steps
        assert [letter.clause for letter in letters if letter.held] == [side]


def test_the_tree_shows_what_held_and_the_forms_of_words() -> None:
    step = _explain("~warn AND war").match
    assert [(s.clause, s.held, [e.text for e in s.evidence]) for s in step.steps] == [
        ("~warn", True, ["warned"]),
        ("war", False, []),
    ]
    assert step.steps[0].forms[:3] == ("warn", "warns", "warned")


def test_of_a_list_only_what_held_is_shown() -> None:
    asked = a.rule(Or((Word("war"), Word("truce"), Word("Kremlin")), "words"))
    step = explain(asked, [asked], a.read(BODY)).match
    assert (step.kind, [inner.clause for inner in step.steps]) == ("@words", ["truce", "Kremlin"])


def test_of_a_list_of_which_nothing_holds_the_items_are_named() -> None:
    asked = a.rule(Or(tuple(Word(f"w{number}") for number in range(30)), "words"))
    step = explain(asked, [asked], a.read(BODY)).match
    assert (step.steps, step.items[:2], len(step.items), step.items_count) == ((), ("w0", "w1"), 20, 30)


def test_what_an_exclusion_hides_is_not_said_to_be_missing() -> None:
    asked = a.rule(
        expression("SENTENCE(Kremlin AND lines) OR red NEAR/1 lines"),
        Exclusion("colour", "…", "phrase", expression('"red lines"')),
    )
    explanation = explain(asked, [asked], a.read(BODY))
    assert explanation.misses == (
        f"the closest sentence is “{FIRST}”: “lines” is masked by the exclusion colour",
        "“red” is masked by the exclusion colour and “lines” is masked by the exclusion colour",
    )


def test_the_words_that_are_masked_are_named_without_those_between() -> None:
    asked = a.rule(expression("lines"), Exclusion("far", "…", "phrase", expression("Kremlin NEAR/9 lines")))
    explanation = explain(asked, [asked], a.read(BODY))
    assert explanation.exclusions[0].words == ("“Kremlin … lines” body 4",)


def test_of_an_article_that_is_dropped_nothing_is_missing() -> None:
    phrase = Exclusion("colour", "…", "phrase", expression('"red lines"'))
    asked = a.rule(expression("lines"), phrase, Exclusion("sleep", "…", "article", expression("slept")))
    explanation = explain(asked, [asked], a.read(BODY))
    assert (explanation.misses, explanation.masked) == ((), None)


def test_an_exclusion_that_masks() -> None:
    asked = a.rule(expression("lines"), Exclusion("colour", "…", "phrase", expression('"red lines"')))
    explanation = explain(asked, [asked], a.read(BODY))
    assert not isinstance(explanation.verdict, Fired)
    assert [(e.exclusion.name, e.step.held) for e in explanation.exclusions] == [("colour", True)]
    assert explanation.masked is not None
    assert (explanation.match.held, explanation.masked.held) == (True, False)


def test_the_scope() -> None:
    asked = a.rule(expression("truce"), scope=Scope(lang=("de",), source=("reuters", "ap*"), max_age_seconds=3600))
    article = a.read(BODY, lang="en", published=a.NOW - timedelta(hours=2))
    assert explain(asked, [asked], article).scope == (
        "found the lang “en”, expected “de”",
        "found no source, expected “reuters” or “ap*”",
        "found an age of 2.0 h at the event time, expected at most 1.0 h",
    )


def test_topics_of_other_rules() -> None:
    giver = replace(a.rule(expression("truce"), identifier="g"), topics=("peace/talks",))
    asked = a.rule(expression("topic:peace AND war"))
    explanation = explain(asked, [giver, asked], a.read(BODY))
    assert explanation.topics == ("peace/talks",)
    assert explanation.misses == ("`war` is not there",)


def _steps(step: Step) -> list[Step]:
    return [step, *(below for inner in step.steps for below in _steps(inner))]


@settings(max_examples=100, deadline=None)
@given(a.rules(), a.articles())
def test_it_says_what_the_reference_says(rule: Rule, article: ReadArticle) -> None:
    explanation = explain(rule, [rule], article)
    assert explanation.verdict == judge(rule, article)
    assert all(step.held == (step.nearness == 1.0) for step in _steps(explanation.match))
    if not isinstance(explanation.verdict, Fired) and not explanation.match.held:
        assert explanation.misses


@settings(max_examples=30, deadline=None)
@given(a.layered_rule_sets(), a.articles())
def test_it_says_what_the_reference_says_of_rules_on_topics(rules: RuleSet, article: ReadArticle) -> None:
    verdicts = judge_all(rules.rules, article)
    for rule in rules.rules:
        assert explain(rule, rules.rules, article).verdict == verdicts[rule.id]
