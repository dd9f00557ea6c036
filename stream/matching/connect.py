"""Compiled nodes that connect others: AND, OR, ANY/k, NOT, and those that narrow the window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from stream.matching.asked import Asked, Composite, Connective, Span, Spans, joined
from stream.matching.bits import listed
from stream.matching.text import BODY, TITLE, Text, Unit, Window

NOWHERE: Window = (0, 0, 0)


class SomeOf(Connective):
    """`ANY/k(…)`, and OR, which is ANY/1: at least k operands hold."""

    def __init__(
        self, number: int, needs: frozenset[int] | None, weight: float, count: int, nodes: Sequence[Asked]
    ) -> None:
        super().__init__(number, needs, weight)
        self.count = count
        self.nodes = nodes

    def holds(self, text: Text) -> bool:
        """Whether enough operands hold."""
        if not self.where(text):
            return False
        if self.is_decided:
            return True
        held = (node for node in self.nodes if node.known(text, text.whole) and node.holds(text))
        return len(list(islice(held, self.count))) == max(self.count, 0)

    def _find(self, text: Text, window: Window) -> Spans | None:
        candidates = [node for node in self.nodes if node.known(text, window)]
        if window is not text.whole:
            candidates = [node for node in candidates if text.may_be_in(window, node.known(text, window))]
        if len(candidates) < self.count:
            return None
        held = [spans for node in candidates if (spans := node.find(text, window)) is not None]
        return joined(held) if len(held) >= self.count else None


class AllOf(Connective):
    """AND: the operands that are cheap to ask come first, and the first that does not hold ends it."""

    def __init__(self, number: int, nodes: Sequence[Asked]) -> None:
        needing = [node for node in nodes if node.needs is not None]
        rarest = min(needing, key=lambda node: node.weight, default=None)
        super().__init__(number, rarest.needs if rarest else None, rarest.weight if rarest else 1.0)
        self.required = frozenset().union(*[node.required for node in nodes])
        # A node without needs (NOT, a regex) is asked last.
        self.nodes = sorted(nodes, key=lambda node: (node.needs is None, node.weight))
        self.absent = [node.operand for node in nodes if isinstance(node, Absent)]

    def holds(self, text: Text) -> bool:
        """Whether all operands hold."""
        if self.is_decided:
            return self.where(text) != 0
        return all(node.holds(text) for node in self.nodes)

    def _find(self, text: Text, window: Window) -> Spans | None:
        answers = []
        for node in self.nodes:
            spans = node.find(text, window)
            if spans is None:
                return None
            answers.append(spans)
        return joined(answers)


class Absent(Asked):
    """NOT: holds where its operand does not, and finds nothing."""

    def __init__(self, number: int, node: Asked) -> None:
        super().__init__(number, None, 1.0)
        self.operand = node

    def holds(self, text: Text) -> bool:
        """Whether the operand does not hold."""
        return not self.operand.holds(text)

    def _find(self, text: Text, window: Window) -> Spans | None:
        operand = self.operand
        if window is text.whole and operand.sure(text):
            return None
        return [] if not operand.where_within(text) or operand.find(text, window) is None else None


class Narrowed(Composite):
    """A node that asks its operand of something smaller than the window."""

    def __init__(self, number: int, node: Asked) -> None:
        super().__init__(number, node.needs, node.weight)
        self.required = node.required
        self.operand = node


class Each(Narrowed):
    """`SENTENCE(…)`, `PARAGRAPH(…)`: asked of each one in which the operand could hold.

    `parts`: it may be asked of windows that cut a sentence or paragraph in two.
    """

    def __init__(self, number: int, unit: Unit, node: Asked, *, parts: bool) -> None:
        super().__init__(number, node)
        self.unit: Unit = unit
        self.whole = not parts

    def _find(self, text: Text, window: Window) -> Spans | None:
        if not self.known(text, window):
            return None
        low, high, fields = window
        answers = []
        for last in self._lasts(text, low, high):
            start, end, field = text.unit_around(self.unit, last)
            if fields & field:
                part = max(start, low), min(end, high), field
                spans = self.operand.find(text, part)
                if spans is not None:
                    answers.append(spans)
        return joined(answers) if answers else None

    def _lasts(self, text: Text, low: int, high: int) -> list[int]:
        """The units of a window in which the operand could hold, by their last positions. The last one may reach out of
        it; what lies before and behind is not walked, since there may be as many windows as units."""
        if low >= high:
            return []
        _, end, _ = text.unit_around(self.unit, high - 1)
        return [low + place for place in listed(text.ends[self.number] >> low & (1 << end - low) - 1)]


class First(Narrowed):
    """`LEAD/n(…)`: asked of the first words of the body."""

    def __init__(self, number: int, words: int, node: Asked) -> None:
        super().__init__(number, node)
        self.words = words

    def _find(self, text: Text, window: Window) -> Spans | None:
        low, high, fields = window
        low = max(low, text.title_end)
        high = min(high, text.title_end + self.words)
        return self.operand.find(text, (low, max(low, high), BODY) if fields & BODY else NOWHERE)


class Within(Narrowed):
    """`title:`, `body:`: asked of that field."""

    def __init__(self, number: int, field: int, node: Asked) -> None:
        super().__init__(number, node)
        self.field = field

    def _find(self, text: Text, window: Window) -> Spans | None:
        low, high, fields = window
        if not fields & self.field:
            return self.operand.find(text, NOWHERE)
        if self.field == TITLE:
            return self.operand.find(text, (low, min(high, text.title_end), TITLE))
        return self.operand.find(text, (max(low, text.title_end), high, BODY))


class Repeated(Narrowed):
    """`ATLEAST/n(…)`: enough spans of the operand that do not overlap."""

    def __init__(self, number: int, count: int, node: Asked) -> None:
        super().__init__(number, node)
        self.count = count

    def _find(self, text: Text, window: Window) -> Spans | None:
        spans = self.operand.find(text, window)
        return spans if spans is not None and _count_apart(spans, text) >= self.count else None


def _count_apart(spans: Spans, text: Text) -> int:
    """Spans taken from the left, shorter ones first, each beginning behind the one before; fields apart."""
    count = 0
    free = (0, 0)
    for place in sorted({(_field(span, text), span[0], span[1]) for span in spans if span[0] >= 0}):
        field, first, last = place
        if (field, first) >= free:
            count += 1
            free = (field, last + 1)
    return count


def _field(span: Span, text: Text) -> int:
    if span[3] is not None and not span[2].is_text:
        return TITLE if span[3][0] == "title" else BODY
    return TITLE if span[0] < text.title_end else BODY
