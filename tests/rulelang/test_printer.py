"""Printing a tree and parsing it again gives the same tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.rulelang import Node, print_node
from stream.rulelang.expressions import KEY_FIELDS
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
from stream.rulelang.printer import print_expanded
from stream.rulelang.words import is_operator
from tests.rulelang.kit import parse_text

_word_text = st.from_regex(r"[a-zA-Z0-9éйß北][a-zA-Z0-9éйß北'’.\-]{0,6}", fullmatch=True).filter(
    lambda t: not is_operator(t)
)
_words = st.builds(Word, _word_text, st.booleans(), st.booleans())
_chunk_text = st.from_regex(r"[^\s\"*~]{1,6}", fullmatch=True)


@st.composite
def _phrases(draw: st.DrawFn) -> Phrase:
    texts = draw(st.lists(_chunk_text, min_size=1, max_size=4))
    inflected = draw(st.booleans())
    words = [Word(t, inflected and i == len(texts) - 1, draw(st.booleans())) for i, t in enumerate(texts)]
    return Phrase(tuple(words))


_values = st.from_regex(r"[^\s\"*~](?:[^\"*~\r\n]{0,8}[^\s\"*~])?", fullmatch=True)
_names = st.from_regex(r"[a-z0-9_.]{1,8}", fullmatch=True)
_leaves = st.one_of(
    _words,
    _phrases(),
    st.builds(ListRef, _names),
    st.builds(KeyField, st.sampled_from(KEY_FIELDS), _values, st.booleans()),
    st.builds(lambda name, listed: KeyField(name, "", list_name=listed), st.sampled_from(KEY_FIELDS), _names),
    st.builds(Regex, st.from_regex(r"[^\"]{1,10}", fullmatch=True)),
)


def _compound(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(And, many),
        st.builds(Or, many),
        st.builds(Not, inner),
        st.builds(Near, inner, inner, st.integers(0, 50), st.booleans(), st.booleans()),
        st.builds(Scoped, st.sampled_from(("SENTENCE", "PARAGRAPH", "CASE")), inner),
        st.builds(Lead, st.integers(1, 999), inner),
        st.builds(AtLeast, st.integers(1, 99), inner),
        st.builds(AnyOf, st.integers(1, 2), many),
        st.builds(FieldScoped, st.sampled_from(("title", "body")), inner),
    )


_trees = st.recursive(_leaves, _compound, max_leaves=8)


@given(_trees)
@settings(max_examples=300, deadline=None)
def test_parsing_what_was_printed_gives_the_same_tree(tree: Node) -> None:
    text = print_node(tree)
    parsed, diagnostics = parse_text(text)
    syntax = [d for d in diagnostics if d.code not in ("R304", "R406", "R411")]
    assert syntax == [], text
    if not any(d.code == "R406" for d in diagnostics):
        assert parsed == tree, text
        assert parsed is not None
        assert print_node(parsed) == text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("a  AND\n b", "a AND b"),
        ("a NOT b", "a AND NOT b"),
        ("(a)", "a"),
        ("((a OR b)) AND c", "(a OR b) AND c"),
        ("a NEAR/3 b NEAR/5 c", "a NEAR/3 b NEAR/5 c"),
        ("a NEAR/3 (b NEAR/5 c)", "a NEAR/3 (b NEAR/5 c)"),
        ("a NOT  ONEAR/2 b", "a NOT ONEAR/2 b"),
        ("title:( a OR b )", "title:(a OR b)"),
        ('source:"bbc.com"', "source:bbc.com"),
        ('source:"BBC News*"', 'source:"BBC News*"'),
        ("ANY/2( a,b AND c )", "ANY/2(a, b AND c)"),
        ('~"red  line"', '~"red line"'),
    ],
)
def test_the_printed_form(written: str, printed: str) -> None:
    node, diagnostics = parse_text(written)
    assert diagnostics == []
    assert node is not None
    assert print_node(node) == printed


def test_an_or_that_came_from_a_list_is_printed_by_its_name() -> None:
    listed = Or((Word("Kremlin"), Word("Putin", inflected=True)), "kremlin")
    assert print_node(And((listed, Word("warns")))) == "@kremlin AND warns"
    assert print_expanded(And((listed, Word("warns")))) == "@kremlin(Kremlin | ~Putin) AND warns"
    values = KeyField("source", "", list_name="agencies", values=("reuters", "ap*"))
    assert print_node(values) == "source:@agencies"
    assert print_expanded(values) == "source:@agencies(reuters | ap*)"
