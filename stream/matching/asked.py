"""Compiled expressions: lazy, sharing, and as fast as Python allows; `reference` says what they mean.

A *local* node (word, phrase, an OR of such, NEAR) finds the same spans whatever the window, as long as they lie in
it. So it is evaluated once for the whole article, for all rules that share it, and a window is a slice of the
result. All other nodes are asked window by window. Every node knows the slots it *needs*: if an article fills none
of them, the node cannot hold, and nobody asks it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Any

from stream.matching.finds import Find, KeyFind, RegexFind, TextFind
from stream.matching.keys import topic_held
from stream.matching.text import Text, Window
from stream.rulelang.nodes import KeyField, Node, Regex
from stream.rulelang.printer import print_node

Span = tuple[int, int, "Asked", Any]
"""First and last position, the node that found it, and what that node needs to say more about it."""

Spans = list[Span]

UNASKED: Any = object()

by_place = itemgetter(0, 1)
by_first = itemgetter(0)


class Asked:
    """A compiled node. `find` answers None (does not hold) or spans; a list it returns is never changed.

    `is_text` is True if the spans are of words. `needs` are slots of which at least one is filled wherever the node
    holds; None if it may hold without any. `weight` is how often that is to be expected.
    """

    is_text = True

    def __init__(self, number: int, needs: frozenset[int] | None, weight: float) -> None:
        self.number = number
        self.needs = needs
        self.weight = weight

    def __lt__(self, other: Asked) -> bool:
        """So that spans can be sorted: at one place by the numbers of the nodes."""
        return self.number < other.number

    def find(self, text: Text, window: Window) -> Spans | None:
        """The spans in a window; answers for the whole article are kept.

        Of a smaller window only what is possible is worth asking, which is for the one who asks to look at.
        """
        if window is not text.whole:
            return self._find(text, window)
        answer: Spans | None = text.answers.get(self.number, UNASKED)
        if answer is UNASKED:
            answer = text.answers[self.number] = self._find(text, window) if self.possible(text) else None
        return answer

    def possible(self, text: Text) -> bool:
        """False if the slots that the article fills rule this node out."""
        answer = text.possible.get(self.number)
        if answer is None:
            answer = text.possible[self.number] = self._possible(text)
        return answer

    def _possible(self, text: Text) -> bool:
        return self.needs is None or not self.needs.isdisjoint(text.slots)

    def anchors(self, text: Text) -> list[int] | None:
        """Positions of which one lies in every window where the node holds; None: it may hold anywhere."""
        return None

    def _find(self, text: Text, window: Window) -> Spans | None:
        raise NotImplementedError

    def printed(self, span: Span) -> str:
        """The clause as the printer writes it."""
        return print_node(self.clause(span))

    def leaves(self, span: Span) -> Iterator[int]:
        """The positions of the words at the leaves of a span that this node found."""
        return iter(range(span[0], span[1] + 1))

    def clause(self, span: Span) -> Node:
        """The clause that a span of this node stands for."""
        raise NotImplementedError


class Local(Asked):
    """A node whose spans do not depend on the window. One that finds whatever fills a slot has that `single_slot`.

    It holds only if the article fills all of `all_slots`.
    """

    single_slot: int | None = None
    all_slots: AbstractSet[int] = frozenset()
    is_plain = False
    """True for words, phrases and ORs of them: without masked words they find what is left of their spans."""

    def spans(self, text: Text) -> Spans | None:
        """All spans in the article, by place."""
        answer: Spans | None = text.answers.get(self.number, UNASKED)
        if answer is UNASKED:
            if self.is_plain and text.unmasked is not None:
                masked = text.masked
                spans = self.spans(text.unmasked) or ()
                answer = [span for span in spans if masked.isdisjoint(range(span[0], span[1] + 1))] or None
            else:
                answer = self._find(text, text.whole)
            text.answers[self.number] = answer
        return answer

    def find(self, text: Text, window: Window) -> Spans | None:
        """A slice of the whole."""
        whole: Spans | None = text.answers.get(self.number, UNASKED)
        if whole is UNASKED:
            whole = self.spans(text)
        if whole is None or window is text.whole:
            return whole
        start, end, _ = window
        # A tuple of one is less than any span that begins there.
        low = bisect_left(whole, (start,))
        high = bisect_left(whole, (end,), low)
        return [span for span in whole[low:high] if span[1] < end] or None

    def anchors(self, text: Text) -> list[int] | None:
        """Where its spans begin."""
        return [span[0] for span in self.spans(text) or ()]


class Choice:
    """Which of some nodes are worth asking, given the slots that an article fills."""

    def __init__(self, nodes: Sequence[Asked]) -> None:
        self._nodes = nodes
        self._always = [index for index, node in enumerate(nodes) if node.needs is None]
        self._by_slot: dict[int, list[int]] = {}
        for index, node in enumerate(nodes):
            for slot in node.needs or ():
                self._by_slot.setdefault(slot, []).append(index)

    def candidates(self, text: Text) -> list[Asked]:
        """The nodes that may hold, in the order given."""
        return [self._nodes[index] for index in self.chosen(text)]

    def chosen(self, text: Text) -> list[int]:
        """The indices of the nodes that may hold, ascending."""
        hits = self._by_slot.keys() & text.slots
        if not hits:
            return self._always
        chosen = {index for slot in hits for index in self._by_slot[slot]}
        chosen.update(self._always)
        return sorted(chosen)


def find_of(span: Span, text: Text) -> Find:
    """A span as the rest of the program sees it."""
    first, last, node, extra = span
    clause = node.clause(span)
    if isinstance(clause, KeyField):
        return KeyFind(clause, topic_held(clause, text.topics) if clause.name == "topic" else None)
    if isinstance(clause, Regex):
        field, start, end, _ = extra
        base = 0 if field == "title" else text.title_end
        leaves = frozenset(leaf - base for leaf in node.leaves(span))
        return RegexFind(clause, field, start, end, first - base, last - base, leaves)
    field, position = text.split(first)
    base = first - position
    return TextFind(clause, field, position, last - base, frozenset(leaf - base for leaf in node.leaves(span)))


def joined(answers: Iterable[Spans]) -> Spans:
    """All spans, one list after the other."""
    return [span for answer in answers for span in answer]
