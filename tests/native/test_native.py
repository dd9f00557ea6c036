"""The package `redline_native` gives what the Python beside each call gives (`make test-native`).

The tests of reading and matching run with it as well, against the definitions that have no short cut.
"""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.clean import chunks, ends, native, read, residue, stops, tokens
from stream.clean.ends import Ends, TooComplexError, quick_ends
from stream.clean.residue import ContentType, find_residue
from stream.clean.shape import PARAGRAPH_BREAK
from stream.clean.tokens import Words, fold_words, fold_words_slowly
from stream.matching import Limits, Matcher, ReadArticle, read_article
from stream.matching.asked import find_of
from stream.matching.bits import bits_at, near
from stream.matching.compile import Compiler
from stream.matching.evaluate import TOKENS_OF_A_CHARACTER_MAX, Evaluator, first_spans
from stream.matching.phrases import Phrases
from stream.matching.sieve import Sieve
from stream.matching.text import Text
from stream.matching.translate import Translator
from stream.matching.vocabulary import Vocabulary
from stream.model import Article, Evidence
from stream.rulelang.nodes import Node
from stream.rulelang.ruleset import RuleSet
from stream.sources.rulefiles import load_ruleset
from tests.clean.test_read_properties import TEXTS
from tests.corpora import naughty_strings
from tests.matching import strategies as a
from tests.matching.kit import expression
from tests.matching.test_phrases import PAIRS, texts_with_signs

ROOT = Path(__file__).parents[2]
NEARS = 18
SIGNS = st.text(st.sampled_from("aB1.,;-'’`“”…!?。؟ \n\r\x0b\xa0\x1dé\u0301中U.S"), max_size=40)
LINES = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "",
                " ",
                "\x1c",
                "Share",
                "This site ",
                "We use",
                "Ab",
                "\u212aeep",
                "“Home",
                "Cookies",
                "3 ",
                "é",
                "All",
                "It’s",
            )
        ),
        st.sampled_from(
            (
                *("", " was here", " happens in all Cookies", ". It is reserved", " word" * 9, " word" * 30),
                *(" (3", "\u0663 comments", " no comment", " Home news world politics sport media", " a  b c | d"),
                *(
                    " menuicon searchicon homeicon",
                    " sidebar sidecar sideways aside" * 3,
                    " and our partners",
                    " may\xa0use",
                ),
            )
        ),
        st.sampled_from(("", ".", "!”", " said.", "\xa0", "\u200b", "!**", ".”’)*", "…")),
    ).map("".join),
    max_size=14,
).flatmap(lambda lines: st.sampled_from(("\n", "\r\n", "\n\n")).map(lambda ending: ending.join(lines)))
pytestmark = pytest.mark.native
properties = settings(max_examples=500, deadline=None)


def a_few_words() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(("a", "b", "c", "d")), max_size=40)


@pytest.fixture(autouse=True)
def _installed() -> None:
    assert native.package() is not None, "redline_native is not installed: make native"


@properties
@given(TEXTS | SIGNS)
@example("Ł’s U.S.-led, un-US UN-US de-x ..,, . , - ' said,.")
@example("\ud800 a")
@example("а б в the")
def test_words(text: str) -> None:
    expected, found = fold_words_slowly(text), fold_words(text)
    assert parts(found) == parts(expected)
    # And once more, when all of it is known.
    assert parts(fold_words(text)) == parts(expected)
    assert stops.stops_of(found) == stops.stops_of(expected)


@properties
@given(TEXTS | SIGNS | LINES, st.sampled_from((None, "text/html", "text/plain")), st.integers(0, 200))
@example("The U.S. Army’s de-escalation, “O’Neill” 3,5 — é ẞ.", None, 0)
def test_tokens_one_at_a_time(text: str, content_type: ContentType | None, first: int) -> None:
    """Where a token stands and how it is written, asked of it alone, is what is said of it among all."""
    reading = read(text, content_type=content_type)
    every = read(text, content_type=content_type)
    positions = range(min(first, reading.size), reading.size)
    assert [reading.case(position) for position in positions] == list(every.cases)[positions.start :]
    spans = list(zip(every.starts, every.ends, strict=True))
    assert [reading.span(position, position) for position in positions] == spans[positions.start :]
    with native.switched_off():
        assert list(read(text, content_type=content_type).cases) == list(every.cases)


