"""Phrases by the automaton."""

from __future__ import annotations

import pytest

from stream.matching import Fired, Matcher, phrases
from stream.matching.phrases import NO_WORD, Phrases
from stream.matching.reference import judge
from tests.matching.kit import expression, texts
from tests.matching.strategies import read, rule, rule_set


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


def test_phrases_for_which_there_is_no_room_are_found_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rule(expression('~"red line" OR "long-range strike" OR ("red line" NEAR/3 crossed)'))
    article = read("Red lines are crossed; a long range strike, a red line crossed.")
    expected = Matcher(rule_set(asked)).match([article])
    monkeypatch.setattr(phrases, "CHARACTERS_MAX", 2)
    assert Matcher(rule_set(asked)).match([article]) == expected
    assert isinstance(judge(asked, article), Fired)
    assert len(expected[0][0].evidence) == 4
