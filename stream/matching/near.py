"""Compiled NEAR, ONEAR and NOT NEAR.

NEAR yields minimal intervals (Clarke, Cormack and Burkowski, "An algebra for structured text search and a framework
for its implementation", 1995): pairs of a left and a right span within reach whose hull holds no other such hull.
For a span only the later ones that end first within reach can be part of one, so both sides are walked once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace

from stream.matching.asked import Asked, Composite, Local, Span, Spans, by_first, by_place
from stream.matching.text import Text, Window
from stream.rulelang.nodes import Near, Node
from stream.rulelang.printer import print_node

PRINTS_KNOWN_MAX = 1_024
"""How many clauses of one NEAR are remembered as they are written."""


class Behind:
    """The pairs that span an interval, and what they say of it, which is worked out once: an interval may stand in
    several pairs of another, at each level of NEARs in NEARs."""

    __slots__ = ("clause", "leaves", "pairs", "printed")

    def __init__(self, pairs: list[tuple[Span, Span]]) -> None:
        self.pairs = pairs
        self.leaves: frozenset[int] | None = None
        self.clause: Node | None = None
        self.printed: str | None = None


class LocalNear(Composite, Local):
    """NEAR of local sides."""

    def __init__(self, number: int, node: Near, left: Local, right: Local) -> None:
        self.left_first = _lighter(left, right)
        lighter = left if self.left_first else right
        super().__init__(number, lighter.needs, lighter.weight)
        self._node = node
        self.left = left
        self.right = right
        self.distance = node.distance
        self.ordered = node.ordered
        self.required = left.required | right.required
        self.words_max = left.words_max + node.distance + right.words_max
        self._prints: dict[tuple[int, str, int, str], str] = {}

    def holds(self, text: Text) -> bool:
        """Whether there is an interval; between words it is told by their positions."""
        left, right = self.left.word_slot, self.right.word_slot
        if left is None or right is None:
            return super().holds(text)
        return text.are_near(left, right, self.distance, ordered=self.ordered)

    def _find(self, text: Text, window: Window) -> Spans | None:
        lefts, rights = self.left.spans(text), self.right.spans(text)
        if not lefts or not rights:
            return None
        # Of the sides only what begins an interval matters: where the other side stands is looked up.
        starts = self.where(text)
        befores = [span for span in lefts if starts >> span[0] & 1]
        behinds = rights if self._node.ordered else [span for span in rights if starts >> span[0] & 1]
        return near_spans(self, self._node, befores, rights, text, lefts, behinds)

    def leaves(self, span: Span) -> Iterator[int]:
        """Of both sides, in all pairs that span the interval."""
        return near_leaves(span)

    def clause(self, span: Span) -> Node:
        """With the items that stood there in place of lists."""
        return near_clause(self._node, span)

    def printed(self, span: Span) -> str:
        """The clause as the printer writes it."""
        behind: Behind = span[3]
        if behind.printed is None:
            behind.printed = min([self._printed(left, right) for left, right in behind.pairs])
        return behind.printed

    def _printed(self, left: Span, right: Span) -> str:
        """The clause of one pair: where its sides are the same and written the same, so is the whole."""
        key = left[2].number, left[2].printed(left), right[2].number, right[2].printed(right)
        known = self._prints.get(key)
        if known is None:
            if len(self._prints) >= PRINTS_KNOWN_MAX:
                self._prints.clear()
            clause = replace(self._node, left=left[2].clause(left), right=right[2].clause(right))
            known = self._prints[key] = print_node(clause)
        return known


class WindowNear(Composite):
    """NEAR and NOT NEAR whose answer depends on the window."""

    def __init__(self, number: int, node: Near, left: Asked, right: Asked) -> None:
        lighter = left if node.negated or _lighter(left, right) else right
        super().__init__(number, lighter.needs, lighter.weight)
        self._node = node
        self.negated = node.negated
        self.distance = node.distance
        self.ordered = node.ordered
        self.required = left.required if node.negated else left.required | right.required
        self.left = left
        self.right = right

    def _find(self, text: Text, window: Window) -> Spans | None:
        lefts = text_spans(self.left.find(text, window))
        if not lefts:
            return None
        rights = text_spans(self.right.find(text, window) if self.right.where_within(text) else None)
        if not self._node.negated:
            return near_spans(self, self._node, lefts, rights, text, lefts, rights)
        far = far_spans(self._node, lefts, rights, text)
        return [(left[0], left[1], self, left) for left in far] or None

    def leaves(self, span: Span) -> Iterator[int]:
        """Of both sides, or of the left one if the right one is absent."""
        if self._node.negated:
            left: Span = span[3]
            return left[2].leaves(left)
        return near_leaves(span)

    def clause(self, span: Span) -> Node:
        """With the items that stood there in place of lists."""
        if self._node.negated:
            left: Span = span[3]
            return replace(self._node, left=left[2].clause(left))
        return near_clause(self._node, span)


def text_spans(found: Spans | None) -> Spans:
    """The spans of words, by place."""
    return sorted((span for span in found or () if span[2].is_text), key=by_place)


def near_spans(
    owner: Asked, node: Near, lefts: Spans, rights: Spans, text: Text, all_lefts: Spans, some_rights: Spans
) -> Spans | None:
    """The minimal intervals that hold a left and a right span, no more than `distance` words apart.

    `lefts` and `some_rights` are at least the spans with which intervals begin.
    """
    pairs: dict[tuple[int, int], list[tuple[Span, Span]]] = {}
    closest = _closest(lefts, rights, node.distance)
    others = [] if node.ordered else _closest(some_rights, all_lefts, node.distance)
    if not closest and not others:
        return None
    paragraphs = text.numbers("PARAGRAPH")
    for left, right in closest:
        if paragraphs[left[0]] == paragraphs[right[1]]:
            pairs.setdefault((left[0], right[1]), []).append((left, right))
    for right, left in others:
        if paragraphs[right[0]] == paragraphs[left[1]]:
            pairs.setdefault((right[0], left[1]), []).append((left, right))
    spans: Spans = []
    shortest: int | None = None
    for first, last in sorted(pairs, key=lambda hull: (-hull[0], hull[1])):
        if shortest is None or last < shortest:
            shortest = last
            spans.append((first, last, owner, Behind(pairs[first, last])))
    spans.reverse()
    return spans or None


def _closest(befores: Spans, behinds: Spans, distance: int) -> list[tuple[Span, Span]]:
    """For each span the later ones, at most `distance` words away, that end first."""
    pairs: list[tuple[Span, Span]] = []
    starts = [behind[0] for behind in behinds]
    count = len(starts)
    for before in befores:
        index = bisect_right(starts, before[1])
        reach = before[1] + distance + 1
        if index == count or starts[index] > reach:
            continue
        soonest: int | None = None
        chosen: Spans = []
        while index < len(behinds):
            behind = behinds[index]
            if behind[0] > reach or (soonest is not None and behind[0] > soonest):
                break
            if soonest is None or behind[1] < soonest:
                soonest, chosen = behind[1], [behind]
            elif behind[1] == soonest:
                chosen.append(behind)
            index += 1
        pairs += [(before, behind) for behind in chosen]
    return pairs


def far_spans(node: Near, lefts: Spans, rights: Spans, text: Text) -> Spans:
    """The left spans that have no right span within `distance` words of their paragraph; overlapping counts as near."""
    longest = max((right[1] - right[0] for right in rights), default=0)

    def is_near(left: Span) -> bool:
        low = bisect_left(rights, left[0] - node.distance - 1 - longest, key=by_first)
        for index in range(low, len(rights)):
            right = rights[index]
            if right[0] > left[1] + node.distance + 1:
                return False
            before = right[1] < left[0]
            if before and (node.ordered or left[0] - right[1] - 1 > node.distance):
                continue
            if text.in_one("PARAGRAPH", min(left[0], right[0]), max(left[1], right[1])):
                return True
        return False

    return [left for left in lefts if not is_near(left)]


def near_leaves(span: Span) -> Iterator[int]:
    """The leaves of all pairs behind an interval."""
    behind: Behind = span[3]
    if behind.leaves is None:
        behind.leaves = frozenset(leaf for pair in behind.pairs for side in pair for leaf in side[2].leaves(side))
    return iter(behind.leaves)


def near_clause(node: Near, span: Span) -> Node:
    """The clause of an interval; if several pairs span it, the one that sorts first in print."""
    behind: Behind = span[3]
    if behind.clause is None:
        clauses = [replace(node, left=one[2].clause(one), right=other[2].clause(other)) for one, other in behind.pairs]
        behind.clause = clauses[0] if len(clauses) == 1 else min(clauses, key=print_node)
    return behind.clause


def _lighter(left: Asked, right: Asked) -> bool:
    if left.needs is None or right.needs is None:
        return right.needs is None
    return left.weight <= right.weight
