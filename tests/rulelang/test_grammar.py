"""Expressions to trees: what each notation means, where its nodes stand, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.rulelang import Node
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    ListRef,
    Near,
    Not,
    Or,
    Phrase,
    Regex,
    Scoped,
    Word,
)
from tests.rulelang.kit import codes, expression_codes, load_example, parse_text

A, B, C = Word("a"), Word("b"), Word("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("~strike", Word("strike", inflected=True)),
        ("escalat*", Word("escalat", prefix=True)),
        ("M142", Word("M142")),
        ("F-16", Word("F-16")),
        ("U.S.", Word("U.S.")),
        ("Kremlin’s", Word("Kremlin’s")),
        ("हिन्दी", Word("हिन्दी")),
        ("AND-gate", Word("AND-gate")),
        ('"red line"', Phrase((Word("red"), Word("line")))),
        ('~"red line"', Phrase((Word("red"), Word("line", inflected=True)))),
        ('"long-range escalat*"', Phrase((Word("long-range"), Word("escalat", prefix=True)))),
        ('"1,000 troops"', Phrase((Word("1,000"), Word("troops")))),
        ('"AND"', Phrase((Word("AND"),))),
        ("@ru.officials", ListRef("ru.officials")),
        ("a AND b AND c", And((A, B, C))),
        ("a AND NOT b", And((A, Not(B)))),
        ("a NOT b", And((A, Not(B)))),
        ("a NOT NOT b", And((A, Not(Not(B))))),
        ("NOT a AND b", And((Not(A), B))),
        ("a OR b OR c", Or((A, B, C))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("(a)AND(b)", And((A, B))),
        ("a NEAR/3 b", Near(A, B, 3)),
        ("a ONEAR/0 b", Near(A, B, 0, ordered=True)),
        ("a NOT  NEAR/50 b", Near(A, B, 50, negated=True)),
        ("a NOT ONEAR/5 b", Near(A, B, 5, ordered=True, negated=True)),
        ("a NEAR/3 b NEAR/4 c", Near(Near(A, B, 3), C, 4)),
        ("a NEAR/3(b OR c)", Near(A, Or((B, C)), 3)),
        ("SENTENCE(a AND b)", Scoped("SENTENCE", And((A, B)))),
        ("PARAGRAPH (a AND b)", Scoped("PARAGRAPH", And((A, B)))),
        ("CASE(US)", Scoped("CASE", Word("US"))),
        ("LEAD/50(a)", Lead(50, A)),
        ("ATLEAST/3(a OR b)", AtLeast(3, Or((A, B)))),
        ("ANY/2(a, b AND c, c)", AnyOf(2, (A, And((B, C)), C))),
        ("title:a", FieldScoped("title", A)),
        ("body:(a OR b) AND c", And((FieldScoped("body", Or((A, B))), C))),
        ("title:a NEAR/2 b", Near(FieldScoped("title", A), B, 2)),
        ("source:reuters", KeyField("source", "reuters")),
        ("lang:en-*", KeyField("lang", "en-", prefix=True)),
        ("url:https://example.org/a_b", KeyField("url", "https://example.org/a_b")),
        ('source:"Radio Free*"', KeyField("source", "Radio Free", prefix=True)),
        ('author:"Doe, Jane & Co"', KeyField("author", "Doe, Jane & Co")),
        ("source:@agencies", KeyField("source", "", list_name="agencies")),
        (r'regex:"T-\d{2}\b, (?i)x"', Regex(r"T-\d{2}\b, (?i)x")),
    ],
)
def test_notation_and_tree(text: str, tree: Node) -> None:
    node, diagnostics = parse_text(text)
    assert diagnostics == []
    assert node == tree


def test_every_node_knows_where_it_stands() -> None:
    text = '(Kremlin OR ~"red line") NEAR/5 CASE(US)'
    node, _ = parse_text(text)
    assert isinstance(node, Near)
    assert isinstance(node.left, Or)
    phrase = node.left.operands[1]
    assert isinstance(phrase, Phrase)

    def stretch(part: Node) -> str:
        return text[part.place.column - 1 : part.place.column - 1 + part.place.length]

    assert stretch(node.left) == 'Kremlin OR ~"red line"'
    assert stretch(phrase) == '~"red line"'
    assert [stretch(word) for word in phrase.words] == ["red", "line"]
    assert stretch(node.right) == "CASE(US)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a AND b OR c", ["R305"]),
        ("a OR b NOT c", ["R305"]),
        ("(a AND b) OR c", []),
        ("red line", ["R306"]),
        ("a b AND c d", ["R306", "R306"]),
        ('"red line" crossed', ["R306"]),
        ("a and b", ["R306"]),
        ("a (b OR c)", ["R306"]),
        ("a AND", ["R301"]),
        ("AND a", ["R301"]),
        ("a OR OR b", ["R301"]),
        ("a, b", ["R301"]),
        ("()", ["R301"]),
        ("title:", ["R301"]),
        ("a NEAR/3", ["R301"]),
        ("a NEAR/3 NOT", ["R301"]),
        ("a NEAR/3 NOT AND b", ["R301"]),
        ("(a NEAR/3 NOT) AND b", ["R301"]),
        ("(a OR b", ["R302"]),
        ("a OR b)", ["R302"]),
        ('a OR "b', ["R303"]),
        ("a_b", ["R304"]),
        ("#tag", ["R304"]),
        ("a && b", ["R304"]),
        ("12:30", ["R304"]),
        ("~ a", ["R304"]),
        ("a NEAR b", ["R307"]),
        ("a NEAR/x b", ["R307"]),
        ("a NEAR/1234567 b", ["R307"]),
        ("SENTENCE a", ["R307"]),
        ("regex:abc", ["R307"]),
        ("a ONAER/10 b", ["R307"]),
        ("a NOT NAER/10 b", ["R307"]),
        ("a near/5 b", ["R307"]),
        ("ATLEST/2(a)", ["R307"]),
        ("SENTANCE(a AND b)", ["R307"]),
        ("9/11", ["R304"]),
        ("NATO (a OR b)", ["R306"]),
        ("„a“", ["R308"]),
        ("a NEAR/1 b NOT NEAR/1 c", ["R309"]),
        ("colour:a", ["R502"]),
        ("NOT a", ["R401"]),
        ("a OR NOT b", ["R401"]),
        ("a AND (b OR NOT c)", ["R401"]),
        ("NOT a AND NOT b", ["R401"]),
        ("a AND NOT (b OR NOT c)", ["R401"]),
        ("ANY/1(a, NOT b)", ["R401"]),
        ("a AND SENTENCE(NOT b)", ["R401"]),
        ("a AND (NOT b AND NOT c)", []),
        ("tr*", ["R402"]),
        ('"a tr*"', ["R402"]),
        ("tru*", []),
        ("ab's*", ["R402"]),
        ("U.S.A*", []),
        ("long-ra*", ["R402"]),
        ('"x ab’s*"', ["R402"]),
        ("long-ran*", ["R901"]),
        ("de-es*", []),
        ("pro-*", ["R402"]),
        ('"the pro‑*"', ["R402"]),
        ("pro-Rus*", ["R901"]),
        ("lang:en-*", []),
        ("~truc*", ["R403"]),
        ('~"a truc*"', ["R403"]),
        ("a NEAR/51 b", ["R404"]),
        ("a NEAR/50 b", []),
        ("ATLEAST/0(a)", ["R404"]),
        ("LEAD/0(a)", ["R404"]),
        ("ANY/3(a, b)", ["R404"]),
        ("ANY/0(a, b)", ["R404"]),
        ("a NEAR/3 (b AND c)", ["R405"]),
        ("a NEAR/3 (b NAER/3 c)", ["R307"]),
        ("a NEAR/3 (b c)", ["R306"]),
        ("(a b) OR a NEAR/3 (b AND c)", ["R306", "R405"]),
        ("a NEAR/3 title:b", ["R405"]),
        ("a NEAR/3 SENTENCE(b)", ["R405"]),
        ('a NEAR/3 regex:"b"', ["R405"]),
        ("a NEAR/3 (b OR source:c)", ["R405"]),
        ("a NEAR/3 ATLEAST/2(b)", ["R405"]),
        ("a NEAR/3 CASE(b OR c)", []),
        ("a NEAR/3 (b ONEAR/1 c)", []),
        ('"---"', ["R408"]),
        ('"a --- b"', []),
        ('source:""', ["R408"]),
        ('regex:"(a"', ["R409"]),
        ('regex:"a(?=b)"', ["R410"]),
        ('regex:"(?<!a)b"', ["R410"]),
        (r'regex:"(a)\1"', ["R410"]),
        (r'regex:"(?i)\bpo[l1]and\b"', []),
        ("a*b", ["R411"]),
        ("abc**", ["R411"]),
        ('source:"*.com"', ["R411"]),
        ("truce AND topic:energy", ["R907"]),
    ],
)
def test_what_is_refused(text: str, expected: list[str]) -> None:
    assert expression_codes(text) == expected


def test_nesting_is_counted_by_brackets_functions_negations_fields_and_rows_of_near() -> None:
    assert expression_codes("(" * 20 + "a" + ")" * 20) == []
    assert expression_codes("(" * 21 + "a" + ")" * 21) == ["R406"]
    assert expression_codes("a AND " + "NOT " * 21 + "b") == ["R406"]
    assert expression_codes("title:" * 21 + "a") == ["R406"]
    assert expression_codes("a" + " NEAR/1 a" * 20) == []
    assert expression_codes("a" + " NEAR/1 a" * 21) == ["R406"]


@pytest.mark.parametrize(
    ("item", "tree"),
    [
        ("Storm Shadow", Phrase((Word("Storm"), Word("Shadow")))),
        ("~Storm Shadow", Phrase((Word("Storm"), Word("Shadow", inflected=True)))),
        ('~"red line"', Phrase((Word("red"), Word("line", inflected=True)))),
        ("~Putin", Word("Putin", inflected=True)),
        ("escalat*", Word("escalat", prefix=True)),
        ("AT&T", Phrase((Word("AT&T"),))),
        ("Johnson, Boris", Phrase((Word("Johnson,"), Word("Boris")))),
        ("CASE(US)", Scoped("CASE", Word("US"))),
        ("no", Word("no")),
        ("2022-02-24", Word("2022-02-24")),
    ],
)
def test_items_are_words_and_phrases_without_ceremony(item: str, tree: Node) -> None:
    loaded = load_example(f"keywords:\n  - {item}\n")
    assert "R3" not in "".join(codes(loaded.diagnostics))
    assert loaded.ruleset is not None
    assert loaded.ruleset.rules[0].match == tree


@pytest.mark.parametrize("item", ["truce AND talks", "NOT truce", 'say "truce" now', "a NEAR/3 b"])
def test_an_item_is_no_expression(item: str) -> None:
    assert codes(load_example(f"keywords:\n  - {item}\n").diagnostics) == ["R311"]


@pytest.mark.parametrize("item", ["war -peace", "war !peace", "'-peace'", "~war -peace"])
def test_an_item_excludes_nothing(item: str) -> None:
    (found,) = load_example(f"keywords: [truce, {item}]\n").diagnostics
    assert found.code == "R304"
    assert f"keywords: [truce, {item}]"[found.place.column - 1] in "-!"
    assert "write AND NOT peace" in found.help
    (remedy,) = re.findall(r"'~?\".+\"'", found.help)
    assert load_example(f"keywords: [truce, {remedy}]\n").ruleset is not None


@pytest.mark.parametrize(
    ("items", "marked"),
    [
        ("U.S., 1,000", "1,000"),
        ("1,000,000, truce", "1,000,000"),
        ("killed 1,000 troops, truce", "killed 1,000 troops"),
        ("2014,2022", "2014,2022"),
    ],
)
@pytest.mark.parametrize("is_list", [False, True])
def test_a_number_with_a_comma_is_no_two_items(items: str, marked: str, is_list: bool) -> None:
    text = f"keywords: [{items}]\n"
    if is_list:
        text = f"kind: rule\nid: r\nseverity: low\nmatch: >\n  @a\n---\nkind: list\nid: a\nitems: [{items}]\n"
    (found,) = (one for one in load_example(text).diagnostics if one.severity == "error")
    assert found.code == "R301"
    assert found.source_line[found.place.column - 1 :][: found.place.length] == marked
    assert found.help.startswith(f'A comma needs quotes: "{marked}".')
    for remedy in (f'"{marked}"', found.help.rpartition(": ")[2]):
        assert load_example(text.replace(marked, remedy)).ruleset is not None


@pytest.mark.parametrize("items", ["2014, 2022", "truce,2022", '"1,000"', "S-300,S-400", "1,'000'"])
def test_items_with_digits(items: str) -> None:
    assert load_example(f"keywords: [{items}]\n").ruleset is not None


@pytest.mark.parametrize("item", ["Donetsk - Luhansk", "at -5 degrees", "Yahoo!", "'\"war -peace\"'"])
def test_signs_that_exclude_nothing_stay_in_items(item: str) -> None:
    loaded = load_example(f"keywords: [{item}]\n")
    assert loaded.ruleset is not None
    assert isinstance(loaded.ruleset.rules[0].match, Phrase)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a ONAER/10 b", "`ONEAR/10`"),
        ("a near/5 b", "`NEAR/5`"),
        ("LAED/50(a)", "`LEAD/50`"),
        ("SENTANCE(a AND b)", "`SENTENCE( … )`"),
    ],
)
def test_a_misspelt_operator_gets_the_one_that_was_meant(text: str, meant: str) -> None:
    (found,) = load_example(f"match: '{text}'\n").diagnostics
    assert meant in found.help


@pytest.mark.parametrize(
    ("text", "code", "help_"),
    [
        ("a AND -bird", "R304", "To exclude the word, write AND NOT bird."),
        ("a AND !bird", "R304", "To exclude the word, write AND NOT bird."),
        ("a AND #bird", "R304", "There are no comments inside an expression; write them above it."),
        ("a And b", "R306", "Operators are written in capitals: AND."),
        ("a ANDNOT b", "R306", "For ANDNOT write AND NOT."),
        ("a AND-NOT b", "R306", "For AND-NOT write AND NOT."),
        ("a UNLESS b", "R306", "For UNLESS write AND NOT."),
        ("a EXCEPT (b OR c)", "R306", "For EXCEPT write AND NOT."),
        ("a BUT NOT b", "R306", "For BUT write AND."),
        ("a NEAR5 b", "R306", "For NEAR5 write NEAR/5."),
        ("a onear12 b", "R306", "For onear12 write ONEAR/12."),
        ("a W/5 b", "R304", "For W/5 write NEAR/5."),
        ("sentence(a AND b)", "R307", 'Did you mean `SENTENCE( … )`? To search the word itself, quote it: "sentence".'),
    ],
)
def test_what_beginners_write_is_understood(text: str, code: str, help_: str) -> None:
    _, found = parse_text(text)
    assert (found[0].code, found[0].help) == (code, help_)


_ROCKET = "\U0001f680"


@pytest.mark.parametrize(
    ("word", "help_"),
    [
        (_ROCKET, "It reads as nothing and cannot be looked for: delete it."),
        ("port?", "Signs are not read: write port. The one wildcard is a star at the end of a word."),
        ("~port?", "Signs are not read: write ~port. The one wildcard is a star at the end of a word."),
        ("$100", "Signs are not read: write 100."),
        ("'red", "Signs are not read: write red."),
        (
            "p?rt",
            '`?` is no wildcard: write the words with OR between them. Put it in quotes: "p?rt". It reads as `p rt`.',
        ),
        ("port^2", 'Put it in quotes: "port^2". It reads as `port 2`.'),
        ("~and/or", 'Put it in quotes: ~"and/or". It reads as `and or`.'),
        ("po/\u202ert", 'Put it in quotes: "po/rt". It reads as `po rt`.'),
        ("'red line'", 'A phrase has double quotes: write "red line".'),
        ("~'red line'", 'A phrase has double quotes: write ~"red line".'),
    ],
)
def test_signs_in_a_word_get_what_can_be_looked_for(word: str, help_: str) -> None:
    (found,) = load_example(f"match: |\n  truce OR {word}\n").diagnostics
    assert (found.code, found.help) == ("R304", help_)


_PROPOSED = re.compile(r"(?:write|quote it:|in quotes:|Quote a phrase:) (?!write )(.+?)(?:\.$|\. |, or )")


@pytest.mark.parametrize(
    "marked",
    [
        "«\"'red line'\"»",
        "«'''red line'''»",
        "«\"'don't stop'\"»",
        "«red line»",
        "«'red line'»",
        '«"red line"»',
        "«red line OR truce»",
        "truce OR «red line»",
        "'truce OR «red line»'",
        '"truce OR «red line»"',
        "truce OR «'red line'»",
        "'truce OR «''red line''»'",
        "\"truce OR «'red line'»\"",
        "«'\"red line\" talks'»",
        "«'~\"red line\" talks'»",
        "«'it''s \"so\" far'»",
        "«'\"red\" line'»",
        "«port?»",
        "'«port?»'",
        "«port^2»",
        "«port^2 OR truce»",
        '"truce OR «port^2»"',
        "'truce OR «it''s/ours»'",
        '"truce OR «a\\u202e/b»"',
        "truce OR «NEAR»",
        "«NEAR»",
        "truce AND «lang:a^b»",
        '"truce AND «source:a^b»"',
        "«source:a^b» AND truce",
    ],
)
def test_what_a_help_proposes_can_be_pasted(marked: str) -> None:
    before, _, rest = f"match: {marked}\n".partition("«")
    written, _, behind = rest.partition("»")
    found = load_example(f"{before}{written}{behind}").diagnostics
    errors = [each for each in found if each.severity == "error"]
    assert len(errors) == 1
    proposed = _PROPOSED.search(errors[0].help)
    assert proposed is not None, errors[0].help
    assert load_example(f"{before}{proposed[1]}{behind}").ruleset is not None, errors[0].help


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\x1b", "\x00"])
def test_what_is_not_seen_is_an_escape_in_messages(character: str) -> None:
    escape = f"\\u{ord(character):04x}"
    for text in (
        f'match: "truce OR {escape}a"\n',
        f'topics: ["{escape}"]\n',
        f'"{escape}": x\n',
        f'severity: "{escape}"\n',
    ):
        found = load_example(text).diagnostics
        assert found or "a" in text
        for each in found:
            assert character not in each.message + each.help
            assert escape in each.message or f"\\x{ord(character):02x}" in each.message


def test_joiners_of_other_scripts_stay() -> None:
    word = "\u0645\u06cc\u200c\u0634\u0648\u062f"
    (found,) = load_example(f"match: |\n  truce {word}\n").diagnostics
    assert word in found.help


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_phrase_in_quotes_that_yaml_takes_away(quote: str) -> None:
    (found,) = load_example(f"match: {quote}red line{quote}\n").diagnostics
    assert found.code == "R306"
    assert found.help == "YAML takes these quotes away. To look for the phrase, write '\"red line\"'."
    assert not load_example("match: '\"red line\"'\n").diagnostics


@pytest.mark.parametrize(
    ("text", "code", "marked", "help_"),
    [
        (
            "x AND ANY(truce, peace talks)",
            "R307",
            "ANY",
            'Write how many of them must hold: `ANY/1(truce, "peace talks")` for one or more, '
            '`ANY/2(truce, "peace talks")` for two.',
        ),
        ("any (a AND b, c)", "R307", "any", "`ANY/1(a AND b, c)`"),
        ("ANY 2(a, b)", "R307", "ANY 2", "Write `ANY/2(a, b)`."),
        ("ANY(a,", "R307", "ANY", "`ANY/1(a, b, c)`"),
        ("OR(a, b)", "R301", ",", "`(a OR b)`"),
        ("x AND (ALL(a, b))", "R301", ",", "`(a AND b)`"),
        (
            "truce, peace talks",
            "R301",
            ",",
            'For any of them write `truce OR "peace talks"`, for all of them `truce AND "peace talks"`, for the text '
            'as it stands `"truce, peace talks"`.',
        ),
        ("x AND (~a, @b)", "R301", ",", "For any of them write `~a OR @b`, for all of them `~a AND @b`, for the text"),
        ("killed NEAR/3 1,000", "R301", ",", 'Put a number with a comma in quotes: "1,000".'),
        ("a, b OR c", "R301", ",", "Write AND, OR or NEAR/n there; a text with a comma needs quotes."),
    ],
)
def test_a_comma_gets_what_was_meant(text: str, code: str, marked: str, help_: str) -> None:
    _, (found,) = parse_text(text)
    assert found.code == code
    assert text[found.place.column - 1 :][: found.place.length] == marked
    assert help_ in found.help
    for remedy in re.findall(r"`([^`]+)`", found.help):
        # What is proposed can be written.
        assert parse_text(remedy)[1] == [], remedy


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("lang:(en OR de) AND war", "`(lang:en OR lang:de)`"),
        ("war AND source: (reuters)", "`source:reuters`"),
        ('war AND source:("Radio Free*", @agencies)', '`(source:"Radio Free*" OR source:@agencies)`'),
        ("lang:(en AND NOT de)", "`(lang:… OR lang:…)`"),
        ("lang:(NOT)", "`(lang:… OR lang:…)`"),
        ("regex:(a|b)", 'regex:"…"'),
        ("a AND (b", None),
    ],
)
def test_a_bracket_behind_a_field_gets_the_way_it_is_written(text: str, written: str | None) -> None:
    _, (found,) = parse_text(text)
    if written is None:
        assert found.code == "R302"
        return
    assert (found.code, text[found.place.column - 1]) == ("R301", "(")
    assert written in found.help
    remedy = written.strip("`")
    assert "…" in remedy or parse_text(remedy)[1] == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("war NEAR/5 NOT peace", "`war NOT NEAR/5 peace`"),
        ("x AND war ONEAR/5 NOT ~peace", "`war NOT ONEAR/5 ~peace`"),
        ('"a war" NOT NEAR/2 NOT "a peace"', '`"a war" NOT NEAR/2 "a peace"`'),
        ("war NEAR/5 NOT (peace OR talks)", "`war NOT NEAR/5 ( … )`"),
        ("(war OR raid) NEAR/5 NOT peace", "`(war OR raid) NOT NEAR/5 peace`"),
    ],
)
def test_not_behind_near_gets_the_operator_that_was_meant(text: str, written: str) -> None:
    (found,) = load_example(f"match: >\n  {text}\n").diagnostics
    assert found.code == "R307"
    assert f"  {text}"[found.place.column - 1 :][: found.place.length] == "NOT"
    assert written in found.help
    assert parse_text(written.strip("`").replace("…", "x"))[1] == []


def test_any_without_a_number_and_without_a_comma_says_both_ways() -> None:
    _, found = parse_text("ANY(a OR b)")
    assert "`ANY/2(a, b, c)` for two of them or more, `(a OR b)` for one" in found[0].help


@given(st.text('a1 ,()"~@/ANYO', max_size=20))
def test_whatever_stands_around_a_comma_is_a_finding(text: str) -> None:
    node, found = parse_text(text)
    assert node is not None or found