def test_a_token_that_is_not_there() -> None:
    words = fold_words("one, two").native
    assert words is not None
    assert [words.stretch(0), words.stretch(1)] == [(0, 3, 0), (5, 3, 1)]
    with pytest.raises(IndexError, match="found 2, expected a token of 2"):
        words.stretch(2)


def parts(words: Words) -> tuple[str, str, list[str], list[tuple[int, int]] | None, int]:
    return words.text, words.plain, words.tokens, words.joined, words.size


@properties
@given((TEXTS | SIGNS).map(lambda text: text.replace("\n", " ")), st.sets(st.integers(0, 40)))
@example("End.\u0301 Next", set())
@example("a. 3 b. \u0301", set())
def test_ends_and_units(text: str, paragraphs: set[int]) -> None:
    found = quick_units(text, paragraphs)
    with native.switched_off():
        expected = quick_units(text, paragraphs)
    # Of what lies behind a break of paragraph, and of lone surrogates, the package may say that it is too complex: then
    # the long way decides.
    assert found == expected or (found is None and (paragraphs or not is_unicode(text)))


@properties
@given(TEXTS | SIGNS | LINES, st.sampled_from((None, "text/html", "text/plain")))
def test_sentences_that_end_behind_tokens(text: str, content_type: ContentType | None) -> None:
    cuts = find_residue(text, content_type=content_type)
    found, again = (read(text, content_type=content_type, cuts=cuts) for _ in range(2))
    lasts = set(again.sentence_lasts)
    expected = bytes(position in lasts for position in range(again.size))
    assert found.sentence_ends == expected
    with native.switched_off():
        assert read(text, content_type=content_type, cuts=cuts).sentence_ends == expected


def is_unicode(text: str) -> bool:
    return text == text.encode(errors="replace").decode()


def quick_units(text: str, paragraphs: set[int]) -> object:
    try:
        sentences = Ends(text, paragraphs, ()).of_sentences()
    except TooComplexError:
        return None
    edges = sorted({0, *sentences, *paragraphs.intersection(range(len(text))), len(text)})
    return set(sentences), chunks._units(fold_words(text), edges, paragraphs)


@properties
@given((TEXTS | SIGNS | LINES), st.sampled_from(("", "\n", f"\n{PARAGRAPH_BREAK}", PARAGRAPH_BREAK)), st.booleans())
def test_ends_of_paragraphs(text: str, breaks: str, may_be_wrapped: bool) -> None:
    found = ends_of_paragraphs(text, breaks, may_be_wrapped)
    with native.switched_off():
        assert found == ends_of_paragraphs(text, breaks, may_be_wrapped)


def ends_of_paragraphs(text: str, breaks: str, may_be_wrapped: bool) -> object:
    found = quick_ends(text, breaks, (), may_be_wrapped=may_be_wrapped)
    return None if found is None else (found.text, found.paragraphs)


@properties
@given(LINES)
@example("\u212about it, as it was said in the town of that name, \u212aookies or none.\nNext.")
def test_lines_of_residue(text: str) -> None:
    found = residue._has_plainly_none(text), find_residue(text, content_type="text/plain")
    with native.switched_off():
        assert found == (residue._has_plainly_none(text), find_residue(text, content_type="text/plain"))


