"""Compiled nodes that connect others: AND, OR, ANY/k, NOT, and those that narrow the window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stream.matching.asked import Asked, Span, Spans, joined
from stream.matching.text import BODY, TITLE, Text, Unit, Window

NOWHERE: Window = (0, 0, 0)


class SomeOf(Asked):
    """`ANY/k(…)`, and OR, which is ANY/1: at least k operands hold."""

    def __init__(
        self, number: int, needs: frozenset[int] | None, weight: float, count: int, nodes: Sequence[Asked]
    ) -> None:
        super().__init__(number, needs, weight)
        self._count = count
        self._nodes = nodes

    def _find(self, text: Text, window: Window) -> Spans | None:
        candidates = self._candidates(text)
        if len(candidates) < self._count:
            return None
        held = [spans for node in candidates if (spans := node.find(text, window)) is not None]
        return joined(held) if len(held) >= self._count else None

    def anchors(self, text: Text) -> list[int] | None:
        """Those of all operands; for k > 1 more than needed."""
        if self._count < 1:
            return None
        found: list[int] = []
        for node in self._candidates(text):
            anchors = node.anchors(text)
            if anchors is None:
                return None
            found += anchors
        return found

    def _candidates(self, text: Text) -> list[Asked]:
        """The operands that are possible."""
        known: list[Asked] | None = text.candidates.get(self.number)
        if known is None:
            known = text.candidates[self.number] = [node for node in self._nodes if node.possible(text)]
        return known


class AllOf(Asked):
    """AND: the operands that are cheap to ask come first, and the first that does not hold ends it."""

    def __init__(self, number: int, nodes: Sequence[Asked]) -> None:
        needing = [node for node in nodes if node.needs is not None]
        rarest = min(needing, key=lambda node: node.weight, default=None)
        super().__init__(number, rarest.needs if rarest else None, rarest.weight if rarest else 1.0)
        # A node without needs (NOT, a regex) is asked last.
        self._nodes = sorted(nodes, key=lambda node: (node.needs is None, node.weight))

    def _possible(self, text: Text) -> bool:
        for node in self._nodes:  # noqa: SIM110 - a generator costs more than the question
            if not node.possible(text):
                return False
        return True

    def _find(self, text: Text, window: Window) -> Spans | None:
        answers = []
        for node in self._nodes:
            spans = node.find(text, window)
            if spans is None:
                return None
            answers.append(spans)
        return joined(answers)

    def anchors(self, text: Text) -> list[int] | None:
        """Those of the operand that has the fewest."""
        best: list[int] | None = None
        for node in self._nodes:
            anchors = node.anchors(text)
            if anchors is not None and (best is None or len(anchors) < len(best)):
                best = anchors
            if best == []:
                break
        return best


class Absent(Asked):
    """NOT: holds where its operand does not, and finds nothing."""

    def __init__(self, number: int, node: Asked) -> None:
        super().__init__(number, None, 1.0)
        self._node = node

    def _find(self, text: Text, window: Window) -> Spans | None:
        return [] if not self._node.possible(text) or self._node.find(text, window) is None else None


class _Narrowed(Asked):
    """A node that asks its operand of something smaller than the window."""

    def __init__(self, number: int, node: Asked) -> None:
        super().__init__(number, node.needs, node.weight)
        self._node = node

    def _possible(self, text: Text) -> bool:
        return self._node.possible(text)

    def anchors(self, text: Text) -> list[int] | None:
        """Those of the operand."""
        return self._node.anchors(text)


class Each(_Narrowed):
    """`SENTENCE(…)`, `PARAGRAPH(…)`: asked of each one that holds an anchor of the operand."""

    def __init__(self, number: int, unit: Unit, node: Asked) -> None:
        super().__init__(number, node)
        self._unit: Unit = unit

    def _find(self, text: Text, window: Window) -> Spans | None:
        answers = [spans for unit in self._units(text, window) if (spans := self._node.find(text, unit)) is not None]
        return joined(answers) if answers else None

    def _units(self, text: Text, window: Window) -> Iterator[Window]:
        low, high, fields = window
        anchors = self._node.anchors(text)
        if anchors is not None and len(anchors) > 1:
            anchors = sorted(anchors)
        position = low
        for anchor in range(low, high) if anchors is None else anchors:
            if anchor < position:
                continue
            if anchor >= high:
                break
            start, end, field = text.unit_around(self._unit, anchor)
            position = end
            if fields & field:
                yield max(start, low), min(end, high), field


class First(_Narrowed):
    """`LEAD/n(…)`: asked of the first words of the body."""

    def __init__(self, number: int, words: int, node: Asked) -> None:
        super().__init__(number, node)
        self._words = words

    def _find(self, text: Text, window: Window) -> Spans | None:
        low, high, fields = window
        low = max(low, text.title_end)
        high = min(high, text.title_end + self._words)
        return self._node.find(text, (low, max(low, high), BODY) if fields & BODY else NOWHERE)


class Within(_Narrowed):
    """`title:`, `body:`: asked of that field."""

    def __init__(self, number: int, field: int, node: Asked) -> None:
        super().__init__(number, node)
        self._field = field

    def _find(self, text: Text, window: Window) -> Spans | None:
        low, high, fields = window
        if not fields & self._field:
            return self._node.find(text, NOWHERE)
        if self._field == TITLE:
            return self._node.find(text, (low, min(high, text.title_end), TITLE))
        return self._node.find(text, (max(low, text.title_end), high, BODY))


class Repeated(_Narrowed):
    """`ATLEAST/n(…)`: enough spans of the operand that do not overlap."""

    def __init__(self, number: int, count: int, node: Asked) -> None:
        super().__init__(number, node)
        self._count = count

    def _find(self, text: Text, window: Window) -> Spans | None:
        spans = self._node.find(text, window)
        return spans if spans is not None and _count_apart(spans, text) >= self._count else None


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
