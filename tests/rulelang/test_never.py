"""Parts that can never hold: what is told, what looks alike and can hold, and that all that is told is so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.matching import ReadArticle
from stream.matching.finds import Fired
from stream.matching.reference import ask, judge
from stream.rulelang.keysapart import of_scope
from stream.rulelang.never import never_in, never_left
from stream.rulelang.nodes import (
    And,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    Near,
    Node,
    Not,
    Or,
    Place,
    Regex,
    Scoped,
    Word,
)
from stream.rulelang.ruleset import Rule
from tests.matching import strategies
from tests.rulelang.kit import codes, load_example


def found(expression: str, more: str = "") -> list[str]:
    """What is said of parts of an expression that never hold."""
    diagnostics = load_example(f"match: |\n  {expression}\n{more}").diagnostics
    assert set(codes(diagnostics)) <= {"R911", "R901", "R905"}, diagnostics
    return [d.found for d in diagnostics if d.code == "R911"]


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("LEAD/50(title:war)", "`title:war`, where"),
        ("title:(body:war)", "`body:war`, where"),
        ("title:LEAD/50(war)", "`LEAD/50(war)`, where"),
        ("peace OR body:(war AND title:war)", "`title:war`, where"),
        ("peace AND NOT LEAD/5(title:war)", "`title:war`, where"),
        ("SENTENCE(title:war AND body:war)", "`SENTENCE(title:war AND body:war)`, of which no sentence"),
        ("PARAGRAPH(title:war AND LEAD/9(peace))", "`PARAGRAPH("),
        ('LEAD/1("trade war")', '`"trade war"`, 2 words at least, where LEAD leaves 1'),
        ("LEAD/2(war NEAR/0 peace NEAR/0 talks)", "`war NEAR/0 peace NEAR/0 talks`, 3 words at least"),
        ("ATLEAST/2(source:reuters)", "`ATLEAST/2(source:reuters)`, which finds 0 at most"),
        ("ATLEAST/1(source:reuters OR lang:en)", "`ATLEAST/1("),
        ("LEAD/3(ATLEAST/4(war))", "`ATLEAST/4(war)`, which finds 3 at most"),
        ('ATLEAST/3(LEAD/5("trade war"))', "`ATLEAST/3("),
        ("war NOT NEAR/3 war", "`war NOT NEAR/3 war`, though `war` is always in `war`"),
        ('"trade war" NOT NEAR/3 war', '`"trade war" NOT NEAR/3 war`, though'),
        ("CASE(WAR) NOT NEAR/3 war", "`CASE(WAR) NOT NEAR/3 war`, though"),
        ('(wars OR "trade war") NOT NEAR/3 war*', '`(wars OR "trade war") NOT NEAR/3 war*`, though'),
        ("~war NOT NEAR/3 ~war", "`~war NOT NEAR/3 ~war`, though"),
        ("(war NEAR/3 peace) NOT NEAR/2 (talks OR peace)", "`(war NEAR/3 peace) NOT NEAR/2 (talks OR peace)`"),
        ('regex:""', '`regex:""`, which matches no character'),
        (r'regex:"^\b$"', "`regex:"),
        ('regex:"(?m)^"', "`regex:"),
        ('regex:"a{0}"', "`regex:"),
        ("war AND NOT war", "`war` beside `NOT war`"),
        ('"trade war" AND peace AND NOT war', '`"trade war"` beside `NOT war`'),
        ("title:war AND NOT (peace OR war)", "`title:war` beside `NOT (peace OR war)`"),
        ("source:ap AND NOT source:ap", "`source:ap` beside `NOT source:ap`"),
        ("lang:en AND lang:de", "`lang:en` and `lang:de` of one article"),
        ("(lang:en OR lang:fr) AND war AND lang:de*", "`lang:en OR lang:fr` and `lang:de*` of one article"),
    ],
)
def test_what_never_holds_is_told(expression: str, part: str) -> None:
    (said,) = found(expression)
    assert said.startswith(part)


@pytest.mark.parametrize(
    "expression",
    [
        "LEAD/50(body:war)",
        "title:(war AND source:ap)",
        "body:(title:source:ap)",
        "title:war AND body:war",
        "SENTENCE(war AND peace)",
        "SENTENCE(title:war OR body:war)",
        'LEAD/2("trade war")',
        "LEAD/1(war AND warm*)",
        "ATLEAST/2(war OR source:ap)",
        "ATLEAST/9(war)",
        "LEAD/4(ATLEAST/4(war))",
        "LEAD/50(ATLEAST/3(SENTENCE(war AND peace)))",
        'war NOT NEAR/3 "trade war"',
        "war NOT NEAR/3 CASE(WAR)",
        "~war NOT NEAR/3 war",
        "war* NOT NEAR/3 war",
        "war NEAR/3 war",
        "(war OR peace) NOT NEAR/3 war",
        r'regex:"\bé"',
        r'regex:"\b\n?"',
        'regex:"a*"',
        'war AND NOT "trade war"',
        "war AND NOT title:war",
        "war AND NOT CASE(WAR)",
        "war AND NOT ATLEAST/3(war)",
        "title:(war NOT NEAR/1 peace) AND NOT (war NOT NEAR/1 peace)",
        "(war OR peace) AND NOT war",
        "ANY/2(war, peace, talks) AND NOT war",
        "source:ap* AND source:ap.org",
        "topic:a AND topic:b",
        "lang:en AND NOT lang:de",
    ],
)
def test_what_can_hold_is_left_alone(expression: str) -> None:
    topics = (
        "---\nkind: rule\nid: giver\nseverity: none\ntopics: [a, b]\nmatch: gas\n"
        "tests: [{name: t, article: {body: gas}, expect: fire}]\n"
    )
    loaded = load_example(
        "kind: rule\nid: r\nseverity: low\ntests: [{name: t, article: {body: x}, expect: quiet}]\n"
        f"match: |\n  {expression}\n{topics}"
    )
    assert "R911" not in codes(loaded.diagnostics)


def test_the_place_is_that_of_the_part() -> None:
    (diagnostic,) = load_example("match: >\n  peace OR\n  LEAD/50(talks OR title:war)\n").diagnostics
    assert (diagnostic.place.line, diagnostic.place.column, diagnostic.place.length) == (3, 20, 9)
    assert diagnostic.help


def test_a_field_that_the_scope_leaves_no_article_for() -> None:
    assert found("war AND lang:de", "scope: {lang: [en]}\n") == ["`lang:de` in a rule whose scope has another lang"]
    assert not found("war AND lang:de", "scope: {lang: ['*', en]}\n")
    assert not found("war AND lang:en-gb", "scope: {lang: ['en*']}\n")
    assert not found("war OR lang:de", "scope: {lang: [en]}\n")


@pytest.mark.parametrize(
    ("expression", "exclusion", "mask", "nothing"),
    [
        ("war", "war", "phrase", True),
        ('"trade war"', "war", "phrase", True),
        ("war NEAR/3 peace", "peace OR talks", "article", True),
        ("war NEAR/3 peace", "war NEAR/3 peace", "article", True),
        ("war NEAR/3 peace", "war NEAR/3 peace", "phrase", False),  # `war war peace peace` leaves a pair
        ("war", '"trade war"', "phrase", False),
        ("war OR peace", "war", "phrase", False),
        ("war", "war NEAR/3 museum", "phrase", False),
        ("war", "title:war", "article", False),
    ],
)
def test_an_exclusion_of_all_that_a_rule_finds(expression: str, exclusion: str, mask: str, nothing: bool) -> None:
    said = found(expression, f"exclude:\n  - {{name: e, mask: {mask}, match: '{exclusion}'}}\n")
    assert [("never fires" in each) for each in said] == [True] * nothing


def test_an_item_of_a_list_is_told_of_where_it_stands() -> None:
    text = (
        "kind: list\nid: l\nitems: [war, 'LEAD/9(title:war)']\n---\nkind: rule\nid: r\nseverity: low\n"
        "match: '@l'\ntests: [{name: t, article: {body: war}, expect: fire}]\n"
    )
    (diagnostic,) = load_example(text).diagnostics
    assert (diagnostic.code, diagnostic.place.line, diagnostic.place.column) == ("R911", 3, 22)


def test_deep_brackets_take_no_more_than_a_look_at_each_field() -> None:
    node: Node = Word("war")
    for _ in range(18):
        node = Scoped("SENTENCE", And((node, FieldScoped("title", Word("red")))))
    assert not never_in(node)


# Rules that often cannot hold: the same few words beside NOT, in narrow places, in numbers.
few = strategies.near_words | strategies.phrases | strategies.prefixes | strategies.cases
narrow: st.SearchStrategy[Node] = st.recursive(
    few | strategies.keys | st.builds(Regex, st.sampled_from(("", "^", r"\b", "a*", r"\bw", r"$.", "x{0}|!"))),
    lambda inner: (
        st.builds(lambda one, other: And((one, Not(other))), inner, inner)
        | st.builds(lambda one, other: And((one, other)), inner, inner)
        | st.builds(lambda one, other: Or((one, other)), inner, inner)
        | st.builds(Lead, st.integers(1, 3), inner)
        | st.builds(AtLeast, st.integers(1, 4), inner)
        | st.builds(FieldScoped, st.sampled_from(("title", "body")), inner)
        | st.builds(Scoped, st.sampled_from(("SENTENCE", "PARAGRAPH", "CASE")), inner)
    ),
    max_leaves=5,
) | st.builds(Near, strategies.near_sides, strategies.near_sides, st.integers(0, 2), negated=st.booleans())


def placed(node: Node) -> Node:
    """A tree whose parts have places of their own."""
    number = 0

    def place(inner: Node) -> Node:
        nonlocal number
        number += 1
        changed = replace(inner, place=Place(number, 1, 1))
        match changed:
            case And(operands=operands) | Or(operands=operands):
                return replace(changed, operands=tuple(map(place, operands)))
            case Near(left=left, right=right):
                return replace(changed, left=place(left), right=place(right))
            case (
                Not(operand=operand)
                | Scoped(operand=operand)
                | Lead(operand=operand)
                | AtLeast(operand=operand)
                | FieldScoped(operand=operand)
            ):
                return replace(changed, operand=place(operand))
            case _:
                return changed

    return place(node)


@given(narrow, st.lists(strategies.articles(), min_size=8, max_size=8))
def test_what_is_told_never_holds_in_the_reference(node: Node, articles: list[ReadArticle]) -> None:
    tree = placed(node)
    told = {never.place for never in never_in(tree)}
    # A part holds nowhere exactly if the whole does not change when the part becomes something that never holds.
    nothing = KeyField("source", "none such")

    def without(inner: Node) -> Node:
        if inner.place in told:
            return nothing
        match inner:
            case And(operands=operands) | Or(operands=operands):
                return replace(inner, operands=tuple(map(without, operands)))
            case Near():
                return inner
            case (
                Not(operand=operand)
                | Scoped(operand=operand)
                | Lead(operand=operand)
                | AtLeast(operand=operand)
                | FieldScoped(operand=operand)
            ):
                return replace(inner, operand=without(operand))
            case _:
                return inner

    if told:
        emptied = without(tree)
        for article in articles:
            assert ask(tree, article) == ask(emptied, article)


@given(strategies.rules(), st.lists(strategies.articles(), min_size=8, max_size=8))
def test_a_rule_that_never_fires_by_its_exclusions_or_scope_does_not(made: Rule, articles: list[ReadArticle]) -> None:
    told = never_in(made.match, of_scope(made.scope, made.match))
    scoped = [never for never in told if "scope" in never.found]
    if scoped or never_left(made.match, made.exclusions):
        assert not any(isinstance(judge(made, article), Fired) for article in articles)