@properties
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=5), min_size=1, max_size=12), a_few_words())
def test_phrases(patterns: list[list[str]], words: list[str]) -> None:
    phrases = Phrases()
    for slot, pattern in enumerate(patterns):
        phrases.add(slot, pattern)
    text = "".join(map(phrases.character, words))
    found = phrases.find(text)
    assert not isinstance(found, list)
    with native.switched_off():
        expected = phrases.find(text)
        assert found.all() == expected
        assert phrases.places(found) == phrases.places(expected)
    for each in (found, expected):
        assert phrases.filled(each) == phrases.places(expected).keys()
        for first, last in {(0, 1), *((start, end - 1) for _, start, end in expected)}:
            slots = [slot for slot, places in phrases.places(expected).items() if (first, last) in places]
            assert sorted(phrases.at(each, first, last)) == sorted(slots)
    assert (len(found), found.numbers()) == (len(expected), [number for number, _, _ in found.all()])


@properties
@given(a_few_words(), st.integers(0, 12), st.booleans(), st.sets(st.integers(0, 40)))
def test_words_near_each_other(words: list[str], distance: int, ordered: bool, breaks: set[int]) -> None:
    package = native.package()
    assert package is not None
    read = fold_words(" ".join(words)).native
    if read is None:
        return
    slots = {"a": [0], "b": [1], "c": [0, 1]}
    filled = package.Table().fill([read], 0, lambda token: ("x", slots.get(token, []), []))
    assert filled is not None
    lasts = sorted({*(last for last in breaks if last < len(words)), len(words) - 1})
    for left, right in ((0, 1), (1, 0), (0, 0), (0, 2)):
        at_left, at_right = filled.positions(left), filled.positions(right)
        pairs = [*near(at_left, at_right, distance), *([] if ordered else near(at_right, at_left, distance))]
        expected = any(not any(first <= end < last for end in lasts) for first, last in pairs)
        assert filled.are_near(left, right, distance, ordered, lambda: lasts) == expected


@properties
@given(st.data(), st.sets(st.integers(0, 150)), st.integers(0, 3))
def test_nodes_with_all_of_their_bits(data: st.DataObject, nodes: set[int], layers: int) -> None:
    package = native.package()
    read = fold_words("a b c").native
    assert package is not None
    assert read is not None
    sieve = Sieve(sorted(nodes), layers)
    some_bits = st.lists(st.integers(0, sieve.size - 1), max_size=200) if sieve.size else st.just([])
    sieve.set_always([bit for bit in data.draw(some_bits) if bit < sieve.shut(0)])
    of_token = {token: data.draw(some_bits) for token in "abc"}
    more = data.draw(some_bits)
    among = sieve.among(data.draw(st.sets(st.sampled_from(sorted(nodes)))) if nodes else ())
    filled = package.Table().fill([read], sieve.size, lambda token: ("x", [0], of_token[token]))
    in_machine_code = sieve.in_machine_code()
    assert filled is not None
    assert in_machine_code is not None
    met = bits_at(chain(*of_token.values()))
    assert filled.met() == met
    assert in_machine_code.chosen(filled, more, among.packed) == sieve.chosen(met | bits_at(more), among)


@settings(max_examples=200, deadline=None)
@given(texts_with_signs())
def test_many_phrases_across_signs(text: str) -> None:
    rules = a.rule_set(*(a.rule(match, identifier=phrase) for phrase, match in PAIRS))
    articles = [a.read(text), a.read(f"<p>{text}</p>"), a.read("x", title=text)]
    found = matches(rules, articles, Limits(evidence_per_match_max=0))
    with native.switched_off():
        assert matches(rules, articles, Limits(evidence_per_match_max=0)) == found


@settings(max_examples=200, deadline=None)
@given(a.rule_sets, st.lists(a.articles() | a.odd_texts().map(a.read), min_size=1, max_size=3))
def test_matches(rules: RuleSet, articles: list[ReadArticle]) -> None:
    for pieces_max in (50, 2, 0):
        limits = Limits(evidence_per_match_max=pieces_max)
        found = matches(rules, articles, limits)
        with native.switched_off():
            assert matches(rules, articles, limits) == found


