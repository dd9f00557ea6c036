"""YAML that is no rule file: the place that is shown, and the word that says what is wrong."""

from __future__ import annotations

import pytest

from tests.rulelang.kit import load_text

_HEAD = "kind: rule\nid: x\nseverity: low\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "found"),
    [
        ("match: *escal OR b\n", "R104", 4, 8, "the alias `*escal`"),
        ("match: &a truce\n", "R104", 4, 8, "the anchor `&a`"),
        ("match: !x truce\n", "R105", 4, 8, "the tag `!x`"),
        ("match: @a AND b\n", "R107", 4, 8, "a value that begins with `@`"),
        ("keywords: [a, *]\n", "R107", 4, 15, "a value that begins with `*`"),
        ('match: "a" AND b\n', "R102", 4, 12, "more text behind a quoted value"),
        ("match: 'a' AND b\n", "R102", 4, 12, "more text behind a quoted value"),
        ('keywords: ["a" b]\n', "R102", 4, 16, "more text behind a quoted item"),
        ("match: |\n  a AND\n b\n", "R102", 6, 2, "a line that is indented in another way"),
        ("tests:\n- {name: a}\n - b\n", "R102", 6, 2, "a line that is indented in another way"),
        ("match: >\nfoo AND bar\n", "R102", 5, 1, "a line without a key"),
        ("title: a: b\n", "R102", 4, 9, "a second `: ` in one value"),
        ('title: "a\\d"\n', "R102", 4, 11, "an escape that YAML does not know"),
        ('title: "abc\n', "R102", 4, 8, "a quote that is not closed"),
        ("topics: [a, b\n", "R102", 4, 9, "a bracket that is not closed"),
        ("scope: {lang: [en}\n", "R102", 4, 18, "another sign"),
        ("match: >truce OR talks\n", "R102", 4, 9, "text behind `>` or `|`"),
        ('match: > "red line" OR x\n', "R102", 4, 10, "text behind `>` or `|`"),
        ("labels: {a: &}\n", "R104", 4, 13, "a value that begins with `&`"),
        ("labels: {a: !<x}\n", "R105", 4, 13, "a value that begins with `!`"),
        ("topics: [a, , b]\n", "R102", 4, 13, "a sign in the place of a value"),
        ("match: - x\n", "R102", 4, 8, "`- ` behind a key"),
        ("match: `x`\n", "R102", 4, 8, "a character that cannot begin a value"),
        ("labels:\n\ta: b\n", "R102", 5, 1, "a tab at the beginning of a line"),
        ("title: a\x07b\n", "R102", 4, 9, "a control character"),
        ("severity: high\n", "R103", 4, 1, "the key `severity` a second time"),
        (
            "labels: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}}}\n",
            "R106",
            4,
            50,
            "more than 12 levels",
        ),
        ('title: "War \\ud83d"\n', "R102", 4, 8, "half a character, `\\ud83d`"),
        ("? [a]\n: b\n", "R108", 4, 3, "a key that is a list or a mapping"),
    ],
)
def test_the_first_finding(text: str, code: str, line: int, column: int, found: str) -> None:
    diagnostics = [d for d in load_text(_HEAD + text).diagnostics if d.code != "R206"]
    first = diagnostics[0]
    assert (first.code, first.place.line, first.place.column, first.found) == (code, line, column, found)
    assert first.expected
    assert first.help


def test_empty_documents_and_comments_are_left_out() -> None:
    loaded = load_text("# nothing yet\n---\n---\n# more\n...\n")
    assert loaded.diagnostics == ()
    assert loaded.ruleset is not None


def test_a_second_rule_without_a_line_between_is_told_as_that() -> None:
    rule = "kind: list\nid: a\nitems: [x]\n"
    found = load_text("schema: rules/v1\n" + rule + rule).diagnostics
    assert [one.code for one in found] == ["R103"] * 3
    assert found[0].help == "If another rule begins here, put `---` above line 5."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("match: !bird\n", "R105"),
        ("match: !bird AND x\n", "R105"),
        ("match: ! bird\n", "R105"),
        ("keywords: [!bird, x]\n", "R105"),
        ("match: a\ntitle: !x\n", "R105"),
        ("match: a\nscope: !x\n", "R105"),
        ("match: a\nexclude: [!x ]\n", "R105"),
        ("match: a\nalert: {throttle: !x }\n", "R105"),
        ("match: &bird\n", "R104"),
        ("match: *bird\n", "R104"),
        ("--- !x\n", "R105"),
    ],
)
def test_a_tag_an_anchor_or_an_alias_is_one_finding(text: str, code: str) -> None:
    tests = "tests: [{name: a, article: {body: x}, expect: quiet}]\n" * (not text.startswith("---"))
    assert [d.code for d in load_text(_HEAD * bool(tests) + text + tests).diagnostics] == [code]


@pytest.mark.parametrize(
    ("text", "shown", "word"),
    [("match: !bird AND x\n", "!bird", "bird"), ("keywords: [!bird, x]\n", "!bird", "bird")],
)
def test_a_tag_is_shown_alone_and_says_how_words_are_excluded(text: str, shown: str, word: str) -> None:
    found = next(d for d in load_text(_HEAD + text).diagnostics if d.code == "R105")
    start = found.place.column - 1
    assert found.source_line[start : start + found.place.length] == shown
    assert found.help.endswith(f"To exclude a word, write AND NOT {word}.")
