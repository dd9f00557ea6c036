"""Rules and texts over a small vocabulary, so that they often meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from stream.matching import ReadArticle, read_article
from stream.model import Article, Severity
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Regex,
    Scoped,
    Word,
)
from stream.rulelang.ruleset import Exclusion, Rule, RuleSet, Scope

NOW = datetime(2024, 9, 11, tzinfo=UTC)
TEXT_WORDS = (
    "red",
    "Red",
    "line",
    "lines",
    "US",
    "us",
    "U.S.",
    "war",
    "wars",
    "de-escalation",
    "red-line",
    "Élan",
    "5",
)
ODD_BETWEEN = (
    " ", " ", " ", " ", "\u00a0", "\t", "\u2003", "\u00ad", " \u00ad ", "\u200b", " \u200b", ".\u00a0", ". \u2003",
    ".\u200b ", " Mr. ", " U.S. ", " no. ", ".” ", ". “", ".) ", "… ", "! ", "?\t", ".\n", "\n", "\r\n", "-\n",
    "\u00ad\n", " <br> ", "</p><p>", "\x1d", "\u2028", "。", "؟ ", "\u0301 ", " \u0301", "’s ", "' ", "; ", " – ",
)  # fmt: skip
"""What may stand between two words: ends of sentences and paragraphs, and what looks like one, or like a blank."""
BETWEEN = (" ", " ", " ", " ", ", ", ". ", "! ", "\n", "\n\n", " – ", "-", " “", "” ", "’s ", "… ")

words = st.builds(
    Word,
    st.sampled_from(("red", "line", "US", "us", "war", "de-escalation", "escalation", "red-line", "élan", "5")),
    inflected=st.booleans(),
)
prefixes = st.builds(Word, st.sampled_from(("lin", "war", "deesc", "red")), prefix=st.just(True))
plain_words = st.builds(Word, st.sampled_from(("red", "line", "us", "war", "5")))
phrases = st.builds(
    lambda first, rest, last: Phrase((first, *rest, last)),
    plain_words,
    st.lists(plain_words, max_size=1),
    words | prefixes,
)
leaves: st.SearchStrategy[Node] = words | prefixes | phrases
cases: st.SearchStrategy[Node] = st.builds(Scoped, st.just("CASE"), leaves)
either = st.builds(lambda nodes, name: Or(tuple(nodes), name), st.lists(leaves, min_size=2, max_size=4), st.none())
keys: st.SearchStrategy[Node] = st.builds(
    KeyField, st.sampled_from(("source", "lang", "author")), st.sampled_from(("Reuters", "en", "a", "")), st.booleans()
) | st.builds(
    KeyField,
    st.just("source"),
    st.just(""),
    list_name=st.just("agencies"),
    values=st.just(("Reuters", "TASS*")),
)
regexes: st.SearchStrategy[Node] = st.builds(
    Regex, st.sampled_from((r"(?i)\bred\b", r"\d", r"lines?", "!", r"\w+\b.\bwar", r"^Red", r"war\W*$", r"\bÉlan"))
)


def _nears(sides: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(
        Near,
        sides,
        sides,
        st.integers(0, 4),
        ordered=st.booleans(),
        negated=st.integers(0, 4).map(bool).map(lambda b: not b),
    )


near_words = st.builds(Word, st.sampled_from(("red", "line", "us", "war", "lines")))
near_sides: st.SearchStrategy[Node] = st.recursive(
    near_words | near_words | leaves | cases | either,
    lambda inner: _nears(inner) | st.builds(lambda one, other: Or((one, other)), inner, inner),
    max_leaves=3,
)
nears = _nears(near_sides)


# Words that must be there and words that must not: what the prefilter settles, and what it nearly does.
listed = st.lists(near_words | prefixes, min_size=1, max_size=3).map(lambda found: Or((*found, Word("5"))))
settled: st.SearchStrategy[Node] = st.builds(
    lambda some, others, absent: And((*some, *others, *map(Not, absent))),
    st.lists(near_words | listed | keys, min_size=1, max_size=3),
    st.lists(leaves | cases | nears, max_size=1),
    st.lists(near_words | listed | keys | phrases, max_size=2),
)


def _compound(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        st.builds(And, several)
        | st.builds(lambda node, absent: And((node, Not(absent))), inner, inner)
        | st.builds(Or, several)
        | st.builds(Scoped, st.sampled_from(("SENTENCE", "PARAGRAPH", "CASE")), inner)
        | st.builds(Lead, st.integers(0, 8), inner)
        | st.builds(AtLeast, st.integers(1, 3), inner)
        | st.builds(AnyOf, st.integers(1, 3), several)
        | st.builds(FieldScoped, st.sampled_from(("title", "body")), inner)
    )


nodes: st.SearchStrategy[Node] = st.recursive(leaves | cases | nears | nears | keys | regexes, _compound, max_leaves=6)


_two = (Word("red"), Word("line"))
odd_nodes: st.SearchStrategy[Node] = st.sampled_from(
    (
        Phrase(_two),
        Or((Phrase(_two), Phrase(_two[::-1]))),
        Phrase((Word("red"), Word("line", inflected=True))),
        Phrase((Word("us"), Word("red"), Word("line"))),
        Phrase((Word("élan"), Word("line"))),
        And((Phrase(_two), Word("us"))),
        Scoped("CASE", Phrase(_two)),
        Scoped("SENTENCE", And(_two)),
        Scoped("PARAGRAPH", And(_two)),
        Scoped("SENTENCE", And((*_two, Not(Word("us"))))),
        Near(*_two, 0),
        Near(*_two, 2, ordered=True),
        Near(Or((Word("red"), Word("5"))), Or((Word("line"), Word("us"))), 1),
        Near(Phrase(_two), Word("us"), 1),
    )
)


@st.composite
def texts(draw: st.DrawFn, max_size: int = 24) -> str:
    """Words, blanks, punctuation and line breaks; never empty."""
    parts = draw(
        st.lists(st.tuples(st.sampled_from(TEXT_WORDS), st.sampled_from(BETWEEN)), min_size=1, max_size=max_size)
    )
    return "".join(word + between for word, between in parts)


@st.composite
def odd_texts(draw: st.DrawFn, max_size: int = 12) -> str:
    """Few words, with much between them that may end a sentence, a paragraph or a word."""
    words = st.sampled_from(("red", "line", "Red", "Line", "RED", "red-line", "5", "US", "U.S.", "rédline", "line’s"))
    parts = draw(st.lists(st.tuples(words, st.sampled_from(ODD_BETWEEN)), min_size=1, max_size=max_size))
    return "".join(word + between for word, between in parts)


@st.composite
def articles(draw: st.DrawFn) -> ReadArticle:
    """Articles with and without a title and key fields."""
    return read(
        draw(texts()),
        title=draw(st.none() | texts(max_size=6) | st.sampled_from(("", "!"))),
        source=draw(st.sampled_from((None, "Reuters", "REUTERS", "tass.ru"))),
        lang=draw(st.sampled_from((None, "en", "EN", "de"))),
        published=draw(st.sampled_from((None, NOW, NOW - timedelta(days=3)))),
    )


def read(body: str, **fields: Any) -> ReadArticle:
    """An article with an event time of NOW, read."""
    return read_article(Article(id="a1", body=body, **fields), NOW)


def rule(match: Node, *exclusions: Exclusion, identifier: str = "r1", scope: Scope | None = None) -> Rule:
    """A rule with nothing but an expression, exclusions and a scope."""
    return Rule(
        id=identifier,
        version=1,
        title="",
        description="",
        status="experimental",
        severity=Severity.NONE,
        topics=(),
        labels=(),
        scope=scope or Scope(),
        match=match,
        exclusions=exclusions,
        summary="",
        tests=(),
        file="r.yml",
        line=1,
    )


def rule_set(*rules: Rule) -> RuleSet:
    """A rule set of some rules."""
    return RuleSet(rules, 0, "0" * 64)


exclusions = st.lists(
    st.builds(
        Exclusion,
        st.sampled_from(("a", "b")),
        st.just("…"),
        st.sampled_from(("phrase", "phrase", "article")),
        nodes | settled | listed,
    ),
    max_size=2,
)
scopes = st.builds(
    Scope,
    lang=st.sampled_from((None, None, ("en",), ("d*", "fr"))),
    source=st.sampled_from((None, None, ("*",), ("reuters", "tass*"))),
    max_age_seconds=st.sampled_from((None, None, 86_400)),
)


@st.composite
def rules(draw: st.DrawFn, identifier: str = "r1") -> Rule:
    """Rules with exclusions and scopes."""
    return rule(draw(nodes | settled | nears), *draw(exclusions), identifier=identifier, scope=draw(scopes))


@st.composite
def layered_rule_sets(draw: st.DrawFn) -> RuleSet:
    """Rules that give topics, rules that ask for these and give others, and rules that ask for those, in any order."""

    def asking(*names: str) -> st.SearchStrategy[Node]:
        topic = st.builds(KeyField, st.just("topic"), st.sampled_from(names), st.booleans())
        topics = topic | st.builds(
            KeyField, st.just("topic"), st.just(""), list_name=st.just("l"), values=st.just(names)
        )
        return (
            topics
            | st.builds(lambda one, other: And((one, other)), topics, nodes)
            | st.builds(lambda one, other: Or((one, other)), topics, nodes)
            | st.builds(lambda one, other: And((other, Not(one))), topics, nodes)
        )

    layers = (
        (nodes, ("a", "a/b", "ab")),
        (asking("a", "a/b", "A"), ("d", "d/e")),
        (asking("d", "a", "d/e"), ("f",)),
    )
    found = []
    for level, (expressions, topics) in enumerate(layers):
        for number in range(draw(st.integers(1, 3))):
            made = rule(draw(expressions), identifier=f"r{number}{level}")
            if level and draw(st.booleans()):
                masking = Exclusion("a", "…", draw(st.sampled_from(("phrase", "article"))), draw(expressions))
                made = rule(made.match, masking, identifier=made.id)
            found.append(replace(made, topics=tuple(draw(st.sets(st.sampled_from(topics), max_size=2)))))
    return rule_set(*sorted(found, key=lambda made: made.id))


rule_sets = st.lists(rules(), min_size=1, max_size=5).map(
    lambda found: rule_set(
        *(rule(r.match, *r.exclusions, identifier=f"r{i}", scope=r.scope) for i, r in enumerate(found))
    )
)
