"""Compiled expressions: lazy, sharing, and as fast as Python allows; `reference` says what they mean.

A *local* node (word, phrase, an OR of such, NEAR) finds the same spans whatever the window, as long as they lie in
it. So it is evaluated once for the whole article, for all rules that share it, and a window is a slice of the
result. All other nodes are asked window by window.

Before anybody asks for spans, two cheaper questions rule out what cannot hold. Every node knows the slots it *needs*:
if an article fills none of them, the node cannot hold. And every node knows *where* it could hold, as a set of
positions, all of them worked out at once (see `bits`): too many rather than too few, since only spans decide.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
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


class Asked(ABC):
    """A compiled node. `find` answers None (does not hold) or spans; a list it returns is never changed.

    `is_text` is True if the spans are of words, `is_local` if they are the same whatever the window. `needs` are slots
    of which at least one is filled wherever the node holds; None if it may hold without any. `weight` is how often that
    is to be expected. `required` are slots that the article fills, all of them, wherever the node holds. `uses` says
    how many expressions share it.
    """

    is_text = True
    is_local = False
    required: frozenset[int] = frozenset()

    def __init__(self, number: int, needs: frozenset[int] | None, weight: float) -> None:
        self.number = number
        self.needs = needs
        self.weight = weight
        self.uses = 0

    def __lt__(self, other: Asked) -> bool:
        """So that spans can be sorted: at one place by the numbers of the nodes."""
        return self.number < other.number

    def find(self, text: Text, window: Window) -> Spans | None:
        """The spans in a window; answers for the whole article are kept."""
        if window is not text.whole:
            return self._find(text, window)
        answer: Spans | None = text.answers.get(self.number, UNASKED)
        if answer is UNASKED:
            answer = text.answers[self.number] = self._find(text, window) if self.where(text) else None
        return answer

    def holds(self, text: Text) -> bool:
        """Whether `find` would find something in the whole article, without making spans that nobody asks for."""
        if self.is_decided:
            return self.where(text) != 0
        return self.find(text, text.whole) is not None

    @cached_property
    def is_decided(self) -> bool:
        """Whether `where` alone says if it holds in an article, so that spans are needed for evidence only."""
        from stream.matching.generate import decides  # it knows the kinds of nodes, which rest on this

        return decides(self)

    def where(self, text: Text) -> int:
        """A set of positions: every window in which the node holds has one of them; none if it cannot hold.

        `everywhere` if it holds in windows without a word. The position behind the last word is in that as well.
        """
        bits = text.wheres.get(self.number)
        return self.worked_out(text) if bits is None else bits

    def worked_out(self, text: Text) -> int:
        """`where_within`, for one who knows that it has not been asked yet."""
        bits = text.wheres[self.number] = self._where(text)
        return bits

    def _where(self, text: Text) -> int:
        return text.everywhere

    def sure(self, text: Text) -> int:
        """A set of positions: the node holds in every window that has one of them."""
        return 0

    def where_within(self, text: Text) -> int:
        """The same, where the answer of `where` is for the whole article only."""
        return self.where(text)

    def known(self, text: Text, window: Window) -> int:
        """`where`, for one who has asked a node of which this is an operand."""
        return self.where(text)

    @abstractmethod
    def _find(self, text: Text, window: Window) -> Spans | None:
        """The spans in a window in which the node could hold."""

    def printed(self, span: Span) -> str:
        """The clause as the printer writes it."""
        return print_node(self.clause(span))

    def leaves(self, span: Span) -> Iterator[int]:
        """The positions of the words at the leaves of a span that this node found."""
        return iter(range(span[0], span[1] + 1))

    def clause(self, span: Span) -> Node:
        """The clause that a span of this node stands for. Nodes that pass on the spans of others have none."""
        raise AssertionError(f"{type(self).__name__} finds no spans of its own")


class Composite(Asked):
    """A node that is written out, with those inside of it, as one function (see `generate`)."""

    _function: Callable[[Text], int] | None = None

    def worked_out(self, text: Text) -> int:
        if self._function is None:
            self._function = self._write(outermost=False)
        bits = text.wheres[self.number] = self._function(text)
        return bits

    def known(self, text: Text, window: Window) -> int:
        return text.wheres.get(self.number, 0)

    def _write(self, *, outermost: bool) -> Callable[[Text], int]:
        from stream.matching.generate import where_function  # it knows the kinds of nodes, which rest on this

        return where_function(self, outermost=outermost)


class Connective(Composite):
    """AND, OR, ANY/k: more is known of one that is asked of the whole article, so its answers are kept apart."""

    _outermost: Callable[[Text], int] | None = None

    def where(self, text: Text) -> int:
        bits = text.outermost.get(self.number)
        if bits is None:
            if self._outermost is None:
                self._outermost = self._write(outermost=True)
            bits = text.outermost[self.number] = self._outermost(text)
        return bits

    def where_within(self, text: Text) -> int:
        bits = text.wheres.get(self.number)
        return self.worked_out(text) if bits is None else bits

    def known(self, text: Text, window: Window) -> int:
        return (text.outermost if window is text.whole else text.wheres).get(self.number, 0)


class Local(Asked):
    """A node whose spans do not depend on the window. `words_max` is the length of its longest span."""

    is_local = True
    words_max = 1
    is_plain = False
    """True for words, phrases and ORs of them: without masked words they find what is left of their spans."""
    word_slot: int | None = None
    """Of words whose case does not count and ORs of them: they stand wherever the tokens of this slot do."""

    def spans(self, text: Text) -> Spans | None:
        """All spans in the article, by place."""
        answer: Spans | None = text.answers.get(self.number, UNASKED)
        if answer is UNASKED:
            if self.is_plain and text.unmasked is not None:
                masked = text.masked
                spans = self.spans(text.unmasked) or ()
                answer = [span for span in spans if masked.isdisjoint(range(span[0], span[1] + 1))] or None
            else:
                answer = self._find(text, text.whole) if self.where(text) else None
            text.answers[self.number] = answer
        return answer

    def ends(self, text: Text) -> int:
        """Where spans could end, as `where` says where they could begin."""
        bits = self.where(text)
        return bits if self.words_max == 1 else text.ends[self.number]

    def find(self, text: Text, window: Window) -> Spans | None:
        """A slice of the whole."""
        if window is not text.whole and not text.is_in(window, self.where(text)):
            return None
        whole: Spans | None = text.answers.get(self.number, UNASKED)
        if window is text.whole:
            return self.spans(text) if whole is UNASKED else whole
        if whole is UNASKED:
            return self._slice(text, window)
        if whole is None:
            return None
        start, end, _ = window
        # A tuple of one is less than any span that begins there.
        low = bisect_left(whole, (start,))
        high = bisect_left(whole, (end,), low)
        return [span for span in whole[low:high] if span[1] < end] or None

    def _slice(self, text: Text, window: Window) -> Spans | None:
        """The spans in a window, while those of the whole article are not known."""
        self.spans(text)
        return self.find(text, window)


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
