"""What the tests of the rule language share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from stream.matching import read_article
from stream.matching.counting import count_articles
from stream.model import Article
from stream.rulelang import Diagnostic, Loaded, SourceFile, load
from stream.rulelang.code import complete
from stream.rulelang.commonterms import terms_of, too_common
from stream.rulelang.grammar import parse
from stream.rulelang.nodes import Node
from stream.rulelang.source import Source
from stream.rulelang.yamltree import Scalar


def load_text(text: str) -> Loaded:
    """Load one file."""
    return load([SourceFile("rules/x.yml", text)])


def load_example(example: str, corpus: tuple[str, ...] = ()) -> Loaded:
    """Load one file with what the example lacks added, as the table of codes does; bodies of a corpus for its lint."""
    loaded = load_text(complete(example))
    if not corpus:
        return loaded
    terms = terms_of([SourceFile("rules/x.yml", complete(example))])
    articles = [read_article(Article(id="a", body=body), datetime(1970, 1, 1, tzinfo=UTC)) for body in corpus]
    counts, total = count_articles([term.node for term in terms], articles)
    return replace(loaded, diagnostics=(*loaded.diagnostics, *too_common(terms, counts, total, 0.2)))


def parse_text(text: str) -> tuple[Node | None, list[Diagnostic]]:
    """Parse an expression that is a file by itself."""
    source = Source(SourceFile("x", text))
    node = parse(Scalar(text, None, source, 0, len(text)))
    return node, source.diagnostics


def codes(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> list[str]:
    """The codes, in order."""
    return [diagnostic.code for diagnostic in diagnostics]


def expression_codes(expression: str) -> list[str]:
    """The codes that an expression gives as the `match` of a rule, in a block."""
    lines = "\n".join("  " + line for line in expression.split("\n"))
    return codes(load_example(f"match: |\n{lines}\n").diagnostics)
