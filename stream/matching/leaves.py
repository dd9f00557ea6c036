"""Compiled leaves (words and phrases, key fields, regexes), and ORs of words and phrases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stream.matching.asked import UNASKED, Asked, Local, Span, Spans
from stream.matching.text import BODY, TITLE, Text, Window
from stream.rulelang.nodes import KeyField, Node, Phrase, Regex, Scoped, Word
from stream.rulelang.printer import print_node


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


class Steps:
    """Steps that follow each other, looked for by the one whose word is expected to be rarest."""

    def __init__(self, steps: Sequence[Step], rarest: int) -> None:
        self.slots = frozenset(step.slot for step in steps)
        self.single_slot = steps[0].slot if len(steps) == 1 and steps[0].forms is None else None
        self._rarest = rarest
        self._slot = steps[rarest].slot
        self._last = len(steps) - 1
        self._others = [(index, step.slot) for index, step in enumerate(steps) if index != rarest]
        self._cased = [(index, step) for index, step in enumerate(steps) if step.forms is not None]

    def places(self, text: Text) -> list[tuple[int, int]]:
        """First and last positions, ascending; sentences are not asked for."""
        if not self.slots <= text.slots:
            return []
        tokens, slots_of = text.tokens, text.slots_of
        places = []
        for position in text.positions(self._slot):
            first = position - self._rarest
            if first < 0 or first + self._last >= text.end:
                continue
            for index, slot in self._others:
                if slot not in slots_of.get(tokens[first + index], ()):
                    break
            else:
                if not self._cased or all(step.case_holds(text, first + index) for index, step in self._cased):
                    places.append((first, first + self._last))
        return places


class Leaf(Local):
    """A word or phrase: several sequences of steps."""

    is_plain = True

    def __init__(
        self,
        number: int,
        needs: frozenset[int] | None,
        weight: float,
        node: Word | Phrase | Scoped,
        sequences: Sequence[Steps],
    ) -> None:
        super().__init__(number, needs, weight)
        self._node = node
        self._printed = print_node(node)
        self._sequences = sequences
        if len(sequences) == 1:
            self.all_slots = sequences[0].slots
            self.single_slot = sequences[0].single_slot

    def _possible(self, text: Text) -> bool:
        return self.all_slots <= text.slots and super()._possible(text)

    def _find(self, text: Text, window: Window) -> Spans | None:
        if self.single_slot is not None:
            return [(position, position, self, None) for position in text.positions(self.single_slot)] or None
        if len(self._sequences) == 1:
            places = self._sequences[0].places(text)
        else:
            places = sorted({place for steps in self._sequences for place in steps.places(text)})
        if not places:
            return None
        return [
            (first, last, self, None) for first, last in places if first == last or text.in_one("SENTENCE", first, last)
        ] or None

    def clause(self, span: Span) -> Node:
        """The word or phrase itself."""
        return self._node

    def printed(self, span: Span) -> str:
        """The word or phrase as the printer writes it."""
        return self._printed


class PhraseLeaf(Local):
    """A phrase of plain words: the automaton has found where they stand, unless they stand in two sentences."""

    is_plain = True

    def __init__(self, number: int, slot: int, weight: float, node: Word | Phrase) -> None:
        super().__init__(number, frozenset((slot,)), weight)
        self.all_slots = frozenset((slot,))
        self._slot = slot
        self._node = node
        self._printed = print_node(node)

    def _find(self, text: Text, window: Window) -> Spans | None:
        sentences = text.sentences
        return [
            (first, last, self, None)
            for first, last in sorted(text.phrases(self._slot))
            if sentences[first] == sentences[last]
        ] or None

    def clause(self, span: Span) -> Node:
        """The word or phrase itself."""
        return self._node

    def printed(self, span: Span) -> str:
        """The word or phrase as the printer writes it."""
        return self._printed


class LocalOr(Local):
    """An OR of local nodes, such as a list: those with a slot that the article fills are asked, and no other."""

    def __init__(self, number: int, needs: frozenset[int] | None, weight: float, nodes: Sequence[Local]) -> None:
        super().__init__(number, needs, weight)
        self._of_slot: dict[int, list[Local]] = {}
        self._always: list[Local] = []
        for node in dict.fromkeys(nodes):
            if node.needs is None:
                self._always.append(node)
            for slot in node.needs or ():
                self._of_slot.setdefault(slot, []).append(node)
        self._slots = frozenset(self._of_slot)
        # A node with several slots may be met several times.
        self._repeated = any(len(node.needs or ()) > 1 for node in nodes)
        self.is_plain = all(node.is_plain for node in nodes)

    def _find(self, text: Text, window: Window) -> Spans | None:
        slots, answers, of_slot = text.slots, text.answers, self._of_slot
        chosen = self._always.copy()
        for slot in self._slots & slots:
            chosen += of_slot[slot]
        spans: Spans = []
        for node in dict.fromkeys(chosen) if self._repeated else chosen:
            found = answers.get(node.number, UNASKED)
            if found is UNASKED:
                if not node.all_slots <= slots:
                    continue
                found = node.spans(text)
            if found:
                spans += found
        if len(spans) > 1:
            spans.sort()
        return spans or None


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
        for first, last, field, start, end, touches in text.regex_spans(self._node.pattern):
            bit, low, high = (TITLE, 0, text.title_end) if field == "title" else (BODY, text.title_end, text.end)
            if not window[2] & bit:
                continue
            whole_field = window[0] <= low and high <= window[1]
            if whole_field or (window[0] <= first and last < window[1]):
                spans.append((first, last, self, (field, start, end, touches)))
        return spans or None

    def leaves(self, span: Span) -> Iterator[int]:
        """The words that it touches."""
        return super().leaves(span) if span[3][3] else iter(())

    def clause(self, span: Span) -> Node:
        """The regex itself."""
        return self._node
