"""Matching without machine code: what only the nodes in Python decide, against the reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from stream.clean import native
from stream.matching import Fired, Limits, Matcher
from stream.matching.evidence import evidence_of
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


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("PARAGRAPH(war AND SENTENCE(red))", "Red war\n"),
        ("PARAGRAPH(war AND SENTENCE(red AND NOT peace))", "Red war. Red peace.\n"),
        ("SENTENCE(war AND PARAGRAPH(red))", "Red war. War. "),
        ("SENTENCE(red OR war)", "Red war. "),
        ('SENTENCE(regex:"ed" AND war)', "Red war. "),
        ('PARAGRAPH(regex:"(?i)red" AND SENTENCE(war AND regex:"!"))', "Red war!\n"),
    ],
)
def test_work_grows_in_proportion_to_the_text(written: str, unit: str) -> None:
    """Ten times the windows run about ten times the lines of code: a window costs what lies in it."""
    short, long = (work(written, unit * count) for count in (50, 500))
    assert long <= short * 11


def work(written: str, body: str) -> int:
    """How many lines run while one expression finds all that it finds in a text."""
    asked, article, lines = rule(expression(written)), read(body), 0
    matcher = Matcher(rule_set(asked))
    matcher.verdict(asked, read("Red war. Red peace."))  # what is made once for an expression

    def count(frame: object, event: str, argument: object) -> object:
        nonlocal lines
        lines += event == "line"
        return count

    tracing = sys.gettrace()
    sys.settrace(count)  # type: ignore[arg-type]
    try:
        assert isinstance(matcher.verdict(asked, article), Fired)
        assert matcher.match([article])[0]
    finally:
        sys.settrace(tracing)
    return lines


@pytest.mark.parametrize(
    "written",
    [
        "LEAD/3(SENTENCE(red))",
        "LEAD/3(PARAGRAPH(red AND SENTENCE(war)))",
        "LEAD/0(SENTENCE(red))",
        "body:LEAD/6(SENTENCE(red AND war))",
        "title:SENTENCE(red)",
        "title:LEAD/2(SENTENCE(red))",
        "SENTENCE(war AND PARAGRAPH(red))",
        "SENTENCE(war AND PARAGRAPH(peace AND NOT red))",
        "PARAGRAPH(war AND SENTENCE(red AND NOT peace))",
        "PARAGRAPH(LEAD/5(SENTENCE(red) AND war))",
        "ATLEAST/2(LEAD/7(SENTENCE(red)))",
    ],
)
def test_units_in_windows_that_cut_them(written: str) -> None:
    asked = rule(expression(written))
    matcher = Matcher(rule_set(asked))
    for title in (None, "", "Red", "War red. Red war. Peace"):
        for body in ("Red war. War red.\nPeace red. War.", "War peace red war. Red.\nRed war", "Red\n" * 9, "…"):
            article = read(body, title=title)
            fast, slow = matcher.verdict(asked, article), judge(asked, article)
            assert type(fast) is type(slow), (title, body)
            if isinstance(fast, Fired) and isinstance(slow, Fired):
                assert set(fast.finds) == set(slow.finds), (title, body)


@pytest.mark.parametrize(
    "written",
    [
        'SENTENCE(regex:"(?i)red" AND war)',
        'SENTENCE(regex:"[.!…]+" AND war)',
        'SENTENCE(regex:"(?s)r.*w" OR war)',
        'PARAGRAPH(regex:"[.!…]" AND SENTENCE(regex:"(?i)r" OR peace))',
        'LEAD/2(regex:"(?i)war")',
        'LEAD/0(regex:"…")',
        'title:regex:"[!…]"',
        'title:SENTENCE(regex:"(?i)red|!" AND NOT peace)',
        'body:LEAD/9(regex:"[!…]")',
        'body:regex:"…" AND NOT title:regex:"!"',
    ],
)
@pytest.mark.parametrize("title", [None, "", "!", "Red", "War! Red war. Peace"])
def test_regexes_in_windows(written: str, title: str | None) -> None:
    plain, masked = rule(expression(written)), Exclusion("e", "…", "phrase", expression("peace"))
    for asked in (plain, rule(plain.match, masked)):
        matcher = Matcher(rule_set(asked))
        for body in ("Red war. War… red.\nPeace red. War!", "… War peace! Red.\n!\nRed war", "Red\n" * 9, "…", "!"):
            article = read(body, title=title)
            fast, slow = matcher.verdict(asked, article), judge(asked, article)
            assert type(fast) is type(slow), body
            if isinstance(fast, Fired) and isinstance(slow, Fired):
                assert set(fast.finds) == set(slow.finds), body


@pytest.mark.parametrize("operator", ["NEAR/3", "ONEAR/3"])
@pytest.mark.parametrize("side", ["war", "(war OR peace)", "CASE(war)", "(war NOT NEAR/0 peace)"])
def test_work_does_not_double_with_each_nested_near(side: str, operator: str) -> None:
    """Each level may have two pairs for an interval, and both of them the same interval below it. Three times the
    levels are at most nine times the lines: clauses and their words grow with the levels as well."""
    short, long = (work(f" {operator} ".join([side] * links), "war " * 40) for links in (5, 15))
    assert long <= short * 9


@pytest.mark.parametrize("operator", ["NEAR/3", "ONEAR/1", "NEAR/0"])
@pytest.mark.parametrize(
    "sides", [["war"] * 5, ["(war OR peace)", "war", "~war", "(war OR wars)"], ["war", "peace"] * 2]
)
def test_nested_nears_say_what_the_reference_says(sides: list[str], operator: str) -> None:
    chain = f" {operator} ".join(sides)
    for written in (chain, f"{sides[0]} {operator} ({chain})", f"({chain}) {operator} ({chain})"):
        asked = rule(expression(written))
        matcher = Matcher(rule_set(asked))
        for body in ("war " * 9, "war peace " * 5, "peace war wars war peace peace war"):
            article = read(body)
            fast, slow = matcher.verdict(asked, article), judge(asked, article)
            assert type(fast) is type(slow), (written, body)
            if isinstance(fast, Fired) and isinstance(slow, Fired):
                assert set(fast.finds) == set(slow.finds), (written, body)
                found = matcher.match([article])[0][0].evidence
                assert found == evidence_of(slow.finds, article, Limits()), (written, body)
