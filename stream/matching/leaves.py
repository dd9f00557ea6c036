"""Compiled leaves (words and phrases, key fields, regexes), and ORs of words and phrases."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from stream.matching.asked import Asked, Composite, Local, Span, Spans
from stream.matching.bits import positions_of
from stream.matching.text import BODY, TITLE, RegexSpan, Text, Window
from stream.matching.vocabulary import Test
from stream.rulelang.nodes import KeyField, Node, Phrase, Regex, Scoped, Word
from stream.rulelang.printer import print_node

_by_first = itemgetter(0)
_by_last = itemgetter(1)


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
    """Steps that follow each other; the one whose word is expected to be rarest is asked first."""

    def __init__(self, steps: Sequence[Step], rarest: int) -> None:
        self.slots = frozenset(step.slot for step in steps)
        self.last = len(steps) - 1
        others = [(index, step.slot) for index, step in enumerate(steps) if index != rarest]
        self._asked = [(rarest, steps[rarest].slot), *others]
        self.steps = tuple(steps)
        self._cased = [(index, step) for index, step in enumerate(steps) if step.forms is not None]

    def starts(self, text: Text) -> int:
        """Where the words stand behind one another; case and sentences are not asked for."""
        bits = -1
        for index, slot in self._asked:
            bits &= text.bits[slot] >> index
            if not bits:
                return 0
        return bits

    def places(self, text: Text) -> list[tuple[int, int]]:
        """First and last positions, ascending; sentences are not asked for."""
        cased, last = self._cased, self.last
        return [
            (first, first + last)
            for first in positions_of(self.starts(text))
            if not cased or all(step.case_holds(text, first + index) for index, step in cased)
        ]


class WordLeaf(Local):
    """A word of one token whose case does not count. Inside of an OR it needs no slot of its own."""

    is_plain = True

    def __init__(self, number: int, node: Word | Phrase, tests: Iterable[Test]) -> None:
        super().__init__(number, None, 1.0)
        # Not a set, which takes three times the memory, and there are thousands of leaves.
        self.tests = tuple(tests)
        self.slot = -1
        self._node = node
        self._printed: str | None = None

    def fill(self, slot: int, weight: float) -> None:
        """Give it a slot, so that it can be asked by itself."""
        self.slot = self.word_slot = slot
        self.weight = weight
        self.needs = self.required = frozenset((slot,))

    def holds(self, text: Text) -> bool:
        """Whether it stands in the article."""
        return (text.slots if text.unmasked is None else text.bits)[self.slot] != 0

    def _where(self, text: Text) -> int:
        return text.bits[self.slot]

    def sure(self, text: Text) -> int:
        """Where it stands."""
        return text.bits[self.slot]

    def _find(self, text: Text, window: Window) -> Spans | None:
        return [(position, position, self, None) for position in text.positions(self.slot)] or None

    def clause(self, span: Span) -> Node:
        """The word itself."""
        return self._node

    def printed(self, span: Span) -> str:
        """The word as the printer writes it."""
        if self._printed is None:
            self._printed = print_node(self._node)
        return self._printed


class Leaf(Local):
    """A word or phrase that is more than one plain token: several sequences of steps."""

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
        self._printed: str | None = None
        self.sequences = sequences
        self.words_max = max([steps.last + 1 for steps in sequences], default=1)
        if len(sequences) == 1:
            self.required = sequences[0].slots

    def _where(self, text: Text) -> int:
        starts = ends = 0
        for steps in self.sequences:
            bits = steps.starts(text)
            starts |= bits
            ends |= bits << steps.last
        if self.words_max > 1:
            text.ends[self.number] = ends
        return starts

    def _find(self, text: Text, window: Window) -> Spans | None:
        if len(self.sequences) == 1:
            places = self.sequences[0].places(text)
        else:
            places = sorted({place for steps in self.sequences for place in steps.places(text)})
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
        if self._printed is None:
            self._printed = print_node(self._node)
        return self._printed


class PhraseLeaf(Local):
    """A phrase of plain words: the automaton has found where they stand, unless they stand in two sentences."""

    is_plain = True

    def __init__(
        self, number: int, slot: int, weight: float, node: Word | Phrase, words: tuple[tuple[str, ...], ...]
    ) -> None:
        needs = frozenset((slot,))
        super().__init__(number, needs, weight)
        self.required = needs
        self.slot = slot
        self._node = node
        self._printed: str | None = None
        self.words = words
        self.words_max = max(map(len, words))

    def holds(self, text: Text) -> bool:
        """Whether it stands in the article; sentences are asked for only where something may end one in it."""
        if text.unmasked is None:
            return any(text.stands_in_one(first, last) for first, last in text.phrases(self.slot))
        return super().holds(text)

    def _where(self, text: Text) -> int:
        starts, text.ends[self.number] = text.phrase_bits[self.slot]
        return starts

    def _find(self, text: Text, window: Window) -> Spans | None:
        sentences = text.numbers("SENTENCE")
        return [
            (first, last, self, None)
            for first, last in sorted(text.phrases(self.slot))
            if sentences[first] == sentences[last]
        ] or None

    def clause(self, span: Span) -> Node:
        """The word or phrase itself."""
        return self._node

    def printed(self, span: Span) -> str:
        """The word or phrase as the printer writes it."""
        if self._printed is None:
            self._printed = print_node(self._node)
        return self._printed


class LocalOr(Composite, Local):
    """An OR of local nodes, such as a list. Its words share a slot, and its phrases, so it is known at once where they
    stand; which of them it is that stands there is asked for spans only."""

    def __init__(
        self,
        number: int,
        needs: frozenset[int] | None,
        weight: float,
        nodes: Iterable[Local],
        slots: tuple[int | None, int | None],
    ) -> None:
        super().__init__(number, needs, weight)
        self.slot, self.phrase_slot = slots
        words: dict[str, list[WordLeaf]] = {}
        prefixes: dict[str, list[WordLeaf]] = {}
        self._phrases: dict[int, PhraseLeaf] = {}
        self.others: list[Local] = []
        # Each node once: a list may be named twice.
        nodes = list(dict.fromkeys(nodes))
        for node in nodes:
            match node:
                case WordLeaf(tests=tests):
                    for text, prefix in tests:
                        (prefixes if prefix else words).setdefault(text, []).append(node)
                case PhraseLeaf(slot=slot):
                    self._phrases[slot] = node
                case _:
                    self.others.append(node)
        self._words = _lean(words)
        self._prefixes = _lean(prefixes)
        self._prefix_lengths = tuple(sorted(set(map(len, prefixes))))
        self.is_words = self.slot is not None and not self._phrases and not self.others
        if self.is_words:
            self.word_slot = self.slot
            self.required = self.needs or frozenset()
        self.is_plain = all(node.is_plain for node in nodes)
        self.words_max = max([node.words_max for node in nodes], default=1)

    def holds(self, text: Text) -> bool:
        """Whether one of them stands in the article; a word is enough, and a phrase that is in one sentence."""
        if self.slot is not None and text.unmasked is None and text.slots[self.slot]:
            return True  # no matter where
        if self.sure(text) != 0:
            return True
        if self.phrase_slot is not None and text.phrase_bits[self.phrase_slot][0]:
            found = self._phrases.keys() & text.found_phrases()
            if any(self._phrases[slot].holds(text) for slot in found):
                return True
        return any(node.holds(text) for node in self.others if text.fills(node.required))

    def worked_out(self, text: Text) -> int:
        if not self.is_words or self.slot is None:
            return super().worked_out(text)
        bits = text.wheres[self.number] = text.bits[self.slot]
        return bits

    def known(self, text: Text, window: Window) -> int:
        return text.bits[self.slot] if self.is_words and self.slot is not None else super().known(text, window)

    def sure(self, text: Text) -> int:
        """Where words stand whose case does not count."""
        bits = 0 if self.slot is None else text.bits[self.slot]
        for node in self.others:
            bits |= node.sure(text)
        return bits

    def _find(self, text: Text, window: Window) -> Spans | None:
        spans: Spans = []
        if self.slot is not None:
            self._add_words(text, text.bits[self.slot], spans)
        if self.phrase_slot is not None and text.phrase_bits[self.phrase_slot][0]:
            for slot in self._phrases.keys() & text.found_phrases():
                spans += self._phrases[slot].spans(text) or ()
        for node in self.others:
            if text.fills(node.required):
                spans += node.spans(text) or ()
        if len(spans) > 1:
            spans.sort()
        return spans or None

    def _slice(self, text: Text, window: Window) -> Spans | None:
        spans: Spans = []
        start, end, _ = window
        within = (1 << end - start) - 1
        if self.slot is not None:
            bits = text.bits[self.slot] >> start & within
            if bits:
                self._add_words(text, bits << start, spans)
        if self.phrase_slot is not None and text.phrase_bits[self.phrase_slot][0] >> start & within:
            for slot in self._phrases.keys() & text.found_phrases():
                spans += self._phrases[slot].find(text, window) or ()
        for node in self.others:
            if text.fills(node.required):
                spans += node.find(text, window) or ()
        if len(spans) > 1:
            spans.sort()
        return spans or None

    def phrases_at(self, text: Text, first: int, last: int) -> list[Local]:
        """Those of its phrases that stand at a place; sentences are not asked for."""
        slots = text.phrases_at(first, last)
        return [self._phrases[slot] for slot in slots if slot in self._phrases]

    def _add_words(self, text: Text, bits: int, spans: Spans) -> None:
        tokens = text.tokens
        while bits:
            lowest = bits & -bits
            bits ^= lowest
            position = lowest.bit_length() - 1
            spans.extend((position, position, leaf, None) for leaf in self.words_of(tokens[position]))

    def words_of(self, token: str) -> list[WordLeaf]:
        """Those of its words that a token is."""
        found = [self._words.get(token, ())]
        for length in self._prefix_lengths:
            if length > len(token):
                break
            found.append(self._prefixes.get(token[:length], ()))
        leaves: list[WordLeaf] = []
        for each in found:
            if isinstance(each, WordLeaf):
                leaves.append(each)
            else:
                leaves += each
        return leaves


def _lean(words: dict[str, list[WordLeaf]]) -> dict[str, WordLeaf | tuple[WordLeaf, ...]]:
    """Nearly always it is one, and a list for each would take more memory than all else of an OR."""
    return {text: leaves[0] if len(leaves) == 1 else tuple(leaves) for text, leaves in words.items()}


class Key(Asked):
    """A key field: its slot says it all."""

    is_text = False

    def __init__(self, number: int, slot: int, weight: float, node: KeyField) -> None:
        super().__init__(number, frozenset((slot,)), weight)
        self.required = frozenset((slot,))
        self._node = node
        self.slot = slot

    def _where(self, text: Text) -> int:
        return text.everywhere if text.slots[self.slot] else 0

    def _find(self, text: Text, window: Window) -> Spans | None:
        return [(-1, -1, self, None)] if text.slots[self.slot] else None

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
        for first, last, field, start, end, touches in self._around(text, window):
            bit, low, high = (TITLE, 0, text.title_end) if field == "title" else (BODY, text.title_end, text.end)
            if not window[2] & bit:
                continue
            whole_field = window[0] <= low and high <= window[1]
            if whole_field or (window[0] <= first and last < window[1]):
                spans.append((first, last, self, (field, start, end, touches)))
        return spans or None

    def _around(self, text: Text, window: Window) -> list[RegexSpan]:
        """What may lie in a window: neither first nor last positions ever descend, so the rest is not looked at. In a
        field without words they are the one behind the window, which is therefore let in."""
        spans = text.regex_spans(self._node.pattern)
        low = bisect_left(spans, window[0], key=_by_first)
        return spans[low : bisect_right(spans, window[1], low, key=_by_last)]

    def leaves(self, span: Span) -> Iterator[int]:
        """The words that it touches."""
        return super().leaves(span) if span[3][3] else iter(())

    def clause(self, span: Span) -> Node:
        """The regex itself."""
        return self._node
