"""Sections 2 and 3 of the language, clause by clause: whole rules on whole articles, by reference and fast path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stream.matching import Fired, Limits, Matcher, read_article
from stream.matching.evidence import evidence_of
from stream.matching.reference import judge
from stream.rulelang import load
from stream.rulelang.diagnostic import SourceFile
from stream.ruletest import EPOCH
from stream.wire.decode import Decoded, article_from

Case = tuple[str | list[str], str | dict[str, str], list[str] | None]
"""An expression or keywords, a body or an article, and the texts of the evidence (None: quiet)."""

LISTS = {
    "agencies": ["Reuters", "AP*", "BBC News"],
    "nested": ["@agencies", "TASS"],
    "people": ["Le Mon*"],
    "side": ["Kremlin", "White House", "~Putin", "CASE(US)"],
}

CHAINS: list[Case] = [
    ("a1 AND b1 NOT c1", "a1 b1", ["a1", "b1"]),
    ("a1 NOT c1", "a1 c1", None),
    ("a1 AND NOT c1", "a1", ["a1"]),
    ("NOT c1 AND a1", "a1", ["a1"]),
    ("a1 OR b1 OR c1", "c1 a1", ["c1", "a1"]),
    ("a1 AND (b1 OR (d1 AND NOT c1))", "a1 d1", ["a1", "d1"]),
    ("NOT NOT a1 AND b1", "a1 b1", ["b1"]),
]
NEAR: list[Case] = [
    ("a1 NEAR/5 b1", "a1 x a1 b1 y b1", ["a1 b1"]),
    ("a1 NEAR/5 b1", "b1 a1 b1", ["b1 a1", "a1 b1"]),
    ("a1 NEAR/0 b1", "a1 x b1", None),
    ("a1 NEAR/1 b1", "a1 x b1", ["a1 x b1"]),
    ("a1 ONEAR/1 b1", "b1 a1", None),
    ("a1 NEAR/0 a1", "a1", None),
    ("a1 NEAR/0 a1", "a1 a1", ["a1 a1"]),
    ('"a1 b1" NEAR/0 "b1 c1"', "a1 b1 c1", None),
    ('"a1 b1" NEAR/0 "b1 c1"', "a1 b1 b1 c1", ["a1 b1 b1 c1"]),
    ("a1 NEAR/3 b1 NEAR/3 c1", "a1 b1 c1", ["a1 b1 c1"]),
    ("a1 NEAR/1 b1 NEAR/1 c1", "a1 x b1 c1", ["a1 x b1 c1"]),
    ("(a1 OR b1) NEAR/1 (c1 OR d1)", "a1 x c1. b1 d1", ["a1 x c1", "c1. b1", "b1 d1"]),
    ("a1 NEAR/3 b1", "A1. B1.", ["A1. B1"]),
    ("a1 NEAR/3 b1", "a1\n\nb1", None),
    ("a1 NEAR/3 b1", {"title": "a1", "body": "b1"}, None),
    ("@side NEAR/2 warns", "US warns", ["US warns"]),
    ("@side NEAR/2 warns", "us warns", None),
    ("@side NEAR/2 warns", "Putin's warns", ["Putin's warns"]),
]
NOT_NEAR: list[Case] = [
    ("a1 NOT NEAR/2 b1", "a1 b1 x x x a1", ["a1"]),
    ("a1 NOT NEAR/2 b1", "a1 x x x b1", ["a1"]),
    ("a1 NOT NEAR/2 b1", "a1 x x b1", None),
    ("a1 NOT NEAR/2 b1", "a1\n\nb1", ["a1"]),
    ("a1 NOT ONEAR/2 b1", "b1 a1", ["a1"]),
    ("a1 NOT ONEAR/2 b1", "a1 b1", None),
    ("a1 NOT   NEAR/2 b1", "a1", ["a1"]),
    ("(a1 NOT NEAR/2 b1) NEAR/5 c1", "a1 c1", ["a1 c1"]),
    ("(a1 NOT NEAR/2 b1) NEAR/5 c1", "a1 c1 b1", None),
    ("ATLEAST/2(a1 NOT NEAR/0 b1)", "a1 b1 a1 x a1", None),
]
ATLEAST: list[Case] = [
    ("ATLEAST/2(a1)", {"title": "a1", "body": "a1"}, ["a1", "a1"]),
    ('ATLEAST/2("a1 a1")', "a1 a1 a1", None),
    ('ATLEAST/2("a1 a1")', "a1 a1 a1 a1", ["a1 a1", "a1 a1", "a1 a1"]),
    ("ATLEAST/3(a1 OR b1)", {"title": "a1", "body": "b1 x a1"}, ["a1", "b1", "a1"]),
    ("ATLEAST/2(body:a1)", {"title": "a1", "body": "a1"}, None),
    ("SENTENCE(ATLEAST/2(a1))", "a1. A1.", None),
    ("ATLEAST/2(SENTENCE(a1 AND b1))", "a1 b1. A1 b1.", ["a1", "b1", "A1", "b1"]),
]
ANY: list[Case] = [
    ("ANY/2(a1, b1, c1 AND d1)", "b1 c1 d1", ["b1", "c1", "d1"]),
    ("ANY/2(a1, b1, c1 AND d1)", "b1 c1", None),
    ("ANY/2(a1,a1)", "a1", ["a1"]),
    ("SENTENCE(ANY/2(a1, b1, c1))", "a1 x. B1 c1", ["B1", "c1"]),
]
LEAD: list[Case] = [
    ("LEAD/3(a1)", "x x a1", ["a1"]),
    ("LEAD/3(a1)", "x x x a1", None),
    ("LEAD/3(a1)", {"title": "a1", "body": "x"}, None),
    ('LEAD/3("a1 b1")', "x x a1 b1", None),
    ("LEAD/3(a1 AND NOT b1)", "a1 x x b1", ["a1"]),
    ("NOT LEAD/3(a1) AND b1", "x x x a1 b1", ["b1"]),
    ("LEAD/2(long-range)", "long-range x", ["long-range"]),
    ("LEAD/1(long-range)", "long-range x", None),
]
REACH: list[Case] = [
    ("SENTENCE(a1 AND b1)", "a1 x. B1 y.", None),
    ("SENTENCE(a1 AND NOT b1)", "a1 b1. A1 x.", ["A1"]),
    ("PARAGRAPH(a1 AND b1)", "a1.  B1", ["a1", "B1"]),
    ("SENTENCE(a1 AND b1)", {"title": "a1", "body": "b1"}, None),
    ("SENTENCE(a1 AND b1)", {"title": "a1 b1", "body": "x"}, ["a1", "b1"]),
    ("PARAGRAPH(SENTENCE(a1 AND b1) AND c1)", "a1 b1. C1.", ["a1", "b1", "C1"]),
    ("SENTENCE(source:reuters AND a1)", {"body": "a1", "source": "Reuters"}, ["a1", "Reuters"]),
]
CASE: list[Case] = [
    ("CASE(US)", "us US U.S. US-made US's US’ Us", ["US", "U.S.", "US", "US", "US"]),
    ("CASE(Long-Range)", "long-range Long-Range Long-range", ["Long-Range"]),
    ("CASE(Turkey)", "turkey Turkey's Turkey", ["Turkey", "Turkey"]),
    ('CASE("Red Line")', "red line Red Line Red-Line", ["Red Line", "Red-Line"]),
    ("CASE(Putin's)", "Putin PUTIN Putin’s", ["Putin", "Putin"]),
    ("CASE(~Turk)", "Turks turks Turk", ["Turks", "Turk"]),
    ("CASE(Escal*)", "Escalation escalation", ["Escalation"]),
    ("CASE(@side)", "US Kremlin kremlin", ["US", "Kremlin"]),
    ("CASE(a1 OR US)", "A1 US a1", ["US", "a1"]),
    ("CASE(De-escalation)", "De-escalation de-escalation", ["De-escalation"]),
    ("CASE(WHO) AND who", "WHO who", ["WHO", "WHO", "who"]),
    ("CASE(U.S.)", "US", ["US"]),
    ("title:CASE(US)", {"title": "US", "body": "US"}, ["US"]),
    ("CASE(title:US)", {"title": "us", "body": "US"}, None),
]
TEXT_FIELDS: list[Case] = [
    ("title:(a1 OR b1)", {"title": "b1", "body": "a1"}, ["b1"]),
    ("title:a1 AND body:b1", {"title": "a1", "body": "b1"}, ["a1", "b1"]),
    ("NOT title:a1 AND b1", "b1", ["b1"]),
]
KEY_FIELDS: list[Case] = [
    ("source:reuters", "x", None),
    ("source:reuters", {"body": "x", "source": "REUTERS"}, ["REUTERS"]),
    ("source:reuters", {"body": "x", "source": "Reuters UK"}, None),
    ("source:reut*", {"body": "x", "source": "Reuters UK"}, ["Reuters UK"]),
    ("source:@agencies", {"body": "x", "source": "ap online"}, ["ap online"]),
    ("source:@agencies", {"body": "x", "source": "bbc news"}, ["bbc news"]),
    ("source:@nested", {"body": "x", "source": "Tass"}, ["Tass"]),
    ("source:@nested", {"body": "x", "source": "reuters"}, ["reuters"]),
    ("source:@agencies", {"body": "x", "source": "Reuters UK"}, None),
    ('source:"Le Monde"', {"body": "x", "source": "le  monde"}, ["le  monde"]),
    ("url:https://a.b/*", {"body": "x", "url": "https://a.b/c?d=1"}, ["https://a.b/c?d=1"]),
    ('url:"https://a.b/c?d=1"', {"body": "x", "url": "https://a.b/c?d=1"}, ["https://a.b/c?d=1"]),
    ("lang:en*", {"body": "x", "lang": "en-GB"}, ["en-GB"]),
    ("lang:en", {"body": "x", "lang": "en-GB"}, None),
    (
        "country:UA AND section:world AND author:a",
        {"body": "x", "country": "ua", "section": "World", "author": "A"},
        ["A", "ua", "World"],
    ),
    ("NOT source:x AND a1", "a1", ["a1"]),
    ('author:"O\'Neill"', {"body": "x", "author": "O’Neill"}, ["O’Neill"]),
    ("source:élan", {"body": "x", "source": "Elan"}, ["Elan"]),
    ("source:*", {"body": "x", "source": "Elan"}, ["Elan"]),
    ("source:*", "x", None),
]
REGEX: list[Case] = [
    ('regex:"\\bwar\\b"', "a war. warfare", ["war"]),
    ('regex:"\\bвойна\\b"', "война войнапро", ["война"]),
    ('regex:"(?i)WAR"', "war War", ["war", "War"]),
    ('regex:"WAR"', "war", None),
    ('regex:"\\bé"', "café été", ["é"]),
    ('regex:"S-\\d{3}"', "S-400 S-300PMU", ["S-400", "S-300"]),
    ('title:regex:"a\\d"', {"title": "a1", "body": "a2"}, ["a1"]),
    ('regex:"^\\w+"', {"title": "Tt x", "body": "Bb x"}, ["Tt", "Bb"]),
    ('SENTENCE(regex:"a\\d" AND b1)', "a1 x. A2 b1.", None),
    ('SENTENCE(regex:"a\\d" AND b1)', "a1 b1.", ["a1", "b1"]),
    ('ATLEAST/2(regex:"a\\d")', {"title": "a1", "body": "a2"}, ["a1", "a2"]),
    ('LEAD/1(regex:"a\\d")', "x a1", None),
    ('regex:"ﬁne"', "ﬁne", ["ﬁne"]),
    ('regex:"fine"', "ﬁne", None),
]
KEYWORDS: list[Case] = [
    (
        ["truce", "red line", '~"cease fire"', "CASE(US)", "@side"],
        "Red line; cease fires; US; AP-like APs",
        ["Red line", "cease fires", "US"],
    ),
    (["~Putin"], "Putin’s Putins", ["Putin", "Putins"]),
    (["Storm Shadow"], "storm-shadow", ["storm-shadow"]),
]
WORDS: list[Case] = [
    ("F-16", "F16", None),
    ("F-16", "an F‑16.", ["F‑16"]),
    ("F-16", "F 16", ["F 16"]),
    ("M142", "M142s", None),
    ("~M142", "M142s", ["M142s"]),
    ("escalat*", "Escalates de-escalates", ["Escalates"]),
    ("deescalat*", "de-escalates", ["de-escalates"]),
    ("long-rang*", "long-ranged", ["long-ranged"]),
    ('"1,000 men"', "1,000 men", ["1,000 men"]),
    ("3.5", "3.5", ["3.5"]),
    ('"red line"', "red\nline", None),
    ('"red line"', "Red. Line", None),
    ('"red line"', "Red, line", ["Red, line"]),
    ("停战", "停战协议", ["停战"]),
    ("~escalation", "escalations escalate", ["escalations"]),
    ('"U.S. army"', "US Army", ["US Army"]),
    ("don't", "don’t", ["don’t"]),
    ("O'Neill", "O’Neill's", ["O’Neill"]),
]
MASKS_RULES: list[tuple[str, dict[str, Any], str | dict[str, str], list[str] | None]] = [
    (
        "escalation",
        {"exclude": [{"name": "x", "match": '"price escalation clause"', "mask": "phrase"}]},
        "A price escalation clause. Generals fear escalation.",
        ["escalation"],
    ),
    (
        "escalation",
        {"exclude": [{"name": "x", "match": '"price escalation clause"', "mask": "phrase"}]},
        "A price escalation clause.",
        None,
    ),
    ("a1 NEAR/3 b1", {"exclude": [{"name": "x", "match": "c1", "mask": "phrase"}]}, "a1 c1 b1", ["a1 c1 b1"]),
    ("c1", {"exclude": [{"name": "x", "match": "a1 NEAR/3 b1", "mask": "phrase"}]}, "a1 c1 b1", ["c1"]),
    ("a1", {"exclude": [{"name": "x", "match": "a1 NEAR/3 b1", "mask": "phrase"}]}, "a1 c1 b1", None),
    ("a1", {"exclude": [{"name": "x", "match": "c1 NOT NEAR/1 a1", "mask": "phrase"}]}, "a1 b1", ["a1"]),
    ("a1", {"exclude": [{"name": "x", "match": "a1 NOT NEAR/0 b1", "mask": "phrase"}]}, "a1 x b1", None),
    ("b1", {"exclude": [{"name": "x", "match": "a1 NOT NEAR/0 b1", "mask": "phrase"}]}, "a1 x b1", ["b1"]),
    ("a1", {"exclude": [{"name": "x", "match": "b1", "mask": "article"}]}, "a1 b1", None),
    ("a1", {"exclude": [{"name": "x", "match": "LEAD/1(a1)", "mask": "phrase"}]}, "a1 a1", ["a1"]),
    ("a1", {"exclude": [{"name": "x", "match": "SENTENCE(a1 AND b1)", "mask": "phrase"}]}, "a1 b1. A1.", ["A1"]),
    ("a1", {"exclude": [{"name": "x", "match": "title:a1", "mask": "phrase"}]}, {"title": "a1", "body": "a1"}, ["a1"]),
    ("ATLEAST/2(a1)", {"exclude": [{"name": "x", "match": "a1 ONEAR/0 b1", "mask": "phrase"}]}, "a1 a1 b1", None),
    ("a1 AND NOT b1", {"exclude": [{"name": "x", "match": "b1", "mask": "phrase"}]}, "a1 b1", None),
    ('"a1 b1"', {"exclude": [{"name": "x", "match": "LEAD/1(a1)", "mask": "phrase"}]}, "a1 b1 a1 b1", ["a1 b1"]),
    ('regex:"a\\d"', {"exclude": [{"name": "x", "match": "a1", "mask": "phrase"}]}, "a1 a2", ["a2"]),
]
SCOPE_RULES: list[tuple[str, dict[str, Any], str | dict[str, str], list[str] | None]] = [
    (
        "a1",
        {"scope": {"max_age": "47h"}},
        {"body": "a1", "published": "2024-09-09T00:00:00Z", "fetched": "2024-09-11T00:00:00Z"},
        None,
    ),
    (
        "a1",
        {"scope": {"max_age": "48h"}},
        {"body": "a1", "published": "2024-09-09T00:00:00Z", "fetched": "2024-09-11T00:00:00Z"},
        ["a1"],
    ),
    ("a1", {"scope": {"max_age": "1h"}}, {"body": "a1", "fetched": "2024-09-11T00:00:00Z"}, ["a1"]),
    ("a1", {"scope": {"lang": ["en"]}}, {"body": "a1", "lang": "en-US"}, None),
    ("a1", {"scope": {"lang": ["en"]}}, {"body": "a1", "lang": "EN"}, ["a1"]),
    ("a1", {"scope": {"lang": ["en"]}}, "a1", None),
    ("a1", {"scope": {"source": ["*"]}}, "a1", ["a1"]),
    ("a1", {"scope": {"source": ["ap*"]}}, {"body": "a1", "source": "AP Online"}, ["a1"]),
]
TOGETHER: list[Case] = [
    ('"esc* risk"', "Escalating risk", ["Escalating risk"]),
    ('~"red line"', "red lines, red lined", ["red lines", "red lined"]),
    ('~"red-line"', "red lines", ["red lines"]),
    ('source:"Reut*"', {"body": "x", "source": "Reuters UK"}, ["Reuters UK"]),
    ("author:@people", {"body": "x", "author": "Le Monde"}, ["Le Monde"]),
    ('regex:"(a+)+$"', "b aaa", ["aaa"]),
    ('a1 AND NOT regex:"b\\d"', "a1 b2", None),
    ('ANY/2(regex:"b\\d", a1, c1)', "a1 b2", ["a1", "b2"]),
    ("Україна", "в Україні Україна", ["Україна"]),
    ("ΟΔΌΣ", "οδός", ["οδός"]),
    ("هدنة", "هدنة الآن", ["هدنة"]),
    ("停战 NEAR/2 协议", "停战的协议", ["停战的协议"]),
    ("ข่าว", "อ่านข่าว", ["ข่าว"]),
    ("ひらがな", "これはひらがな", ["ひらがな"]),
    ("й", "и й", ["й"]),
    ("cafe", "Café", ["Café"]),
    ("lodz", "Łódź", ["Łódź"]),
    ("Straße", "STRASSE", ["STRASSE"]),
    ("a1 NEAR/2 b1", "a1 x\nb1", None),
    ("a1 ONEAR/0 b1 ONEAR/0 c1", "a1 b1 c1", ["a1 b1 c1"]),
    ("a1 NEAR/0 (b1 NEAR/0 c1)", "b1 c1 a1", ["b1 c1 a1"]),
    ("a1 NEAR/2 b1 NEAR/2 a1", "a1 b1 a1", ["a1 b1 a1"]),
    ('(a1 OR "a1 b1") NEAR/0 c1', "a1 b1 c1", ["a1 b1 c1"]),
    ('a1 OR "a1 b1"', "a1 b1", ["a1", "a1 b1"]),
    ("(a1 AND b1) OR c1", "a1 c1", ["c1"]),
    ("body:LEAD/2(a1)", "a1", ["a1"]),
    ("LEAD/2(SENTENCE(a1 AND b1))", "a1 b1", ["a1", "b1"]),
    ("SENTENCE(LEAD/1(a1) AND b1)", "a1 b1", ["a1", "b1"]),
    ("LEAD/2(ATLEAST/2(a1))", "a1 a1", ["a1", "a1"]),
    ("PARAGRAPH(a1 AND b1)", "<p>a1</p><p>b1</p>", None),
    ("PARAGRAPH(a1 AND b1)", "<p>a1<br>b1</p>", ["a1", "b1"]),
    ("a1 NEAR/3 b1", "<p>a1</p><p>b1</p>", None),
    ("AT", "A&amp;T AT&amp;T AT", ["AT", "AT"]),
    ("a1", {"title": "a1", "body": "x"}, ["a1"]),
    ("ATLEAST/2(a1 OR a1)", "a1", None),
    ("CASE(us)", "us US", ["us"]),
    ("us", "U.S.", ["U.S."]),
    ('CASE("US Army")', "US army US Army", ["US Army"]),
    ("CASE(non-US)", "non-US non-us", ["non-US"]),
    ("CASE(UN-backed)", "UN-backed un-backed", ["UN-backed"]),
    ("UN NEAR/0 backed", "UN-backed", ["UN-backed"]),
    ("CASE(S-400)", "S-400 s-400", ["S-400"]),
    ("CASE(Kremlin's) NEAR/1 line", "Kremlin’s line", ["Kremlin’s line"]),
    ("CASE(a1 NEAR/1 US)", "a1 US a1 us", ["a1 US", "US a1"]),
    ("NOT (a1 OR b1) AND c1", "c1", ["c1"]),
    ("c1 AND NOT (a1 AND b1)", "c1 a1", ["c1"]),
    ("ANY/1(NOT a1 AND b1, c1)", "b1", ["b1"]),
    ("a1 AND ANY/2(source:x, b1, title:c1)", {"title": "c1", "body": "a1", "source": "X"}, ["c1", "a1", "X"]),
    ("a1 OR title:b1", {"title": "b1", "body": "x"}, ["b1"]),
]
TOGETHER_RULES: list[tuple[str, dict[str, Any], str | dict[str, str], list[str] | None]] = [
    ("a1 NEAR/2 b1", {"exclude": [{"name": "x", "match": "a1 NEAR/0 c1", "mask": "phrase"}]}, "a1 c1 b1", None),
    ("a1", {"exclude": [{"name": "x", "match": "ANY/1(a1, c1)", "mask": "phrase"}]}, "a1 c1", None),
    ("a1 AND b1", {"exclude": [{"name": "x", "match": "source:onion OR b1", "mask": "phrase"}]}, "a1 b1", None),
    (
        "a1",
        {"exclude": [{"name": "x", "match": "source:onion", "mask": "article"}]},
        {"body": "a1", "source": "onion"},
        None,
    ),
    ("a1", {"exclude": [{"name": "x", "match": "a1 ONEAR/0 b1", "mask": "phrase"}]}, "a1 b1 a1", ["a1"]),
    ("a1", {"exclude": [{"name": "x", "match": "b1 NEAR/1 a1", "mask": "phrase"}]}, "a1 x b1 x a1", None),
    ("~warn", {"exclude": [{"name": "x", "match": "LEAD/1(~warn)", "mask": "phrase"}]}, "Warned. He warns", ["warns"]),
    ("a1", {"exclude": [{"name": "p", "match": "c1"}, {"name": "q", "match": "a1 AND b1"}]}, "a1 b1", None),
    ('"a b c"', {"exclude": [{"name": "x", "match": "zzz", "mask": "phrase"}]}, "a b c", ["a b c"]),
    ('"a1 b1 c1"', {"exclude": [{"name": "x", "match": "b1", "mask": "phrase"}]}, "a1 b1 c1", None),
    ("a1 NOT NEAR/1 b1", {"exclude": [{"name": "x", "match": "b1", "mask": "phrase"}]}, "a1 b1", None),
]


def _texts(query: str | list[str], keys: dict[str, Any], article: str | dict[str, str]) -> list[str] | None:
    rule = {"kind": "rule", "id": "r", "severity": "low", "keywords" if isinstance(query, list) else "match": query}
    lists = [{"kind": "list", "id": name, "items": items} for name, items in LISTS.items()]
    # `AP*` may stand in a list because a rule has it as a list of sources.
    other = {"kind": "rule", "id": "other", "severity": "low", "match": "source:@agencies"}
    text = "\n---\n".join(json.dumps(document, ensure_ascii=False) for document in (*lists, other, rule | keys))
    loaded = load([SourceFile("x.yml", text)])
    assert loaded.ruleset is not None, loaded.diagnostics
    decoded = article_from({"body": article} if isinstance(article, str) else dict(article))
    assert isinstance(decoded, Decoded)
    read = read_article(decoded.article, decoded.article.fetched or EPOCH)
    verdict = judge(next(made for made in loaded.ruleset.rules if made.id == "r"), read)
    found = next((m.evidence for m in Matcher(loaded.ruleset).match([read])[0] if m.rule.id == "r"), None)
    assert found == (evidence_of(verdict.finds, read, Limits()) if isinstance(verdict, Fired) else None)
    for piece in found or ():
        assert getattr(decoded.article, piece.field)[piece.start : piece.end] == piece.text
    return None if found is None else [piece.text for piece in found]


@pytest.mark.parametrize(
    ("query", "article", "expected"),
    [
        *CHAINS,
        *NEAR,
        *NOT_NEAR,
        *ATLEAST,
        *ANY,
        *LEAD,
        *REACH,
        *CASE,
        *TEXT_FIELDS,
        *KEY_FIELDS,
        *REGEX,
        *KEYWORDS,
        *WORDS,
        *TOGETHER,
    ],
)
def test_expressions(query: str | list[str], article: str | dict[str, str], expected: list[str] | None) -> None:
    assert _texts(query, {}, article) == expected


@pytest.mark.parametrize(("query", "keys", "article", "expected"), [*MASKS_RULES, *SCOPE_RULES, *TOGETHER_RULES])
def test_exclusions_and_scopes(
    query: str, keys: dict[str, Any], article: str | dict[str, str], expected: list[str] | None
) -> None:
    assert _texts(query, keys, article) == expected
