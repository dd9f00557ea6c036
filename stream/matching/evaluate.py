"""Compiled expressions: lazy, sharing, and as fast as Python allows; `reference` says what they mean.

A *local* node (word, phrase, an OR of such, NEAR) finds the same spans whatever the window, as long as they lie in
it. So it is evaluated once for the whole article, for all rules that share it, and a window is a slice of the
result. All other nodes are asked window by window. Every node knows the slots it *needs*: if an article fills none
of them, the node cannot hold, and nobody asks it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Literal

from stream.matching.finds import Find, KeyFind, RegexFind, TextFind
from stream.matching.text import BODY, TITLE, Text, Window
from stream.rulelang.nodes import KeyField, Near, Node, Phrase, Regex, Scoped, Word
from stream.rulelang.printer import print_node

Span = tuple[int, int, "Asked", Any]
"""First and last position, the node that found it, and what that node needs to say more about it."""

Spans = list[Span]

UNASKED: Any = object()

_by_place = itemgetter(0, 1)
_first = itemgetter(0)


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

    def find(self, text: Text, window: Window) -> Spans | None:
        """The spans in a window; answers for the whole article are kept."""
        if window is not text.whole:
            return self._find(text, window) if self.possible(text) else None
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

    def leaves(self, span: Span) -> Iterator[int]:
        """The positions of the words at the leaves of a span that this node found."""
        return iter(range(span[0], span[1] + 1))

    def clause(self, span: Span) -> Node:
        """The clause that a span of this node stands for."""
        raise NotImplementedError


class Local(Asked):
    """A node whose spans do not depend on the window. One that finds whatever fills a slot has that `single_slot`."""

    single_slot: int | None = None
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
                answer = self._find(text, text.whole) if self.possible(text) else None
            text.answers[self.number] = answer
        return answer

    def find(self, text: Text, window: Window) -> Spans | None:
        """A slice of the whole."""
        whole = self.spans(text)
        if whole is None or window is text.whole:
            return whole
        start, end, _ = window
        low = bisect_left(whole, start, key=_first)
        high = bisect_left(whole, end, low, key=_first)
        return [span for span in whole[low:high] if span[1] < end] or None

    def anchors(self, text: Text) -> list[int] | None:
        """Where its spans begin."""
        return [span[0] for span in self.spans(text) or ()]


@dataclass(frozen=True, slots=True)
class Step:
    """One token of a leaf: a slot, and the case forms that pass (whole, or as prefixes) where case counts."""

    slot: int
    forms: frozenset[str] | None = None
    prefixes: tuple[str, ...] = ()

    def case_holds(self, text: Text, position: int) -> bool:
        """Whether its case form passes."""
        if self.forms is None:
            return True
        form = text.case_form(position)
        return form in self.forms or form.startswith(self.prefixes)


class Leaf(Local):
    """A word or phrase: several sequences of steps."""

    is_plain = True

    def __init__(
        self,
        number: int,
        needs: frozenset[int] | None,
        weight: float,
        node: Word | Phrase | Scoped,
        sequences: Sequence[tuple[Step, ...]],
    ) -> None:
        super().__init__(number, needs, weight)
        self._node = node
        self._sequences = sequences
        self._all_slots = frozenset(step.slot for step in sequences[0]) if len(sequences) == 1 else None
        if len(sequences) == 1 and len(sequences[0]) == 1 and sequences[0][0].forms is None:
            self.single_slot = sequences[0][0].slot

    def _possible(self, text: Text) -> bool:
        if self._all_slots is not None:
            return self._all_slots <= text.slots
        return super()._possible(text)

    def _find(self, text: Text, window: Window) -> Spans | None:
        if self.single_slot is not None:
            return [(position, position, self, None) for position in text.positions(self.single_slot)] or None
        places = [place for steps in self._sequences for place in side_by_side(text, steps)]
        if len(self._sequences) > 1:
            places = sorted(set(places))
        return [
            (first, last, self, None) for first, last in places if first == last or text.in_one("SENTENCE", first, last)
        ] or None

    def clause(self, span: Span) -> Node:
        """The word or phrase itself."""
        return self._node


def side_by_side(text: Text, steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Where tokens that pass the steps follow each other, found by the rarest of them."""
    if len(steps) == 1:
        return [(p, p) for p in text.positions(steps[0].slot) if steps[0].case_holds(text, p)]
    if any(step.slot not in text.slots for step in steps):
        return []
    rarest = min((len(text.positions(step.slot)), index) for index, step in enumerate(steps))[1]
    others = [(index, step.slot) for index, step in enumerate(steps) if index != rarest]
    last = len(steps) - 1
    tokens, slots_of = text.tokens, text.vocabulary.slots_of
    places = []
    for position in text.positions(steps[rarest].slot):
        first = position - rarest
        if first < 0 or first + last >= text.end:
            continue
        for index, slot in others:
            if slot not in slots_of(tokens[first + index]):
                break
        else:
            if all(step.forms is None or step.case_holds(text, first + i) for i, step in enumerate(steps)):
                places.append((first, first + last))
    return places


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


