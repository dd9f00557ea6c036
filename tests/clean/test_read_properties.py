"""What holds for the reading of any text."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.clean import Cut, Reading, chunks, ends, read, tokens
from stream.clean.reader import ContentType, Kind, read_fully

PIECES = [
    "red", "Lines", "U.S.", "U.N", "de", "UN", "non", "anti", "S", "400", "3.5",
    "1,000", "'s", "’s", "'", "’", '"', "“", "”",
    "-", "\u2011", "\u2013", "\u2014", "\u00ad", "\u200b", "\ufe0f", "™", " ", "\n",
    "\r\n", "\t", "\u2028", "\x1d", "\u00a0", "\u202f", "\u3000",
    ".", "!", "…", "。", ",", "(", ")", "é", "e\u0301", "\u0301", "\u0316", "й",
    "и\u0306", "ß", "İ", "ﬁ", "½", "²", "ﷺ", "中",
    "「", "ไ", "ำ", "ᄒ", "ᅡ", "ᆫ", "हि", "ﾞ", "ｶ", "_", "&", "&amp;", "&shy;", "&#39;",
    "&#x", "<", ">", "<p>", "</p>", "<br>",
    "<b>", "<script>", "</script>", "<!--", "-->", "<a b='", '<a b="', "\x00",
    "\ud800", "\u202e", "🚀", "Mr.", "1️⃣", "﹣", "ŉ",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(st.characters(), max_size=40)
KINDS = st.sampled_from(["title", "body"])
TYPES = st.sampled_from(["text/plain", "text/html", None])
CUTS = st.lists(
    st.builds(lambda start, length: Cut(start, start + length, "menu"), st.integers(0, 60), st.integers(0, 20)),
    max_size=3,
)
quick = settings(max_examples=150, deadline=None)


@quick
@given(TEXTS, KINDS, TYPES, CUTS)
def test_every_sequence_has_one_entry_a_token_in_order(
    text: str, kind: Kind, content_type: ContentType | None, cuts: list[Cut]
) -> None:
    reading = read(text, kind=kind, content_type=content_type, cuts=cuts)
    count = len(reading.tokens)
    sequences = (reading.cases, reading.starts, reading.ends, reading.sentences, reading.paragraphs)
    assert [len(sequence) for sequence in sequences] == [count] * 5
    assert all(reading.tokens)
    assert all(0 <= start < end <= len(text) for start, end in spans(reading))
    # Tokens of one source character (½) share it, or a part of it; otherwise one ends before the next begins.
    for (start, end), (next_start, next_end) in pairwise(spans(reading)):
        assert start <= next_start
        assert end <= next_end
    for earlier, later in pairwise(zip(reading.paragraphs, reading.sentences, strict=True)):
        assert later[0] - earlier[0] in (0, 1)
        assert later[1] - earlier[1] in (0, 1)
        assert later[0] == earlier[0] or later[1] > earlier[1]
    for position, (start, end) in enumerate(spans(reading)):
        first, last = reading.sentence_span(position)
        assert first <= start < end <= last


@quick
@given(TEXTS, KINDS, st.booleans(), CUTS)
@example("e\u0301x", "body", False, [Cut(1, 2, "menu")])
@example("de-\nescalation red\u0e33", "body", False, [])
@example("de-\u200b\nescalation", "body", False, [])
@example(" " + "\u0e31" * 40, "body", False, [])
@example("On Monday Łódź hosted a ‘UN-backed’ force.", "body", False, [])
@example("'UN-backed' talks.UN-backed 'ANTI-Putin' peace,UN-backed", "body", False, [])
@example("They paid 100\u202f€ for a red line.", "body", False, [])
def test_the_short_cut_yields_what_the_long_way_does(text: str, kind: Kind, is_html: bool, cuts: list[Cut]) -> None:
    content_type: ContentType = "text/html" if is_html else "text/plain"
    forget()
    short = read(text, kind=kind, content_type=content_type, cuts=cuts)
    full = read_fully(text, kind, is_html, tuple(cuts))
    assert (short.tokens, short.cases) == (full.tokens, full.cases)
    assert_same_layout(short, full)
    again = read(text, kind=kind, content_type=content_type, cuts=cuts)
    assert (again.tokens, again.cases) == (full.tokens, full.cases)


@quick
@given(TEXTS, st.integers(0, 40))
@example("They paid 100\u202f€ for a red line.", 7)
@example("On Monday Łódź hosted a ‘UN-backed’ force.", 2)
def test_one_token_asked_for_alone_stands_where_it_does_among_all(text: str, position: int) -> None:
    full = read_fully(text, "body", False, ())
    if position < full.size:
        assert read(text, content_type="text/plain").span(position, position) == full.span(position, position)
        assert read(text, content_type="text/plain").case(position) == full.case(position)


@quick
@given(TEXTS)
@example("\u0301\uff9e")
def test_what_one_token_stands_for_reads_as_that_token(text: str) -> None:
    """Except where a character or cluster of the source gives several tokens, which then share it."""
    reading = read(text, content_type="text/plain")
    for position, (start, end) in enumerate(spans(reading)):
        if is_shared(reading, position):
            continue
        piece = read(text[start:end], content_type="text/plain")
        assert (piece.tokens, piece.cases) == ([reading.tokens[position]], [reading.cases[position]])


@quick
@given(TEXTS)
def test_tokens_read_as_themselves(text: str) -> None:
    """What was folded once does not fold any further."""
    tokens = [token for token in read(text, content_type="text/plain").tokens if token.isascii()]
    assert read(" ".join(tokens), content_type="text/plain").tokens == tokens


@quick
@given(TEXTS)
def test_text_without_tags_or_entities_reads_the_same_as_html(text: str) -> None:
    text = text.replace("<", " ").replace("&", " ")
    assert read(text, content_type="text/html").tokens == read(text, content_type="text/plain").tokens


HOSTILE = [
    "<", "&", "&a", "<a", '<a ="', "<!--", "<!", "<p>", "<br>", "<script>", '<a ="> "',
    "&#1;", ".", ". ", ".'", "U.", "'s",
    "a's", "de-", "1,", "\u0301\u0316", "e\u0301", "中。", "\u200b", "\n", "a-\n",
    "\u00ad\n", " ", "\u1161", "\ud800", "\x00",
    "\u202e", "«", "Mr. A", "- \n",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("content_type", ["text/plain", "text/html"])
def test_hostile_text_is_read_to_its_end(unit: str, content_type: ContentType) -> None:
    """200,000 code points of it; anything worse than linear would run into the suite's time limit."""
    text = (unit * (200_000 // len(unit))) + " end"
    reading = read(text, content_type=content_type)
    assert len(reading.starts) == len(reading.tokens) == len(reading.cases)
    assert all(end <= len(text) for end in reading.ends[-5:])


@pytest.mark.parametrize(
    "unit", ["a's ", "de-", "U.S. ", "e\u0301", "<b>x</b> ", "<a =' ", "&amp;x ", "word. Next ", "long-\n"]
)
def test_work_grows_in_proportion_to_the_text(unit: str) -> None:
    """Ten times the text runs about ten times the lines of code."""
    short, long = (work(unit * count) for count in (200, 2_000))
    assert long <= short * 11


def work(text: str) -> int:
    """How many lines of the reading code run for one text."""
    lines = 0

    def count(frame: object, event: str, argument: object) -> object:
        nonlocal lines
        lines += event == "line"
        return count

    forget()
    tracing = sys.gettrace()
    sys.settrace(count)  # type: ignore[arg-type]
    try:
        _ = read(text).starts
    finally:
        sys.settrace(tracing)
    return lines


def forget() -> None:
    tokens.forget()
    chunks.forget()
    ends.forget()


def assert_same_layout(short: Reading, full: Reading) -> None:
    # One by one first, before all are located at once.
    each = range(len(full.tokens))
    assert [*map(short.start, each[-5:])] == [*map(full.start, each[-5:])]
    assert [*map(short.start, reversed(each))] == [*map(full.start, reversed(each))]
    assert [*map(short.end, each)] == [*map(full.end, each)]
    assert (short.sentence_lasts, short.paragraph_lasts) == (full.sentence_lasts, full.paragraph_lasts)
    assert (short.starts, short.ends) == (full.starts, full.ends)
    assert (short.sentences, short.paragraphs) == (full.sentences, full.paragraphs)
    positions = range(len(full.tokens))
    assert [*map(short.sentence_span, positions)] == [*map(full.sentence_span, positions)]


def spans(reading: Reading) -> list[tuple[int, int]]:
    return list(zip(reading.starts, reading.ends, strict=True))


def is_shared(reading: Reading, position: int) -> bool:
    start, end = spans(reading)[position]
    before = position > 0 and reading.ends[position - 1] > start
    after = position + 1 < len(reading.tokens) and reading.starts[position + 1] < end
    return before or after


@quick
@given(TEXTS, KINDS, TYPES, CUTS)
@example("Red!'\u203a Line 3.5 \u203aend.\u203a Red", "body", "text/plain", [])
@example("red.\u200b Line\u2029red? Line… red", "body", "text/plain", [])
@example("Is it war?停", "body", "text/plain", [])
@example("Is it war?\u201d停", "body", "text/plain", [])
def test_whether_a_sentence_ends_is_told_without_sentences(
    text: str, kind: Kind, content_type: ContentType | None, cuts: list[Cut]
) -> None:
    def again() -> Reading:
        return read(text, kind=kind, content_type=content_type, cuts=cuts)

    sentences, may_end = again().sentences, again().may_end
    if may_end is not None:
        assert len(may_end) == len(sentences)
        ends = [before != behind for before, behind in pairwise(sentences)]
        assert all(flag or not end for flag, end in zip(may_end, ends, strict=False))
    asked = again()
    for position, (before, behind) in enumerate(pairwise(sentences)):
        assert asked.in_one_sentence(position, position + 1) == (before == behind)
    count = len(sentences)
    pairs = [(first, last) for first in range(0, count, 3) for last in range(first, min(first + 5, count))]
    assert all(asked.in_one_sentence(*pair) == (sentences[pair[0]] == sentences[pair[1]]) for pair in pairs)


def test_a_sentence_may_end_behind_signs_alone() -> None:
    flags = read("He met Mr. Roe (3.5 p.m.). Then (he said: “no!”)\n\nthe U.S.-made 'thing.' left, well-known…").may_end
    assert flags is not None
    assert list(flags) == [0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1]
    assert read("Красная линия. Red.").may_end is None
    assert read("red। line").may_end is None