@settings(max_examples=200, deadline=None)
@given(a.layered_rule_sets(), a.articles())
def test_matches_that_wait_for_topics(rules: RuleSet, article: ReadArticle) -> None:
    found = matches(rules, [article], Limits())
    with native.switched_off():
        assert matches(rules, [article], Limits()) == found


@properties
@given(a.nodes | a.nears, a.articles(), st.sets(st.integers(0, 60)), st.integers(1, 4))
@example(expression("red NEAR/3 (war NEAR/2 line)"), a.read("Red, a war of lines. Red war line."), {0}, 1)
@example(expression("LEAD/3(SENTENCE(red AND NOT war)) OR title:war"), a.read("Red war. Red.", title="War"), set(), 1)
@example(expression("ATLEAST/2(us NOT NEAR/1 red)"), a.read("US red. US war. US"), {4}, 2)
@example(expression('CASE(US) AND (war* OR "red line")'), a.read("US us wars, the red line."), set(), 1)
def test_what_a_node_finds(node: Node, article: ReadArticle, hidden: set[int], count: int) -> None:
    assert_finds_the_same(node, article, hidden, count)


@pytest.mark.parametrize("operator", ["NEAR/3", "ONEAR/1"])
@pytest.mark.parametrize("side", ["war", "(war OR peace)", "CASE(war)", "(war NOT NEAR/0 peace)"])
def test_as_many_nears_in_nears_as_may_be(side: str, operator: str) -> None:
    """Each interval stands in two of the level above: told again each time, they would be told a million times."""
    node = expression(f" {operator} ".join([side] * NEARS))
    assert_finds_the_same(node, a.read("war " * 40), {7}, 50)


def assert_finds_the_same(node: Node, article: ReadArticle, hidden: set[int], count: int) -> None:
    vocabulary = Vocabulary()
    compiled = Compiler(vocabulary).compile(node)
    vocabulary.watch({}, 0)
    again = read_article(article.article, article.event_time)
    plain = Text(again, vocabulary)
    in_python, in_machine_code = Evaluator(), Evaluator()
    for text in (plain, plain.without(frozenset(each for each in hidden if each < plain.end))):
        expected = compiled.find(text, text.whole)
        assert in_machine_code.may_hold(compiled, text) >= (expected is not None)
        assert in_machine_code.holds(compiled, text) == (expected is not None)
        found = in_machine_code.find(compiled, text)
        assert (found is None) == (expected is None)
        assert {find_of(span, text) for span in found or ()} == {find_of(span, text) for span in expected or ()}
        leaves = {leaf for span in expected or () for leaf in span[2].leaves(span)}
        assert set(in_machine_code.leaves(compiled, text)) == leaves
        first = {find_of(span, text) for span in in_machine_code.find(compiled, text, count) or ()}
        assert first >= {find_of(span, text) for span in first_spans(expected or [], text, count)}
        with native.switched_off():
            assert set(in_python.leaves(compiled, text)) == leaves


def test_a_regex_is_left_to_python() -> None:
    for written, is_known in (("red OR war", True), ('red AND regex:"w.r"', False)):
        vocabulary = Vocabulary()
        compiled = Compiler(vocabulary).compile(expression(written))
        package = native.package()
        assert package is not None
        assert (Translator().code(compiled, package.Node) is not None) is is_known
        assert Text(a.read("red war"), vocabulary).evaluation is not None


def matches(
    rules: RuleSet, articles: list[ReadArticle], limits: Limits
) -> list[list[tuple[str, tuple[Evidence, ...], str | None]]]:
    again = [read_article(each.article, each.event_time) for each in articles]
    found = Matcher(rules, limits).match(again)
    return [[(match.rule.id, match.evidence, match.error) for match in each] for each in found]


def test_shipped_rules_on_seeds_and_naughty_strings() -> None:
    rules = load_ruleset(ROOT / "rules")
    now = datetime(2024, 9, 12, tzinfo=UTC)
    seeds = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").glob("*.txt"))]
    pieces = [seed[start : start + 3_000] for seed in seeds for start in range(0, len(seed), 3_000)]
    articles = [read_article(Article(id="a", body=text), now) for text in (*pieces, *naughty_strings())]
    assert len(articles) > 40
    found = matches(rules, articles, Limits())
    with native.switched_off():
        assert matches(rules, articles, Limits()) == found