class LocalOr(Local):
    """An OR of local nodes, such as a list. Single words, most of a list, are looked up by their slots."""

    def __init__(self, number: int, needs: frozenset[int] | None, weight: float, nodes: Sequence[Local]) -> None:
        super().__init__(number, needs, weight)
        self._words: dict[int, Local] = {}
        others: list[Local] = []
        for node in dict.fromkeys(nodes):
            if node.single_slot is None or node.single_slot in self._words:
                others.append(node)
            else:
                self._words[node.single_slot] = node
        self._others = Choice(others)
        self.is_plain = all(node.is_plain for node in nodes)

    def _find(self, text: Text, window: Window) -> Spans | None:
        spans: Spans = []
        words = self._words
        for slot in words.keys() & text.slots:
            node = words[slot]
            spans += [(position, position, node, None) for position in text.positions(slot)]
        for other in self._others.candidates(text):
            spans += other.find(text, text.whole) or ()
        if len(spans) > 1:
            spans.sort(key=_by_place)
        return spans or None


class LocalNear(Local):
    """`left NEAR/n right` of local sides: minimal intervals.

    For a left span only the right spans that end first within reach can be in a minimal interval, so each side is
    walked along the other and no more than n positions ahead.
    """

    def __init__(self, number: int, node: Near, left: Asked, right: Asked) -> None:
        lighter = left if _lighter(left, right) else right
        super().__init__(number, lighter.needs, lighter.weight)
        self._node = node
        self._left = left
        self._right = right
        self._lighter = lighter

    def _possible(self, text: Text) -> bool:
        return self._left.possible(text) and self._right.possible(text)

    def _find(self, text: Text, window: Window) -> Spans | None:
        if not self._lighter.find(text, text.whole):
            return None
        lefts = self._left.find(text, text.whole)
        rights = self._right.find(text, text.whole)
        if not lefts or not rights:
            return None
        return near_spans(self, self._node, lefts, rights, text)

    def leaves(self, span: Span) -> Iterator[int]:
        """Of both sides, in all pairs that span the interval."""
        return near_leaves(span)

    def clause(self, span: Span) -> Node:
        """With the items that stood there in place of lists."""
        return near_clause(self._node, span)


class WindowNear(Asked):
    """NEAR and NOT NEAR whose answer depends on the window."""

    def __init__(self, number: int, node: Near, left: Asked, right: Asked) -> None:
        lighter = left if node.negated or _lighter(left, right) else right
        super().__init__(number, lighter.needs, lighter.weight)
        self._node = node
        self._left = left
        self._right = right

    def _find(self, text: Text, window: Window) -> Spans | None:
        lefts = text_spans(self._left.find(text, window))
        if not lefts:
            return None
        rights = text_spans(self._right.find(text, window))
        if not self._node.negated:
            return near_spans(self, self._node, lefts, rights, text)
        far = far_spans(self._node, lefts, rights, text)
        return [(left[0], left[1], self, left) for left in far] or None

    def anchors(self, text: Text) -> list[int] | None:
        """Where the left side stands."""
        return self._left.anchors(text)

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


class Key(Asked):
    """A key field: its slot says it all."""

    is_text = False

    def __init__(self, number: int, slot: int, weight: float, node: KeyField) -> None:
        super().__init__(number, frozenset((slot,)), weight)
        self._node = node

    def _find(self, text: Text, window: Window) -> Spans | None:
        return [(-1, -1, self, None)]

    def leaves(self, span: Span) -> Iterator[int]:
        """A key field has no words."""
        return iter(())

    def clause(self, span: Span) -> Node:
        """The key field itself."""
        return self._node


