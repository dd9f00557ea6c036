"""Keys under other names, values of other types and missing values: what is said to be wrong, and what helps."""

from __future__ import annotations

import pytest

from stream.rulelang.correlationfile import CORRELATION_KEYS, CORRELATION_TYPES
from stream.rulelang.fileschema import file_schema
from stream.rulelang.otherkeys import FORMS, OTHER_KEYS, OTHER_VALUES
from stream.rulelang.rulefile import LIST_KEYS, RULE_KEYS
from stream.rulelang.testsection import ARTICLE_KEYS
from tests.rulelang.kit import load_example, load_text

_CORRELATION = (
    "kind: rule\nid: r\nseverity: low\nmatch: truce\ntests: [{name: t, article: {body: x}, expect: quiet}]\n---\n"
    "kind: correlation\nid: many\ntype: event_count\nrules: [r]\nseverity: high\n"
)


def _said(example: str) -> list[tuple[str, str, str]]:
    return [(d.code, d.found, d.help) for d in load_example(example).diagnostics]


@pytest.mark.parametrize(
    ("example", "found", "help_"),
    [
        (
            "throttle: 6h\n",
            "the key `throttle`",
            "It stands under `alert`: `alert: {throttle: {every: 6h, per: [rule]}}`.",
        ),
        (
            "text: truce\n",
            "the key `text`",
            "The expression stands behind `match:`, for words alone there is `keywords: [a, b]`.",
        ),
        (
            "type: event_count\n",
            "the key `type`",
            "A document says what it is with `kind: rule`; a `type` is of correlations, `kind: correlation`.",
        ),
        ("sevrity: high\n", "the key `sevrity`", "Did you mean `severity`?"),
        *((f"{key}: x\n", f"the key `{key}`", "Did you mean `exclude`?") for key in ("unless", "except", "without")),
        (
            "tests: [{name: t, article: {text: x, body: y}, expect: quiet}]\n",
            "the key `text`",
            "The text of an article is its `body`.",
        ),
        (
            "alert: {throttle: {for: 6h, every: 6h}}\n",
            "the key `for`",
            "Did you mean `every`?",
        ),
        (
            "exclude: [{name: x, match: truce, war}]\n",
            "the key `war`",
            "Inside `{ }` a comma ends a value: put a value with a comma in quotes.",
        ),
    ],
)
def test_an_unknown_key_gets_the_one_that_was_meant(example: str, found: str, help_: str) -> None:
    assert _said(example) == [("R201", found, help_)]


def test_a_key_of_rules_in_a_correlation() -> None:
    text = _CORRELATION + "window: {size: 1h}\ncondition: {gte: 2}\nthrottle: 6h\n"
    (found,) = load_text(text).diagnostics
    assert found.code == "R201"
    assert found.help.startswith("A correlation alerts once an episode")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("count", "event_count"), ("distinct", "value_count"), ("sequence", "temporal_ordered"), ("spikes", "spike")],
)
def test_a_type_under_another_name(written: str, meant: str) -> None:
    text = _CORRELATION.replace("event_count", written) + "window: {size: 1h}\ncondition: {gte: 2}\n"
    found = next(each for each in load_text(text).diagnostics if each.code == "R204")
    assert found.help == f"Did you mean `{meant}`?"


def test_other_values_are_of_values_that_there_are() -> None:
    assert {what for what, _ in OTHER_VALUES} == {"a correlation"}
    meant = OTHER_VALUES["a correlation", "type"]
    assert set(meant.values()) <= set(CORRELATION_TYPES)
    assert not set(meant) & set(CORRELATION_TYPES)


def test_a_rule_that_a_correlation_names_twice_is_to_be_deleted() -> None:
    text = _CORRELATION.replace("[r]", "[r, r]") + "window: {size: 1h}\ncondition: {gte: 2}\n"
    (found,) = load_text(text).diagnostics
    assert (found.code, found.help) == ("R212", "The first one is in line 10; delete this one, each rule stands once.")


def test_no_other_name_is_a_key_itself() -> None:
    known = {"a rule": RULE_KEYS, "a correlation": CORRELATION_KEYS, "a list": LIST_KEYS, "an article": ARTICLE_KEYS}
    assert [what for what, keys in known.items() if set(OTHER_KEYS[what]) & set(keys)] == []


@pytest.mark.parametrize("key", sorted(FORMS))
def test_the_examples_are_of_keys_that_there_are(key: str) -> None:
    assert f'"{key}"' in str(file_schema()).replace("'", '"')
    assert FORMS[key].startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ("alert: 6h\n", ("R203", "the text `6h` behind `alert:`", f"Write it so: `{FORMS['alert']}`.")),
        ("match: [truce]\n", ("R203", "a list behind `match:`", "A list of words stands behind `keywords:`.")),
        ("topics: a\n", ("R203", "the text `a` behind `topics:`", "Write `topics: [a]`.")),
        ("topics: [{a: b}]\n", ("R203", "keys with values as an item of `topics:`", "Write a text there.")),
        ("exclude: [x]\n", ("R203", "the text `x` as an item of `exclude:`", f"Write it so: `{FORMS['exclude']}`.")),
        ("title:\n", ("R210", "`title:` with nothing behind it", "Write a value behind `title:` or delete `title`.")),
        (
            "topics:\n",
            ("R210", "`topics:` with nothing behind it", "Write a list behind `topics:` or delete `topics`."),
        ),
        (
            "scope:\n",
            (
                "R210",
                "`scope:` with nothing behind it",
                f"Write keys with values behind `scope:`, as in `{FORMS['scope']}`, or delete `scope`.",
            ),
        ),
        ("keywords: []\n", ("R210", "an empty list behind `keywords:`", "Write an item, or delete `keywords`.")),
    ],
)
def test_a_value_that_is_wrong_is_named_with_its_key(example: str, said: tuple[str, str, str]) -> None:
    assert _said(example) == [said]


def test_a_key_with_nothing_behind_it_is_shown_where_it_stands() -> None:
    (found,) = load_example("alert:\nmatch: truce\n").diagnostics
    assert (found.place.line, found.place.column, found.source_line) == (1, 1, "alert:")


def test_what_is_misspelt_is_not_missing_as_well() -> None:
    text = "kind: rule\nid: a.b\nseverty: high\nmach: truce\n"
    found = load_text(text).diagnostics
    assert [(each.code, each.help) for each in found] == [
        ("R201", "Did you mean `severity`?"),
        ("R201", "Did you mean `match`?"),
    ]