def test_memories_that_are_begun_again_change_nothing() -> None:
    """More different words than are remembered, while an article that was read before them waits."""
    rules = a.rule_set(a.rule(expression('w1* OR "w3 w4"')))
    now = datetime(2024, 9, 12, tzinfo=UTC)
    matcher = Matcher(rules)
    early = read_article(Article(id="early", body="w1 w2. w3 w4."), now)
    assert len(matcher.match([early])[0][0].evidence) == 2
    for start in range(0, 60_000, 500):
        body = " ".join(f"w{number} x-{number}" for number in range(start, start + 500))
        late = read_article(Article(id="late", body=body), now)
        with native.switched_off():
            assert late.body.tokens == fold_words_slowly(body).tokens
        matched = matcher.match([late, early])
        assert matched[1] == matcher.match([replace(early)])[0]
        assert bool(matched[0]) == any(f"w{number}".startswith("w1") for number in range(start, start + 500))


def test_a_token_is_learned_once_and_its_slot_found_either_way() -> None:
    asked: list[str] = []

    def learn(token: str) -> tuple[str, list[int], list[int]]:
        asked.append(token)
        return "x", [1, 0] if token.startswith("w") else [], []

    package = native.package()
    assert package is not None
    table = package.Table()
    for body in ("w1 w1 b w1", " ".join(f"w{number} w{number}" for number in range(500)), "b w3"):
        words = fold_words(body).native
        assert words is not None
        filled = table.fill([words], 0, learn)
        assert filled is not None
        expected = sum(1 << n for n, token in enumerate(words.tokens) if token.startswith("w"))
        assert (filled.positions(0), filled.positions(1), filled.positions(2)) == (expected, expected, 0)
        assert filled.slots(3) == bytearray((1, 1, 0))
    assert sorted(asked) == sorted({"b", *(f"w{number}" for number in range(500))})


def test_a_text_in_another_alphabet_is_left_to_python() -> None:
    assert fold_words("война и мир, а потом опять the war").native is None
    assert fold_words("what they call the war in Україна is what it has been for so long").native is not None


def test_threads_read_and_match_at_the_same_time() -> None:
    rules = load_ruleset(ROOT / "rules")
    matcher = Matcher(rules)
    bodies = [path.read_text(encoding="utf-8")[:4_000] for path in sorted((ROOT / "seeds").glob("*.txt"))]
    now = datetime(2024, 9, 12, tzinfo=UTC)

    def all_of_it() -> object:
        articles = [read_article(Article(id="a", body=body), now) for body in bodies]
        return [[(match.rule.id, match.evidence) for match in found] for found in matcher.match(articles)]

    expected = all_of_it()
    found: list[object] = []

    def work() -> None:
        for _ in range(3):
            tokens.forget()
            ends.forget()
            found.append(all_of_it())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [expected] * 12


def test_no_character_is_more_tokens_than_are_looked_at() -> None:
    decomposed = [chr(code) for code in range(0x110000) if len(unicodedata.normalize("NFKC", chr(code))) > 1]
    assert max(len(fold_words(character).tokens) for character in decomposed) == TOKENS_OF_A_CHARACTER_MAX


def test_of_tokens_at_one_place_the_first_clause_is_kept() -> None:
    article = a.read("The words ㌖ here")
    earlier, later = article.body.tokens[3:5]
    assert later < earlier
    rules = a.rule_set(a.rule(expression(f"{earlier} OR {later}")))
    for most in (1, 2):
        limits = Limits(evidence_per_match_max=most)
        found = matches(rules, [article], limits)
        assert found[0][0][1][0].clause == later
        with native.switched_off():
            assert matches(rules, [article], limits) == found
