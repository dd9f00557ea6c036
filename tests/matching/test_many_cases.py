"""Thousands of cases at once: many random rules in one matcher, so that they share parts, on many random articles.

Hypothesis looks for the smallest case that fails, one rule at a time; here rules may disturb each other.
"""

from __future__ import annotations

import random

import pytest

from stream.matching import Fired, Limits, Matcher
from stream.matching.reference import judge
from tests.matching.kit import expression
from tests.matching.strategies import read, rule, rule_set

WORDS = ("war", "peace", "talks", "truce", "red", "line", "strike", "strikes", "Truce")
RULES, ARTICLES = 60, 25


def local(dice: random.Random, depth: int) -> str:
    """What NEAR takes: words, phrases, CASE, ORs of these, NEAR itself."""
    kind = dice.randrange(7 if depth else 4)
    match kind:
        case 0 | 1:
            return dice.choice(WORDS)
        case 2:
            return dice.choice(['"red line"', "~strike", "strik*", '~"red line"', "CASE(Truce)", '"talks truce"'])
        case 3:
            return f"({dice.choice(WORDS)} OR {dice.choice(WORDS)} OR {dice.choice(WORDS)})"
        case 4:
            return f"({local(dice, depth - 1)} OR {local(dice, depth - 1)})"
        case _:
            operator = dice.choice(["NEAR", "ONEAR"])
            return f"({local(dice, depth - 1)} {operator}/{dice.randrange(4)} {local(dice, depth - 1)})"


def query(dice: random.Random, depth: int) -> str:
    """Any expression with a positive clause in each branch."""
    if not depth:
        return local(dice, 1)
    inner = [query(dice, depth - 1) for _ in range(3)]
    return dice.choice(
        [
            f"SENTENCE({inner[0]} AND {inner[1]})",
            f"SENTENCE({inner[0]} AND NOT {inner[1]})",
            f"PARAGRAPH({inner[0]} AND NOT {local(dice, 1)})",
            f"({inner[0]} AND {inner[1]})",
            f"({inner[0]} AND NOT {inner[1]})",
            f"({inner[0]} OR {inner[1]} OR {inner[2]})",
            f"LEAD/{dice.randrange(1, 6)}({inner[0]})",
            f"title:({inner[0]})",
            f"ATLEAST/2({inner[0]})",
            f"ANY/2({inner[0]}, {inner[1]}, {inner[2]})",
            f"({local(dice, 1)} NOT NEAR/{dice.randrange(3)} {local(dice, 1)})",
            local(dice, 2),
        ]
    )


def article(dice: random.Random) -> str:
    """A few sentences and paragraphs."""
    ends = [" ", " ", " ", " ", ", ", ". ", ".\n", "! "]
    words = [dice.choice([*WORDS, "the", "a"]) for _ in range(dice.randrange(1, 24))]
    text = "".join(word + dice.choice(ends) for word in words)
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


@pytest.mark.parametrize("seed", range(4))
def test_fast_is_reference(seed: int) -> None:
    dice = random.Random(seed)
    rules = [rule(expression(query(dice, 3)), identifier=f"r{number}") for number in range(RULES)]
    matcher, deciding = Matcher(rule_set(*rules)), Matcher(rule_set(*rules), Limits(evidence_per_match_max=0))
    held = 0
    for _ in range(ARTICLES):
        text = read(article(dice), title=article(dice) if dice.random() < 0.5 else None)
        slow = {each.id: judge(each, text) for each in rules}
        for each in rules:
            theirs, ours = slow[each.id], matcher.verdict(each, text)
            if isinstance(theirs, Fired) and isinstance(ours, Fired):
                assert set(ours.finds) == set(theirs.finds), (each.match, text.article)
            else:
                assert ours == theirs, (each.match, text.article)
        fired = {identifier for identifier, verdict in slow.items() if isinstance(verdict, Fired)}
        held += len(fired)
        assert {match.rule.id for match in matcher.match([text])[0] if match.error is None} == fired
        assert {match.rule.id for match in deciding.match([text])[0] if match.error is None} == fired
    assert RULES * ARTICLES / 20 < held < RULES * ARTICLES
