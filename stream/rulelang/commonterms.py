"""Terms of rules for the lint against a corpus: what is written where, and which of it is found too often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stream.rulelang.diagnostic import Diagnostic, SourceFile
from stream.rulelang.lists import Lists
from stream.rulelang.loader import read_drafts
from stream.rulelang.nodes import ListRef, Near, Node, Not, Phrase, Scoped, Word
from stream.rulelang.printer import print_node
from stream.rulelang.source import Source, quoted
from stream.rulelang.walk import children

ARTICLES_MIN = 20
"""Of fewer articles no share is worth a warning."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase that a rule looks for (in CASE where its case counts), and the file that it stands in."""

    node: Node
    source: Source


def terms_of(files: Sequence[SourceFile]) -> list[Term]:
    """The words and phrases that the rules of files without errors look for, each once where it is written.

    Those behind NOT and in exclusions are left out: that they are common does no harm.
    """
    rules, lists = read_drafts(files)
    terms: dict[int, Term] = {}
    seen: set[tuple[str, bool]] = set()
    for draft in rules:
        for node, source in _found(draft.rule.match, draft.source, lists, seen, case=False):
            terms.setdefault(id(node), Term(node, source))
    return list(terms.values())


def too_common(terms: Sequence[Term], counts: Sequence[int], articles: int, share_max: float) -> list[Diagnostic]:
    """A warning for each term that more than `share_max` (0 to 1) of the articles have; `counts` go with `terms`."""
    if articles < ARTICLES_MIN:
        return []
    for term, count in zip(terms, counts, strict=True):
        if count > share_max * articles:
            leaf = term.node.operand if isinstance(term.node, Scoped) else term.node
            found = f"{quoted(print_node(term.node))} in {count:,} of {articles:,} articles of the corpus"
            help_ = "Write a phrase, or NEAR another word. Where it stands beside a rare word it does no harm."
            term.source.add("R909", leaf.place, found, f"at most {share_max:.0%}", help_)
    sources = {id(term.source): term.source for term in terms}
    return [d for source in sources.values() for d in source.diagnostics if d.code == "R909"]


def _found(
    node: Node, source: Source, lists: Lists, seen: set[tuple[str, bool]], *, case: bool
) -> Iterator[tuple[Node, Source]]:
    match node:
        case Word() | Phrase():
            yield (Scoped("CASE", node, node.place) if case else node), source
        case ListRef(name=name) if name in lists and (name, case) not in seen:
            seen.add((name, case))
            draft = lists.drafts[name]
            for item in draft.items:
                yield from _found(item, draft.source, lists, seen, case=case)
        case Not():
            return
        case Near(negated=True, left=left):
            yield from _found(left, source, lists, seen, case=case)
        case _:
            inside = case or (isinstance(node, Scoped) and node.kind == "CASE")
            for child in children(node):
                yield from _found(child, source, lists, seen, case=inside)
