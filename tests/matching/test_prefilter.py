"""The prefilter leaves out no rule that holds, asks of an expression all its rare parts, and many rules at once."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.matching import Fired, Limits, Matcher, ReadArticle, vocabulary
from stream.matching.compile import Compiler
from stream.matching.prefilter import Prefilter, conditions_of
from stream.matching.reference import judge
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary
from stream.rulelang.nodes import And, Node, Not, Word
from stream.rulelang.ruleset import Exclusion
from tests.matching.kit import expression
from tests.matching.strategies import articles, nodes, read, rule, rule_set

WORDS = [f"word{number}" for number in range(60)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("strike AND kyiv", [{"strike"}, {"kyiv"}]),
        ("strike OR raid", [{"strike", "raid"}]),
        ("(strike OR raid) NEAR/3 (kyiv OR odesa)", [{"strike", "raid"}, {"kyiv", "odesa"}]),
        ("SENTENCE((strike OR raid) AND NOT drill) AND kyiv", [{"strike", "raid"}, {"kyiv"}]),
        ("strike NOT NEAR/3 drill", [{"strike"}]),
        ("ANY/2(strike, raid, kyiv)", None),
        ("title: strike AND ATLEAST/2(kyiv)", [{"strike"}, {"kyiv"}]),
        ("NOT strike", []),
    ],
)
def test_what_is_known_of_an_expression(text: str, parts: list[set[str]] | None) -> None:
    words = Vocabulary()
    node = Compiler(words).compile(expression(text))
    conditions = conditions_of(node)
    slots = {word: words.add_tokens({(word, False)}) for word in ("strike", "raid", "kyiv", "odesa", "drill")}
    if parts is None:
        # Two of three hold, so one of any two: which two is a matter of weights.
        (condition,) = conditions
        assert len(condition) == 2
        assert condition < set(slots.values())
        return
    filled = [{word for word in slots if _fills(words, word, condition)} for condition in conditions]
    assert sorted(map(sorted, filled)) == sorted(map(sorted, parts))


def _fills(words: Vocabulary, word: str, condition: frozenset[int]) -> bool:
    return Text(read(word), words).fills_any(condition)


def test_only_what_may_hold_is_chosen() -> None:
    words = Vocabulary()
    compiler = Compiler(words)
    texts = ("strike AND kyiv", '"red line" AND strike', "NOT kyiv", "source:tass AND strike", "raid OR kyiv")
    prefilter = Prefilter([compiler.compile(expression(text)) for text in texts], words)

    def chosen(body: str, source: str | None = None, among: Iterable[int] = range(5)) -> list[int]:
        return prefilter.chosen(Text(read(body, source=source), words), prefilter.among(among))

    assert chosen("Strike.") == [2]
    assert chosen("Strike on Kyiv.") == [0, 2, 4]
    assert chosen("Strike at a red line.") == [1, 2]
    assert chosen("Strike.", source="TASS") == [2, 3]
    assert chosen("Strike on Kyiv.", among=(0, 4)) == [0, 4]


@pytest.mark.parametrize(
    ("text", "is_settled"),
    [
        ("strike", True),
        ("~strike OR raid OR kyiv*", True),
        ("(strike OR raid) AND kyiv AND NOT (drill OR game)", True),
        ("strike AND source:tass AND NOT lang:de", True),
        ("strike AND raid AND kyiv AND odesa", False),
        ("strike AND (kyiv AND NOT drill)", False),
        ("strike AND NOT (drill AND game)", False),
        ("CASE(Strike)", False),
        ('"red line"', False),
        ("strike NEAR/3 kyiv", False),
        ("SENTENCE(strike AND kyiv)", False),
        ("title:strike", False),
        ("strike OR source:tass", False),
        ("ATLEAST/2(strike)", False),
    ],
)
def test_what_is_settled_by_conditions_alone(text: str, is_settled: bool) -> None:
    words = Vocabulary()
    prefilter = Prefilter([Compiler(words).compile(expression(text))], words)
    assert prefilter.settled == ({0} if is_settled else set())


def test_rules_that_are_one_phrase_are_told_by_the_phrases_found() -> None:
    words = Vocabulary()
    compiler = Compiler(words)
    texts = ('"red line"', '~"red line"', "strike", '"red line" OR "red flag"', '"line up"', '"red line"')
    nodes = [compiler.compile(expression(text)) for text in texts]
    prefilter = Prefilter(nodes, words, alone={0, 1, 2, 3, 5})

    def asked(body: str, title: str | None = None) -> tuple[list[int], list[int]]:
        text = Text(read(body, title=title), words)
        return prefilter.chosen(text, prefilter.among(range(len(nodes)))), prefilter.by_phrases(text)

    assert asked("A strike.") == ([2], [])
    assert asked("A red line up there.") == ([3, 4], [0, 1, 5])
    assert asked("Red. Line up! A red lines.") == ([3, 4], [1])
    assert asked("A Mr. Red. line") == ([3], [0, 1, 5])
    assert asked("line", title="red") == ([3], [])


def test_what_must_not_be_there_shuts_a_rule() -> None:
    words = Vocabulary()
    compiler = Compiler(words)
    texts = ("strike AND NOT drill", "raid AND NOT (drill OR game*)", "strike AND NOT (drill AND kyiv)", "kyiv")
    exclusions = [[], [], [], [compiler.compile(expression("drill OR fiction"))]]
    nodes = [compiler.compile(expression(text)) for text in texts]
    prefilter = Prefilter(nodes, words, exclusions)

    def chosen(body: str) -> list[int]:
        return prefilter.chosen(Text(read(body), words), prefilter.among(range(4)))

    assert chosen("Strike, raid, Kyiv.") == [0, 1, 2, 3]
    assert chosen("Strike, raid, Kyiv; a drill.") == [2]
    assert chosen("Strike, raid, Kyiv; gamers.") == [0, 2, 3]
    assert chosen("Kyiv in fiction.") == []


def test_an_exclusion_that_many_rules_share_is_asked_before_them() -> None:
    elsewhere = Exclusion("elsewhere", "…", "article", expression("(strike OR truce) AND NOT (kyiv OR odesa)"))
    phrase = Exclusion("drill", "…", "phrase", expression('"strike drill"'))
    texts = ("strike", "truce", "strike NEAR/3 truce", "NOT raid", "strike OR raid")
    rules = [rule(expression(text), elsewhere, phrase, identifier=f"r{n}") for n, text in enumerate(texts)]
    bodies = ("A strike.", "A strike and a truce in Kyiv.", "A raid.", "A strike drill.", "Strike drill in Odesa.", "…")
    articles = [read(body) for body in bodies]
    matcher = Matcher(rule_set(*rules))
    for article, found in zip(articles, matcher.match(articles), strict=True):
        verdicts = [judge(asked, article) for asked in rules]
        held = [asked for asked, verdict in zip(rules, verdicts, strict=True) if isinstance(verdict, Fired)]
        assert [match.rule for match in found] == held
        # Who asks why gets the same reasons as ever.
        assert [matcher.verdict(asked, article) for asked in rules] == verdicts


@given(nodes, articles(), st.booleans())
@settings(max_examples=400)
def test_to_hold_is_to_find_something(node: Node, article: ReadArticle, negated: bool) -> None:
    words = Vocabulary()
    asked = Compiler(words).compile(And((Not(node), Word("war"))) if negated else node)
    holds = asked.holds(Text(article, words))
    text = Text(article, words)
    assert holds == (asked.find(text, text.whole) is not None)


@pytest.mark.parametrize("small", [0, 10**6], ids=["lists of few bits", "sets of bits"])
def test_many_rules_one_by_one_and_at_once(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "BITS_SMALL", small)
    monkeypatch.setattr(vocabulary, "BITS_A_WIRE_MAX", 40)
    dice = random.Random(7)

    def some() -> str:
        return "(" + " OR ".join(dice.sample(WORDS, 3)) + ")"

    shapes = (
        lambda: f"{some()} AND {some()} AND {some()} AND {some()}",
        lambda: f"{some()} NEAR/4 {some()}",
        lambda: f"SENTENCE({some()} AND NOT {some()})",
        lambda: f'"{dice.choice(WORDS)} {dice.choice(WORDS)}" OR {dice.choice(WORDS)}',
    )
    rules = rule_set(*[rule(expression(shapes[number % 4]()), identifier=f"r{number}") for number in range(400)])
    articles = [read(". ".join(" ".join(dice.choices(WORDS, k=9)) for _ in range(3))) for _ in range(40)]
    found = Matcher(rules).match(articles)
    assert found == Matcher(rules, prefilter=False).match(articles)
    assert sum(map(len, found)) > 1_000


@given(st.lists(nodes, min_size=1, max_size=6), articles())
@settings(max_examples=200)
def test_what_is_known_to_hold_does(asked: list[Node], article: ReadArticle) -> None:
    rules = [rule(node, identifier=f"r{n}") for n, node in enumerate(asked)]
    for number, words in enumerate(("red line", "the line", "line up", "war in")):
        rules.append(rule(expression(f'"{words}"'), identifier=f"p{number}"))
    found = Matcher(rule_set(*rules), Limits(evidence_per_match_max=0)).match([article])[0]
    held = [asked.id for asked in rules if isinstance(judge(asked, article), Fired)]
    assert [match.rule.id for match in found] == held


def test_many_phrases_in_one_text_are_told_as_few_are() -> None:
    body = "Red line, red. Line up at the U.S. red line (red) line! Mr. Red line\n\nup a line up. The red"
    phrases = (
        "red line",
        "line red",
        "line up",
        "up at",
        "us red",
        "mr red",
        "line up a",
        "red red",
        "a line",
        "the red",
    )
    rules = [rule(expression(f'"{words}"'), identifier=f"p{number}") for number, words in enumerate(phrases)]
    article = read(body, title="The red line up")
    held = [asked.id for asked in rules if isinstance(judge(asked, article), Fired)]
    for some in (rules, rules[:3], rules[3:6], rules[6:]):
        matcher = Matcher(rule_set(*some), Limits(evidence_per_match_max=0))
        again = read(body, title="The red line up")
        assert [m.rule.id for m in matcher.match([again])[0]] == [asked.id for asked in some if asked.id in held]
