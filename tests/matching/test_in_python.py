"""Matching without machine code: what only the nodes in Python decide, against the reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stream.clean import native
from stream.matching import Fired, Limits, Matcher
from stream.matching.reference import judge
from stream.rulelang.ruleset import Exclusion
from tests.matching.kit import expression
from tests.matching.strategies import read, rule, rule_set


@pytest.fixture(autouse=True)
def in_python() -> Iterator[None]:
    with native.switched_off():
        yield


@pytest.mark.parametrize(
    ("written", "body"),
    [
        # Without the masked word two spans are left before which the whole phrase had stood.
        ('ATLEAST/2("alpha beta gamma delta" OR beta OR delta)', "alpha beta gamma delta"),
        ('SENTENCE(ATLEAST/2("alpha beta gamma delta" OR beta OR delta))', "alpha beta gamma delta"),
        ("ATLEAST/2((alpha ONEAR/2 delta) OR beta OR gamma) OR omega", "alpha beta gamma delta"),
        # With it they are two, and are so without it.
        ('ATLEAST/2("alpha beta" OR beta OR delta)', "alpha beta gamma delta"),
    ],
)
@pytest.mark.parametrize("evidence_max", [0, 50])
def test_a_masked_word_may_be_what_kept_an_atleast_from_holding(written: str, body: str, evidence_max: int) -> None:
    asked = rule(expression(written), Exclusion("e", "…", "phrase", expression("alpha")))
    article = read(body)
    expected = [asked.id] if isinstance(judge(asked, article), Fired) else []
    for prefilter in (True, False):
        matcher = Matcher(rule_set(asked), Limits(evidence_per_match_max=evidence_max), prefilter=prefilter)
        assert [match.rule.id for match in matcher.match([article])[0]] == expected
