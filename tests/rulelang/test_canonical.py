"""The canonical form of rule files: comments and meaning kept, twice the same as once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.rulelang import CODES, Node, RuleSet, SourceFile, format_file, load
from stream.rulelang.code import complete
from stream.rulelang.comments import find_comments
from stream.rulelang.layout import lay_out
from stream.rulelang.printer import print_node
from stream.rulelang.source import Source
from stream.rulelang.yamltree import read_documents
from stream.sources.rulefiles import read_rule_files
from tests.matching.strategies import nodes
from tests.rulelang.kit import load_text, parse_text

SHIPPED = read_rule_files(Path(__file__).parents[2] / "rules")


def _comments(text: str) -> list[str]:
    source = Source(SourceFile("x", text))
    return sorted(comment.text for comment in find_comments(source.text, read_documents(source)))


def _meaning(ruleset: RuleSet | None) -> object:
    assert ruleset is not None
    return ruleset.digest, [(t.name, t.article, t.expect, t.spans, t.because) for r in ruleset.rules for t in r.tests]


def _formatted(text: str) -> str:
    """The canonical form, after checking what holds for all files."""
    before = load_text(text)
    assert before.ruleset is not None, before.diagnostics
    written = format_file(SourceFile("x", text))
    after = load_text(written)
    assert after.ruleset is not None, written + str(after.diagnostics)
    assert _meaning(after.ruleset) == _meaning(before.ruleset), written
    assert format_file(SourceFile("x", written)) == written
    assert _comments(written) == _comments(text)
    return written


def test_shipped_rules_keep_their_meaning_and_their_comments() -> None:
    written = [SourceFile(file.path, format_file(file)) for file in SHIPPED]
    assert _meaning(load(written).ruleset) == _meaning(load(SHIPPED).ruleset)
    for old, new in zip(SHIPPED, written, strict=True):
        assert format_file(new) == new.text
        assert _comments(new.text) == _comments(old.text)


@pytest.mark.parametrize("example", [entry.good for entry in CODES.values()], ids=CODES)
def test_every_good_example(example: str) -> None:
    _formatted(complete(example))


UNTIDY = """\
# About the file.
tests:   # two of them
    - {expect: fire, name: 'fires',   article: {body: "A truce, at last."}}
    -   # the quiet one
        name: quiet
        expect: quiet
        article:
          body: |
            Calm
              on all fronts.
kind:    rule   # what it is

# What it asks.
# Twice.
match: |   # the expression
    ((truce))   NOT  NEAR/3 talks
    OR "a # b"
severity: low
topics: [peace,
   # why not
   talks/new]   # topics
id: example.rule # its name
exclude: [{match: "(price)", name: price}]
# The end.
"""
TIDY = """\
# About the file.
kind: rule  # what it is
id: example.rule  # its name
severity: low
topics:
  - peace
  # why not
  - talks/new  # topics
# What it asks.
# Twice.
match: >  # the expression
  truce NOT NEAR/3 talks OR "a # b"
exclude: [{name: price, match: price}]
tests:  # two of them
  - {name: "fires", article: {body: "A truce, at last."}, expect: fire}
  # the quiet one
  - name: quiet
    article:
      body: |
        Calm
          on all fronts.
    expect: quiet
# The end.
"""


def test_the_canonical_form() -> None:
    assert _formatted(UNTIDY) == TIDY


def test_documents_and_comments_between_them() -> None:
    text = (
        "%YAML 1.2\n--- # first\n{kind: list, id: a, items: [x]}\n# behind\n---\n# alone\n---\n"
        "kind: list\r\nid: b\r\nitems:\r\n- y # why\r\n...\n"
    )
    assert _formatted(text) == (
        "# first\nkind: list\nid: a\nitems: [x]\n# behind\n---\n# alone\n---\nkind: list\nid: b\nitems:\n  - y  # why\n"
    )


def test_long_lines_are_folded_and_long_expressions_broken_at_operators() -> None:
    names = " OR ".join(f"~word{i}" for i in range(30))
    text = f"kind: rule\nid: a\nseverity: low\ndescription: {'word ' * 40}\nmatch: (here OR {names}) AND NOT there\n"
    written = _formatted(text)
    assert max(map(len, written.splitlines())) <= 120
    assert "description: >-\n  word" in written
    assert "\n    OR ~word" in written


def test_paragraphs_of_long_texts_stay_paragraphs() -> None:
    words = " ".join(["word"] * 30)
    text = f"kind: rule\nid: a\nseverity: low\ndescription: >\n  {words}\n  end.\n\n\n  {words}\nmatch: truce\n"
    written = _formatted(text)
    assert "word end.\n\n\n  word word" in written
    assert max(map(len, written.splitlines())) <= 120
    loaded = load_text(written)
    assert loaded.ruleset is not None
    assert loaded.ruleset.rules[0].description == f"{words} end.\n\n{words}"


def test_a_mistake_of_syntax_is_refused() -> None:
    with pytest.raises(ValueError, match=r"x\.yml: found"):
        format_file(SourceFile("x.yml", "kind: rule\nkind: rule\n"))


@settings(max_examples=200, deadline=None)
@given(nodes, st.integers(20, 120))
def test_an_expression_laid_out_is_the_same_expression(node: Node, width: int) -> None:
    lines = lay_out(node, width)
    flat, _ = parse_text(" ".join(line.strip() for line in lines))
    laid, _ = parse_text("\n".join(lines))
    assert laid == flat


def test_an_expression_is_not_broken_behind_a_bracket() -> None:
    node, _ = parse_text("(NOT war AND peace) OR (NOT talks AND SENTENCE(NOT truce AND long AND words))")
    assert node is not None
    lines = [line.strip() for line in lay_out(node, 30)]
    assert " ".join(lines) == print_node(node)
    assert not any(line.endswith("(") for line in lines)


_texts = st.text(
    st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\n #:-'\"{}[],&*!|>%@~\\"), max_size=60
)
_gaps = st.sampled_from(("", " # a comment", "\n# on its own"))


def _quoted(text: str) -> str:
    escaped = "".join(c if c.isalnum() or c == " " else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_texts.map(lambda text: text + "a"), min_size=1, max_size=3),
    st.lists(_gaps, min_size=6, max_size=6),
    st.booleans(),
    st.sampled_from(("truce", '>\n    truce OR\n      "a b"', "|\n    truce\n    AND b", "'it''s OR \"x\"'")),
)
def test_any_texts_and_comments_are_kept(bodies: list[str], gaps: list[str], flow: bool, match: str) -> None:
    first, last = ("[", "]") if flow else ("", "")
    tests = [
        f"{{name: t{i}, article: {{body: {_quoted(body)}}}, expect: quiet}}{',' * (flow and i < len(bodies) - 1)}"
        for i, body in enumerate(bodies)
    ]
    entries = "\n".join(f"  {'' if flow else '- '}{test}{gaps[0] if not flow else ''}" for test in tests)
    text = (
        f"kind: rule{gaps[1]}\ntests:{gaps[2]}\n  {first}\n{entries}\n  {last}{gaps[3]}\n"
        f"severity: low{gaps[4]}\ndescription: {_quoted(bodies[0])}\nid: a{gaps[5]}\nmatch: {match}\n"
    )
    _formatted(text)
