"""Lists among each other: circles, depth, size, and values."""

from __future__ import annotations

from stream.rulelang.lists import ATOMS_MAX, LIST_LEVELS_MAX
from stream.rulelang.nodes import Or, Word
from tests.rulelang.kit import codes, load_text

TESTS = "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n"


def list_of(name: str, *items: str) -> str:
    return f"kind: list\nid: {name}\nitems:\n" + "".join(f"  - '{item}'\n" for item in items)


def rule(expression: str) -> str:
    return f"kind: rule\nid: r\nseverity: low\nmatch: >\n  {expression}\n{TESTS}"


def load_parts(*parts: str) -> list[str]:
    return codes(load_text("---\n".join(parts)).diagnostics)


def test_a_list_that_names_itself() -> None:
    assert load_parts(list_of("a", "@a"), rule("@a")) == ["R503"]


def test_each_circle_is_named_once_and_lists_that_lead_into_it_are_not() -> None:
    parts = [list_of("in", "@a"), list_of("a", "@b"), list_of("b", "@a"), list_of("x", "@x"), rule("@in OR @x")]
    diagnostics = load_text("---\n".join(parts)).diagnostics
    assert [d.found for d in diagnostics] == ["a circle of lists: @a → @b → @a", "a circle of lists: @x → @x"]


def test_a_list_that_is_reached_on_two_ways_is_no_circle() -> None:
    parts = [
        list_of("top", "@left", "@right"),
        list_of("left", "@base"),
        list_of("right", "@base"),
        list_of("base", "x"),
    ]
    assert load_parts(*parts, rule("@top")) == []


def test_the_depth_of_lists_is_bounded() -> None:
    chain = [list_of(f"l{n}", f"@l{n + 1}") for n in range(1, LIST_LEVELS_MAX)]
    assert load_parts(*chain, list_of(f"l{LIST_LEVELS_MAX}", "x"), rule("@l1")) == []
    deeper = [list_of("l0", "@l1"), *chain, list_of(f"l{LIST_LEVELS_MAX}", "x")]
    assert load_parts(*deeper, rule("@l0")) == ["R406"]


def test_brackets_in_items_count_as_levels() -> None:
    chain = [list_of(f"l{n}", f"(x AND (y OR @l{n + 1}))") for n in range(6)]
    assert load_parts(*chain, list_of("l6", "x"), rule("@l0")) == []
    chain = [list_of(f"l{n}", f"(x AND (y OR @l{n + 1}))") for n in range(7)]
    assert load_parts(*chain, list_of("l7", "x"), rule("@l0")) == ["R406"]


def test_an_item_in_brackets_is_an_expression_and_checked_like_one() -> None:
    assert load_parts(list_of("a", "x", "(y AND NOT z)"), rule("@a")) == []
    assert load_parts(list_of("a", "x", "(NOT y)"), rule("@a")) == ["R401"]
    assert load_parts(list_of("a", "x", "(y NEAR/3 title:z)"), rule("@a")) == ["R405"]


def test_many_lists_need_no_recursion() -> None:
    chain = [list_of(f"l{n}", f"@l{n + 1}") for n in range(1_500)]
    assert set(load_parts(*chain, list_of("l1500", "x"), rule("@l0"))) == {"R406"}
    circle = [list_of(f"l{n}", f"@l{(n + 1) % 1_500}") for n in range(1_500)]
    assert load_parts(*circle, rule("@l0")) == ["R503"]


def test_atoms_are_counted_before_anything_is_expanded() -> None:
    # Three names in each of 15 lists: 14 million atoms if they were written out.
    tripled = [list_of(f"l{n}", *[f"@l{n + 1}"] * 3) for n in range(15)]
    assert load_parts(*tripled, list_of("l15", "x"), rule("@l0 NEAR/3 source:@l0")) == ["R407"]


def test_the_limit_of_atoms_is_exact() -> None:
    words = [f"word{n}" for n in range(ATOMS_MAX)]
    assert load_parts(list_of("a", *words), rule("@a")) == []
    assert load_parts(list_of("a", *words), rule("@a OR truce")) == ["R407"]


def test_near_looks_into_lists() -> None:
    assert load_parts(list_of("a", "x", "CASE(US)", "~red line"), rule("@a NEAR/3 y")) == []
    assert load_parts(list_of("a", "x", "title:y"), rule("@a NEAR/3 y")) == ["R405"]
    assert load_parts(list_of("b", "title:y"), list_of("a", "@b"), rule("@a NEAR/3 y")) == ["R405"]


def test_mistakes_in_items_are_found_where_the_list_stands() -> None:
    diagnostics = load_text("---\n".join([list_of("a", "truce", "tr*"), rule("@a")])).diagnostics
    assert [(d.code, d.place.line, d.place.column) for d in diagnostics] == [("R402", 5, 6)]


def test_a_list_of_values_takes_texts_and_prefixes() -> None:
    loaded = load_text(
        "---\n".join([list_of("a", "BBC News", "Radio Free*", "bbc news", "x.org"), rule("truce AND source:@a")])
    )
    assert loaded.ruleset is not None
    assert "('bbc news', 'radio free*', 'x.org')" in repr(loaded.ruleset.rules[0].match)
    assert load_parts(list_of("a", "CASE(US)"), rule("truce AND source:@a")) == ["R505"]


def test_one_list_in_two_places_is_put_in_twice() -> None:
    loaded = load_text("---\n".join([list_of("a", "x"), rule("@a NEAR/3 @a")]))
    assert loaded.ruleset is not None
    match = loaded.ruleset.rules[0].match
    assert getattr(match, "left", None) == getattr(match, "right", None) == Or((Word("x"),), "a")


def test_a_short_prefix_may_stand_in_a_list_of_values_but_not_of_words() -> None:
    agencies = "kind: list\nid: agencies\nitems: ['AP*', '@more']\n---\nkind: list\nid: more\nitems: ['A P*']\n---\n"
    rule = "kind: rule\nid: r{}\nseverity: low\nmatch: {}\ntests: [{{name: t, article: {{body: x}}, expect: quiet}}]\n"
    values = rule.format(1, "source:@agencies")
    assert load_text(agencies + values).diagnostics == ()
    both = load_text(agencies + values + "---\n" + rule.format(2, "truce OR @agencies"))
    assert codes(both.diagnostics) == ["R402", "R402"]
    assert codes(load_text(agencies).diagnostics) == ["R402", "R402"]
