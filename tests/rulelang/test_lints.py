"""Warnings: what gives one, and what looks alike and gives none."""

from __future__ import annotations

import pytest

from tests.rulelang.kit import codes, expression_codes, load_text


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cease-fire", ["R901"]),
        ("~cease-fire", ["R901"]),
        ("S-400", ["R901"]),
        ("S-400 OR S400", []),
        ("BM-21", ["R901"]),
        ('"cease-fire"', ["R901"]),
        ("cease-fire OR ceasefire", []),
        ("cease-fire OR ~ceasefire", []),
        ("cease-fire OR ceasefire*", []),
        ("cease-fire OR cease*", []),
        ("(cease-fire AND x) OR ceasefire", []),
        ("de-escalation", []),  # reads as the closed form does
        ("non-nuclear", []),
        ("US-made", []),
        ("hand-in-hand", []),
        ('"cease-fire talks"', []),
        ('x OR "@places"', ["R906"]),
        ('"at @places"', []),
        ("WHO", ["R902"]),
        ("U.S.", ["R902"]),
        ('"WHO"', ["R902"]),
        ("who", []),
        ("NATO", []),
        ("CASE(WHO)", []),
        ("CASE(WHO OR US)", []),
        ('"WHO officials"', []),
        ("x NEAR/3 IT", ["R902"]),
        ("a AND b", []),
        ("a AND b AND c", ["R905"]),
        ("a AND b AND NOT c", []),
        ("a AND b AND source:c AND lang:en", []),
        ("a AND b AND SENTENCE(c AND d AND e)", []),
        ("SENTENCE(a AND b AND c)", []),
        ("a AND b AND title:c", []),
        ("x OR (a AND b AND c)", ["R905"]),
        ("a AND b NEAR/3 c AND d", []),
        ("ANY/1(a AND b AND c, d)", ["R905"]),
    ],
)
def test_lints_of_expressions(expression: str, expected: list[str]) -> None:
    assert expression_codes(expression) == expected


def test_a_list_counts_as_used_through_another_one_an_exclusion_or_a_field() -> None:
    text = (
        "kind: rule\nid: r\nseverity: low\nmatch: >\n  @a AND source:@c\n"
        'exclude: [{name: x, match: "@d"}]\n'
        "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n"
    )
    lists = {"a": "@b", "b": "x", "c": "x", "d": "y", "e": "@f", "f": "x"}
    parts = [f'kind: list\nid: {name}\nitems: ["{item}"]\n' for name, item in lists.items()]
    diagnostics = load_text("---\n".join([text, *parts])).diagnostics
    assert [d.found.split("`")[1] for d in diagnostics if d.code == "R904"] == ["@e", "@f"]
    assert set(codes(diagnostics)) == {"R904"}


def test_a_twin_may_stand_in_a_list() -> None:
    text = (
        "kind: rule\nid: r\nseverity: low\nmatch: >\n  cease-fire OR @a\n"
        "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n"
        "---\nkind: list\nid: a\nitems: [ceasefire, stand-off]\n"
    )
    assert [(d.code, d.place.line) for d in load_text(text).diagnostics] == [("R901", 10)]


@pytest.mark.parametrize(
    ("items", "covered"),
    [
        ("[Geneva, geneva]", ["`geneva`, which `Geneva` finds already"]),
        ("[~warn, warned, ~warning]", ["`warned`, which `~warn` finds already"]),
        ("[escalation, 'escalat*']", ["`escalation`, which `escalat*` finds already"]),
        ("['escalation*', 'escalat*']", ["`escalation*`, which `escalat*` finds already"]),
        ("[red-line, red line]", ['`"red line"`, which `red-line` finds already']),
        ("['~\"red line\"', red lines]", ['`"red lines"`, which `~"red line"` finds already']),
        ("[red lines, '~\"red line\"']", ['`"red lines"`, which `~"red line"` finds already']),
        ("[red line, 'red lin*', line]", ['`"red line"`, which `"red lin*"` finds already']),
        ("[us, CASE(US)]", []),
        ("['@cities', Oslo]", ["`Oslo`, which `oslo` finds already"]),
        ("[Kremlin, Kremlin spokesman]", []),
    ],
)
def test_items_that_others_cover(items: str, covered: list[str]) -> None:
    text = f"kind: list\nid: l\nitems: {items}\n---\nkind: list\nid: cities\nitems: [oslo]\n---\n" + (
        "kind: rule\nid: r\nseverity: low\nmatch: '@l OR @cities'\n"
        "tests: [{name: t, article: {body: x}, expect: quiet}]\n"
    )
    loaded = load_text(text)
    assert [d.found for d in loaded.diagnostics if d.code == "R908"] == covered
