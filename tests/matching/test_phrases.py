"""Phrases by the automaton."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.matching import Fired, Limits, Matcher, phrases, read_article
from stream.matching.phrases import NO_WORD, Phrases
from stream.matching.reference import judge
from stream.model import Article
from tests.matching.kit import expression, texts
from tests.matching.strategies import NOW, read, rule, rule_set

WORDS = ("a", "b", "c", "war", "us", "mr", "3.5")
PAIRS = [(f"{first} {second}", expression(f'"{first} {second}"')) for first in WORDS for second in WORDS]


def texts_with_signs() -> st.SearchStrategy[str]:
    """Words with signs behind them, and blanks of several kinds between them."""
    words = st.sampled_from(("a", "b", "Mr.", "c.", "C.", "3.5", "war.", "a!", "b?”", "US", "war"))
    blanks = st.sampled_from((" ", " ", " ", "\n", "\r\n", "\n\n", " \n", "\t", "\xa0", "\x1c"))
    return st.lists(st.tuples(words, blanks).map("".join), max_size=40).map(lambda parts: "a " + "".join(parts))


def test_a_phrase_stands_where_its_words_follow_each_other() -> None:
    found = Phrases()
    found.add(7, ("red", "line"))
    found.add(8, ("line", "line"))
    found.add(9, ("red", "line"))
    tokens = ["a", "red", "line", "line", "line", "red"]
    encoded = "".join(map(found.character, tokens))
    assert encoded[0] == NO_WORD
    assert found.places(found.find(encoded)) == {7: [(1, 2)], 9: [(1, 2)], 8: [(2, 3), (3, 4)]}


def test_words_beyond_the_basic_plane_have_their_own_characters() -> None:
    found = Phrases()
    for number in range(60_000):
        found.add(number, (f"w{number}", "x"))
    encoded = "".join(map(found.character, ("w59999", "x", "w7", "x")))
    assert found.places(found.find(encoded)) == {59_999: [(0, 1)], 7: [(2, 3)]}


def test_a_phrase_stays_in_one_sentence_and_field() -> None:
    assert texts('"red line"', "It is red. Line up at the red line.", title="Red") == ["red line"]
    assert texts('"red line"', "line", title="red") is None


@settings(max_examples=200, deadline=None)
@given(texts_with_signs(), st.sampled_from((1, 2, 49)))
@example("A war.\nUS b", 49)
@example("A war.\x1cUS b.\nNext.", 49)
def test_what_holds_without_evidence_holds_with_it(text: str, rules: int) -> None:
    chosen = PAIRS[:rules] if rules > 2 else [pair for pair in PAIRS if pair[0] in ("war us", "a b", "c a")][:rules]
    ruleset = rule_set(*(rule(match, identifier=phrase) for phrase, match in chosen))
    bodies = ({"body": text}, {"body": f"<p>{text}</p>"}, {"body": "x", "title": text})
    for article in (read_article(Article(id="a1", **fields), NOW) for fields in bodies):
        expected = [found.rule.id for found in Matcher(ruleset).match([article])[0]]
        for prefilter in (True, False):
            again = read_article(article.article, NOW)
            bare = Matcher(ruleset, Limits(evidence_per_match_max=0), prefilter=prefilter).match([again])[0]
            assert [found.rule.id for found in bare] == expected


def test_phrases_for_which_there_is_no_room_are_found_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rule(expression('~"red line" OR "long-range strike" OR ("red line" NEAR/3 crossed)'))
    article = read("Red lines are crossed; a long range strike, a red line crossed.")
    expected = Matcher(rule_set(asked)).match([article])
    monkeypatch.setattr(phrases, "CHARACTERS_MAX", 2)
    assert Matcher(rule_set(asked)).match([article]) == expected
    assert isinstance(judge(asked, article), Fired)
    assert len(expected[0][0].evidence) == 4
