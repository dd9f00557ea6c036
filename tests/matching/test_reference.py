"""What expressions mean: sections 1 and 2 of the rule language, one line a case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stream.matching import Fired, Matcher, Quiet
from stream.matching.reference import ask, judge
from stream.rulelang.nodes import ListRef
from stream.rulelang.ruleset import Exclusion, Scope
from tests.matching.kit import expression, texts
from tests.matching.strategies import NOW, read, rule, rule_set

CASES: list[tuple[str, str, list[str] | None]] = [
    # how text is read, as the table of section 1 has it
    ("de-escalation", "De‑escalation urged", ["De‑escalation"]),
    ("deescalat*", "De‑escalation urged", ["De‑escalation"]),
    ("escalation", "De‑escalation urged", None),
    ("~escalate", "De‑escalation urged", None),
    ('"red lines"', "the Kremlin’s “red lines”", ["red lines"]),
    ('~"red line"', "the Kremlin’s “red lines”", ["red lines"]),
    ("Kremlin NEAR/0 red", "the Kremlin’s “red lines”", ["Kremlin’s “red"]),
    ('"red line"', "the Kremlin’s “red lines”", None),
    ("CASE(US)", "U.S. and us", ["U.S."]),
    ("us", "U.S. and us", ["U.S.", "us"]),
    ('"long range"', "long-range ATACMS™", ["long-range"]),
    ('"long-range ATACMS"', "long-range ATACMS™", ["long-range ATACMS"]),
    ("longrange", "long-range ATACMS™", None),
    ("CASE(UN)", "UN-backed talks", ["UN"]),
    ("unbacked", "UN-backed talks", None),
    ("truce NEAR/3 talk", "They talk. A truce held.", ["talk. A truce"]),
    ("SENTENCE(truce AND talk)", "They talk. A truce held.", None),
    # reach of a phrase
    ('"talk a"', "They talk. A truce held.", None),
    ("red-line", "red\n\nline and red line", ["red line"]),
    # AND, OR, NOT
    ("a OR b OR c", "a c", ["a", "c"]),
    ("a AND NOT b", "a c", ["a"]),
    ("a AND NOT b", "a b", None),
    ("a AND b", "a c", None),
    # NEAR: n words between, minimal intervals, sides apart
    ("a NEAR/1 d", "a b d", ["a b d"]),
    ("a NEAR/0 d", "a b d", None),
    ("d ONEAR/3 a", "a b d", None),
    ("a ONEAR/3 d", "a b d", ["a b d"]),
    ("a NEAR/5 d", "a a d d", ["a d"]),
    ("war NEAR/5 war", "war", None),
    ("war NEAR/5 war", "war and war", ["war and war"]),
    ('"red line" NEAR/3 line', "a red line", None),
    ("a NEAR/3 d", "first a\n\nd second", None),
    ("a NEAR/1 b NEAR/1 c", "a b x c", ["a b x c"]),
    # NOT NEAR: overlapping counts as near
    ("a NOT NEAR/1 b", "a b and so a", ["a"]),
    ("red NOT NEAR/2 line", "a red line", None),
    ('line NOT NEAR/0 "red line"', "red line and line", ["line"]),
    ("b NOT ONEAR/2 a", "a b", ["b"]),
    # SENTENCE, PARAGRAPH, LEAD, ATLEAST, ANY
    ("SENTENCE(dogs AND cats)", "Dogs bark at cats. Dogs sleep.", ["Dogs", "cats"]),
    ("SENTENCE(dogs AND NOT cats)", "Dogs bark at cats. Dogs sleep.", ["Dogs"]),
    ("PARAGRAPH(dogs AND cats)", "Dogs bark.\n\nCats sleep.", None),
    ("PARAGRAPH(dogs AND cats)", "Dogs bark. Cats sleep.", ["Dogs", "Cats"]),
    ("LEAD/2(war)", "peace and war", None),
    ("LEAD/3(war)", "peace and war", ["war"]),
    ("ATLEAST/3(~war)", "war, wars", None),
    ("ATLEAST/2(~war)", "war, wars", ["war", "wars"]),
    ('ATLEAST/2("a b" OR "b c")', "a b c", None),
    ("ANY/2(a, b, c)", "a c", ["a", "c"]),
    ("ANY/2(a, b, c)", "a", None),
    # CASE
    ("CASE(WHO OR US)", "WHO says who; US", ["WHO", "US"]),
    ('CASE("Red Line")', "Red Line, red line", ["Red Line"]),
    ("CASE(Nuk*)", "Nukes nukes", ["Nukes"]),
    ("CASE(~Strike)", "Struck, struck, Strikes", ["Struck", "Strikes"]),
    # regex, with letters of all scripts
    (r'regex:"\bred\b"', "red Red reddish", ["red"]),
    (r'regex:"(?i)\bred\b"', "red Red", ["red", "Red"]),
    (r'regex:"\bлет\b"', "лет полет лет", ["лет", "лет"]),
    (r'regex:"\w+ \d+"', "été ٣ x", ["été ٣"]),
    ('SENTENCE(regex:"!" AND war)', "Stop! A war.", None),
]


@pytest.mark.parametrize(("query", "body", "found"), CASES)
def test_what_an_expression_finds(query: str, body: str, found: list[str] | None) -> None:
    assert texts(query, body) == found


def test_text_fields() -> None:
    assert texts("title:war AND body:peace", "peace", title="war") == ["war", "peace"]
    assert texts("title:peace", "peace", title="war") is None
    assert texts("title:war", "war") is None
    assert texts("war AND peace", "peace", title="War") == ["War", "peace"]
    assert texts("ATLEAST/2(war)", "war", title="War") == ["War", "war"]
    assert texts("LEAD/1(war)", "peace", title="War") is None
    assert texts('"war peace"', "peace", title="War") is None


def test_key_fields_equal_as_a_whole_or_by_prefix_and_missing_ones_nothing() -> None:
    assert texts("source:reuters", "x", source="REUTERS") == ["REUTERS"]
    assert texts("source:reuters", "x", source="Reuters UK") is None
    assert texts("source:reuters*", "x", source="Reuters UK") == ["Reuters UK"]
    assert texts("source:reuters*", "x") is None
    assert texts("x AND NOT source:reuters", "x") == ["x"]
    assert texts('author:"jane doe"', "x", author="Jané  Doe") == ["Jané  Doe"]
    assert texts("x AND country:ua", "x", country="UA") == ["x", "UA"]


def test_residue_is_not_searched() -> None:
    body = (
        "The ministers met in the capital on Monday and agreed on a plan for the region.\n\n"
        "The talks will go on next week, the spokesman told reporters after the meeting.\n\n"
        "Leave a Reply\n\nYour email address will not be published. Required fields are marked *\n"
    )
    assert read(body).body.cuts
    assert texts("published", body) is None
    assert texts('regex:"published"', body) is None


def test_masks_blank_the_words_of_an_exception_and_keep_positions() -> None:
    clause = Exclusion("contract", "…", "phrase", expression('"price escalation clause"'))
    asked = rule(expression("escalation"), clause)
    matcher = Matcher(rule_set(asked))
    both = read("A price escalation clause. Generals fear escalation.")
    only = read("A price escalation clause.")
    assert [m.evidence[0].start for m in matcher.match([both])[0]] == [both.body.source.rindex("escalation")]
    assert matcher.match([only]) == [[]]
    assert matcher.verdict(asked, only) == judge(asked, only) == Quiet(("exclude:contract",))


def test_a_mask_blanks_leaves_but_not_the_words_between_them() -> None:
    near = Exclusion("near", "…", "phrase", expression("price NEAR/3 clause"))
    article = read("price of escalation clause")
    assert isinstance(judge(rule(expression("escalation"), near), article), Fired)
    assert judge(rule(expression("price NEAR/3 escalation"), near), article) == Quiet(("exclude:near",))
    # The distance is that of the text as received, not of what is left of it.
    middle = Exclusion("middle", "…", "phrase", expression("of"))
    assert judge(rule(expression("price NEAR/0 escalation"), middle), article) == Quiet(("match",))


def test_a_regex_masks_the_words_it_touches() -> None:
    def verdict_of(pattern: str) -> object:
        exclusion = Exclusion("x", "…", "phrase", expression(f'regex:"{pattern}"'))
        asked, article = rule(expression("red"), exclusion), read("! A red! line", title="!")
        assert type(Matcher(rule_set(asked)).verdict(asked, article)) is type(judge(asked, article))
        return judge(asked, article)

    assert isinstance(verdict_of("!"), Fired)
    assert isinstance(verdict_of("A "), Fired)
    assert verdict_of("ed!") == Quiet(("exclude:x",))


def test_exclusions_are_asked_of_the_original_text() -> None:
    one = Exclusion("one", "…", "phrase", expression("red"))
    two = Exclusion("two", "…", "article", expression("red AND line"))
    assert judge(rule(expression("line"), one, two), read("red line")) == Quiet(("exclude:two",))


def test_scope() -> None:
    old = read("x", published=NOW - timedelta(days=3), lang="EN")
    undated = read("x", lang="de", source="Reuters")

    def verdict_of(scope: Scope, article: object = old) -> str:
        verdict = judge(rule(expression("x"), scope=scope), article)  # type: ignore[arg-type]
        return "fired" if isinstance(verdict, Fired) else verdict.reasons[0]

    assert verdict_of(Scope(max_age_seconds=86_400)) == "scope"
    assert verdict_of(Scope(max_age_seconds=3 * 86_400)) == "fired"
    assert verdict_of(Scope(max_age_seconds=1), undated) == "fired"
    assert verdict_of(Scope(lang=("en",))) == "fired"
    assert verdict_of(Scope(lang=("en",)), undated) == "scope"
    assert verdict_of(Scope(source=("reuters",))) == "scope"
    assert verdict_of(Scope(source=("reu*",)), undated) == "fired"
    assert verdict_of(Scope(source=("*",))) == "fired"


def test_a_list_that_was_not_resolved_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="@kremlin was not resolved"):
        ask(ListRef("kremlin"), read("x"))
    with pytest.raises(AssertionError, match="@kremlin was not resolved"):
        Matcher(rule_set(rule(ListRef("kremlin"))))