class Pattern(Asked):
    """A regex."""

    is_text = False

    def __init__(self, number: int, node: Regex) -> None:
        super().__init__(number, None, 1.0)
        self._node = node

    def _find(self, text: Text, window: Window) -> Spans | None:
        spans: Spans = []
        for first, last, field, start, end in text.regex_spans(self._node.pattern):
            bit, low, high = (TITLE, 0, text.title_end) if field == "title" else (BODY, text.title_end, text.end)
            if not window[2] & bit:
                continue
            whole_field = window[0] <= low and high <= window[1]
            if whole_field or (window[0] <= first and last < window[1]):
                spans.append((first, last, self, (field, start, end)))
        return spans or None

    def clause(self, span: Span) -> Node:
        """The regex itself."""
        return self._node


def find_of(span: Span, text: Text) -> Find:
    """A span as the rest of the program sees it."""
    first, last, node, extra = span
    clause = node.clause(span)
    if isinstance(clause, KeyField):
        return KeyFind(clause)
    if isinstance(clause, Regex):
        field, start, end = extra
        base = 0 if field == "title" else text.title_end
        return RegexFind(clause, field, start, end, first - base, last - base)
    field, position = text.split(first)
    base = first - position
    return TextFind(clause, field, position, last - base, frozenset(leaf - base for leaf in node.leaves(span)))


def text_spans(found: Spans | None) -> Spans:
    """The spans of words, by place."""
    return sorted((span for span in found or () if span[2].is_text), key=_by_place)


def near_spans(owner: Asked, node: Near, lefts: Spans, rights: Spans, text: Text) -> Spans | None:
    """The minimal intervals that hold a left and a right span, no more than `distance` words apart."""
    pairs: dict[tuple[int, int], list[tuple[Span, Span]]] = {}
    for left, right in _closest(lefts, rights, node.distance):
        if text.in_one("PARAGRAPH", left[0], right[1]):
            pairs.setdefault((left[0], right[1]), []).append((left, right))
    if not node.ordered:
        for right, left in _closest(rights, lefts, node.distance):
            if text.in_one("PARAGRAPH", right[0], left[1]):
                pairs.setdefault((right[0], left[1]), []).append((left, right))
    spans: Spans = []
    shortest: int | None = None
    for first, last in sorted(pairs, key=lambda hull: (-hull[0], hull[1])):
        if shortest is None or last < shortest:
            shortest = last
            spans.append((first, last, owner, pairs[first, last]))
    spans.reverse()
    return spans or None


def _closest(befores: Spans, behinds: Spans, distance: int) -> Iterator[tuple[Span, Span]]:
    """For each span the later ones, at most `distance` words away, that end first."""
    for before in befores:
        index = bisect_left(behinds, before[1] + 1, key=_first)
        reach = before[1] + distance + 1
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
        for behind in chosen:
            yield before, behind


def far_spans(node: Near, lefts: Spans, rights: Spans, text: Text) -> Spans:
    """The left spans that have no right span within `distance` words of their paragraph; overlapping counts as near."""
    longest = max((right[1] - right[0] for right in rights), default=0)

    def is_near(left: Span) -> bool:
        low = bisect_left(rights, left[0] - node.distance - 1 - longest, key=_first)
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
    pairs: list[tuple[Span, Span]] = span[3]
    return (leaf for pair in pairs for side in pair for leaf in side[2].leaves(side))


def near_clause(node: Near, span: Span) -> Node:
    """The clause of an interval; if several pairs span it, the one that sorts first in print."""
    pairs: list[tuple[Span, Span]] = span[3]
    clauses = [replace(node, left=left[2].clause(left), right=right[2].clause(right)) for left, right in pairs]
    return clauses[0] if len(clauses) == 1 else min(clauses, key=print_node)


def joined(answers: Iterable[Spans]) -> Spans:
    """All spans, one list after the other."""
    return [span for answer in answers for span in answer]


def _lighter(left: Asked, right: Asked) -> bool:
    if left.needs is None or right.needs is None:
        return right.needs is None
    return left.weight <= right.weight


Unit = Literal["SENTENCE", "PARAGRAPH"]
