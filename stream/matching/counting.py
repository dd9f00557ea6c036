"""In how many articles of a corpus each of some terms stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stream.matching.article import ReadArticle
from stream.matching.compile import Compiler
from stream.matching.prefilter import Prefilter
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary
from stream.rulelang.nodes import Node


def count_articles(terms: Sequence[Node], articles: Iterable[ReadArticle]) -> tuple[list[int], int]:
    """For each expression without lists the number of articles where it holds; and how many articles there were."""
    vocabulary = Vocabulary()
    compiler = Compiler(vocabulary)
    nodes = [compiler.compile(term) for term in terms]
    prefilter = Prefilter(nodes, vocabulary, alone=range(len(nodes)))
    all_of_them = prefilter.among(range(len(nodes)))
    counts = [0] * len(nodes)
    total = 0
    for read in articles:
        total += 1
        text = Text(read, vocabulary)
        for index in prefilter.chosen(text, all_of_them):
            counts[index] += nodes[index].holds(text)
        for index in prefilter.by_phrases(text):
            counts[index] += 1
    return counts, total
