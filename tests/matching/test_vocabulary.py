"""Slots, and that what is remembered about tokens changes nothing."""

from __future__ import annotations

import pytest

from stream.matching import Matcher, vocabulary
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary
from tests.matching.kit import expression
from tests.matching.strategies import read, rule, rule_set


def test_tokens_and_key_fields_fill_slots() -> None:
    words = Vocabulary()
    strike = words.add_tokens({("strike", False), ("strikes", False)})
    prefix = words.add_tokens({("str", True)})
    reuters = words.add_key("source", {("reuters", False)})
    tass = words.add_key("source", {("tass", True)})
    assert words.add_tokens({("strikes", False), ("strike", False)}) == strike
    text = Text(read("Strikes, strong: st war", source="TASS.ru"), words)
    assert [text.slots[slot] for slot in (strike, prefix, tass, reuters)] == [True, True, True, False]
    assert [text.fills(some) for some in ([strike, tass], [strike, reuters])] == [True, False]
    assert [text.fills_any(some) for some in ([reuters, tass], [reuters])] == [True, False]
    assert words.fill(read("Strikes, strong: st war")).tokens == {"strikes", "strong"}
    assert words.fill(read("war", source="Reuters")).keys == {reuters}
    assert words.fill(read("war")).keys == set()


def test_the_rarest_looking_part_is_waited_for() -> None:
    words = Vocabulary()
    slots = [words.add_tokens({(text, False)}) for text in ("with", "war", "negotiations")]
    weights = [words.weights[slot] for slot in slots]
    assert weights == sorted(weights, reverse=True)


def test_forgetting_tokens_changes_no_match(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rule_set(rule(expression('war* OR "red line" OR (peace NEAR/3 talks)')))
    articles = [read(f"Wars {n}, a red line, talks {n} of peace.") for n in range(20)]
    expected = Matcher(rules).match(articles)
    for limit in ("TOKENS_KNOWN_MAX", "TOKENS_IN_RULES_MAX"):
        with monkeypatch.context() as few:
            few.setattr(vocabulary, limit, 5)
            assert Matcher(rules).match(articles) == expected
    assert all(len(found[0].evidence) == 3 for found in expected)
