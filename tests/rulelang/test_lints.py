"""Warnings: what gives one, and what looks alike and gives none."""

from __future__ import annotations

import pytest

from tests.rulelang.kit import codes, expression_codes, load_example, load_text


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


def _helps(expression: str, code: str) -> list[str]:
    return [d.help for d in load_example(f"match: |\n  {expression}\n").diagnostics if d.code == code]


@pytest.mark.parametrize(
    ("expression", "word", "both"),
    [
        ("cease-fire", "cease-fire", "cease-fire OR ceasefire"),
        ("port OR ~cease-fire", "~cease-fire", "~cease-fire OR ~ceasefire"),
        ('port OR "F-16s"', '"F-16s"', '"F-16s" OR "F16s"'),
        ('~"stand-off"', '~"stand-off"', '~"stand-off" OR ~"standoff"'),
        ("stand-off*", "stand-off*", "stand-off* OR standoff*"),
        ("CASE(S-400) OR port", "S-400", "S-400 OR S400"),
        ("port NEAR/3 ~cease-fire", "~cease-fire", "(~cease-fire OR ~ceasefire)"),
        ("port AND NOT cease-fire", "cease-fire", "(cease-fire OR ceasefire)"),
        ("title:cease-fire", "cease-fire", "(cease-fire OR ceasefire)"),
    ],
)
def test_both_spellings_are_written_as_the_word_was(expression: str, word: str, both: str) -> None:
    assert _helps(expression, "R901") == [f"If both spellings occur, write `{both}`."]
    assert expression_codes(expression.replace(word, both)) == []


def test_the_other_spelling_of_an_item_is_an_item() -> None:
    (found,) = load_example("keywords: [port, ~cease-fire]\n").diagnostics
    assert (found.code, found.help) == ("R901", "If both spellings occur, add the item `~ceasefire`.")
    assert not load_example("keywords: [port, ~cease-fire, ~ceasefire]\n").diagnostics


@pytest.mark.parametrize(
    ("word", "column", "found", "written"),
    [
        ("pe\u0430ce", 5, "letter 3 is the Cyrillic `\u0430` (U+0430)", "`peace`"),
        ("~\u0441an\u0441tion", 4, "letter 1 is the Cyrillic `\u0441` (U+0441)", "`~sanction`".replace("s", "c", 1)),
        ('"red p\u0435ace"', 9, "letter 2 is the Cyrillic `\u0435` (U+0435)", "`peace`"),
        (
            "\u043c\u0438p\u043d\u044b\u0439",
            5,
            "letter 3 is the Latin `p` (U+0070)",
            "\u043c\u0438\u0440\u043d\u044b\u0439",
        ),
        ("Su-\u041c\u041ea", 8, "letter 6 is the Latin `a` (U+0061)", "`Su-\u041c\u041e\u0430`"),
        ("\u039dATO", 3, "letter 1 is the Greek `\u039d` (U+039D)", "`NATO`"),
    ],
)
def test_letters_that_look_alike_are_named(word: str, column: int, found: str, written: str) -> None:
    (said,) = (d for d in load_example(f"match: |\n  {word}\n").diagnostics if d.code == "R912")
    assert (said.place.column, said.place.length) == (column, 1)
    assert found in said.found
    assert written in said.help
    assert "R912" not in expression_codes(written.strip("`"))


@pytest.mark.parametrize(
    "word",
    [
        "\u0421\u0443-27",
        "\u0425-101",
        "\u041c2",
        "Su-\u041c\u041e",
        "\u043c\u0438\u0440",
        "iPhone'\u0430",
        "SMS\u043a\u0438",
        "\u03bcm",
        "\u0394T",
        "TNF\u03b1",
        "caf\u00e9",
        "x\u505c\u6218",
    ],
)
def test_words_of_two_scripts_that_are_meant(word: str) -> None:
    assert "R912" not in expression_codes(word)


@pytest.mark.parametrize(
    ("value", "help_"),
    [
        ("english", "Did you mean `en`?"),
        ("Ukrainian", "Did you mean `uk`?"),
        ("english*", "Did you mean `en`?"),
        ("klingon", "Write its tag, such as `en` or `en-US`."),
    ],
)
def test_a_language_has_a_tag(value: str, help_: str) -> None:
    for text in (f"scope: {{lang: ['{value}']}}\n", f"match: truce AND lang:{value}\n"):
        (found,) = load_example(text).diagnostics
        assert (found.code, found.help) == ("R913", help_)


@pytest.mark.parametrize(
    "value", ["en", "EN", "en-US", "en_US", "zh-Hant-TW", "sr-Latn", "yue", "x-klingon", "en*", "e*"]
)
def test_tags_of_languages(value: str) -> None:
    for text in (f"scope: {{lang: ['{value}']}}\n", f"match: truce AND lang:{value}\n"):
        assert not load_example(text).diagnostics, text


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
