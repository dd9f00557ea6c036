"""What is asked before spans: shapes of expressions that random ones seldom have, against the reference."""

from __future__ import annotations

import pytest

from stream.matching import Fired, Limits, Matcher
from stream.matching.bits import Stretches, bits_at, positions_of
from stream.matching.reference import judge
from tests.matching.kit import expression
from tests.matching.strategies import read, rule, rule_set

TEXTS = (
    "War and peace.",
    "War ends, peace comes. A truce.",
    "A truce. Peace. War talks.",
    "War talks.\nPeace talks, war, a truce.",
    "Talks of truce and war and a red line.",
    "…",
)
EXPRESSIONS = (
    "SENTENCE((war AND peace) OR (truce AND peace))",
    "SENTENCE(((war AND peace) AND talks) OR ((war AND peace) AND truce) OR ((war AND peace) AND comes))",
    "SENTENCE((truce OR (war AND talks)) AND (peace OR (war AND talks)))",
    "LEAD/2(SENTENCE(war AND NOT peace))",
    "SENTENCE(talks AND PARAGRAPH(war AND NOT peace))",
    "SENTENCE(war AND NOT peace)",
    "SENTENCE(war AND NOT (peace OR truce OR ~talk))",
    "PARAGRAPH(SENTENCE(war AND NOT peace) AND talks)",
    "PARAGRAPH(war AND NOT SENTENCE(war AND peace))",
    "war AND NOT peace",
    "war AND NOT (peace NEAR/1 war)",
    "(war OR source:x) AND NOT (truce AND peace)",
    "ANY/2(war, peace, truce AND talks)",
    "SENTENCE(ANY/2(war, peace, truce))",
    'SENTENCE((war OR "red line" OR (talks NEAR/2 truce)) ONEAR/6 ("red line" OR war OR war*) AND NOT CASE(Truce))',
    '("red line" OR war OR (war NEAR/3 peace)) NEAR/5 (truce OR "a truce")',
    "((war AND peace) OR truce) OR SENTENCE(((war AND peace) OR talks) AND ends)",
    "SENTENCE(((war AND peace) OR talks) AND NOT (peace AND NOT war)) OR (((war AND peace) OR truce) AND war)",
    "SENTENCE(war AND NOT (talks AND NOT peace))",
    "(war AND NOT peace) OR SENTENCE(talks AND (war AND NOT peace))",
    "ATLEAST/2(war OR peace) AND NOT title:war",
    "talks OR (war NOT NEAR/2 peace)",
)


@pytest.mark.parametrize("written", EXPRESSIONS)
def test_fast_is_reference(written: str) -> None:
    asked = rule(expression(written))
    matcher = Matcher(rule_set(asked))
    for text in TEXTS:
        for article in (read(text), read(text, title="War, peace"), read("—", title=text), read(text, source="x")):
            fast, slow = matcher.verdict(asked, article), judge(asked, article)
            assert type(fast) is type(slow), text
            if isinstance(fast, Fired) and isinstance(slow, Fired):
                assert set(fast.finds) == set(slow.finds), text


def test_rules_that_share_a_part_do_not_disturb_each_other() -> None:
    rules = [rule(expression(written), identifier=f"r{number}") for number, written in enumerate(EXPRESSIONS)]
    for limits in (None, Limits(evidence_per_match_max=0)):
        for order in (rules, rules[::-1]):
            matcher = Matcher(rule_set(*order), limits)
            for text in TEXTS:
                article = read(text, title="War, peace")
                fired = {match.rule.id for match in matcher.match([article])[0]}
                assert fired == {each.id for each in rules if isinstance(judge(each, article), Fired)}, text


def test_deep_nesting_is_written_out_in_several_functions() -> None:
    written = "war"
    for number in range(17):
        written = f"SENTENCE({written} AND NOT w{number})" if number % 2 else f"({written} OR (peace AND NOT truce))"
    asked = rule(expression(written))
    matcher = Matcher(rule_set(asked))
    for text in TEXTS:
        assert type(matcher.verdict(asked, read(text))) is type(judge(asked, read(text))), text


def test_stretches_stand_for_themselves_by_their_last_position() -> None:
    stretches = Stretches([2, 3, 5], 6)
    assert list(positions_of(stretches.lasts)) == [2, 3, 5]
    for positions, lasts in (([0], [2]), ([2], [2]), ([3, 4], [3, 5]), ([], []), ([0, 1, 2, 3, 4, 5], [2, 3, 5])):
        bits = bits_at(positions)
        holding = (((bits & stretches.others) + stretches.others) | bits) & stretches.lasts
        assert list(positions_of(holding)) == lasts
    assert Stretches([], 0).lasts == 0
