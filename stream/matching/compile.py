"""Expression trees to compiled nodes. Equal sub-expressions of all rules become one node, evaluated once an article."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain
from typing import assert_never

from stream.matching.asked import Asked, Local
from stream.matching.connect import Absent, AllOf, Each, First, Repeated, SomeOf, Within
from stream.matching.keys import wanted_values
from stream.matching.leaves import Key, Leaf, LocalOr, Pattern, PhraseLeaf, Step, Steps, WordLeaf
from stream.matching.near import LocalNear, WindowNear
from stream.matching.terms import TokenTest, plain_words, sequences
from stream.matching.text import BODY, TITLE
from stream.matching.vocabulary import Vocabulary
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    ListRef,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Regex,
    Scoped,
    Word,
)


class Compiler:
    """Compiles expressions over one vocabulary. Numbers of nodes are unique within one compiler."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._nodes: dict[Hashable, Asked] = {}
        # What is compiled stands inside of LEAD, which cuts sentences, or of SENTENCE, which cuts paragraphs.
        self._in_lead = False
        self._in_sentence = False

    def compile(self, node: Node, *, case: bool = False) -> Asked:
        """The compiled form of an expression whose lists are resolved."""
        compiled = self._compile(node, case=case)
        if isinstance(compiled, WordLeaf) and compiled.slot < 0:
            slot = self._vocabulary.add_tokens(frozenset(compiled.tests))
            compiled.fill(slot, self._vocabulary.weights[slot])
        return compiled

    def _compile(self, node: Node, *, case: bool) -> Asked:  # noqa: C901 - one arm for each kind of node
        match node:
            case Word() | Phrase():
                return self._shared((node, case), lambda number: self._leaf(number, node, case=case))
            case Regex():
                return self._shared(node, lambda number: Pattern(number, node))
            case KeyField():
                return self._shared(node, lambda number: self._key(number, node))
            case And(operands=operands):
                nodes = self._all(operands, case=case)
                return self._shared((AllOf, _numbers(nodes)), lambda number: AllOf(number, nodes))
            case Or(operands=operands):
                nodes = [self._compile(operand, case=case) for operand in operands]
                local = [node for node in nodes if isinstance(node, Local)]
                if len(local) == len(nodes):
                    return self._shared((Or, _numbers(nodes)), lambda number: self._local_or(number, local))
                nodes = self._all(operands, case=case)
                return self._shared((Or, _numbers(nodes)), lambda number: SomeOf(number, *_any_needs(nodes), 1, nodes))
            case AnyOf(count=count, operands=operands):
                nodes = self._all(operands, case=case)
                return self._shared((AnyOf, count, _numbers(nodes)), lambda number: _some(number, count, nodes))
            case Not(operand=operand):
                inner = self.compile(operand, case=case)
                return self._shared((Not, inner.number), lambda number: Absent(number, inner))
            case Near():
                return self._near(node, case=case)
            case Scoped(kind="CASE", operand=operand):
                return self._compile(operand, case=True)
            case Scoped(kind="SENTENCE" | "PARAGRAPH" as unit, operand=operand):
                parts = self._in_lead or (unit == "PARAGRAPH" and self._in_sentence)
                outside, self._in_sentence = self._in_sentence, self._in_sentence or unit == "SENTENCE"
                inner = self.compile(operand, case=case)
                self._in_sentence = outside
                return self._shared((unit, inner.number, parts), lambda number: Each(number, unit, inner, parts=parts))
            case Lead(words=words, operand=operand):
                outside, self._in_lead = self._in_lead, True
                inner = self.compile(operand, case=case)
                self._in_lead = outside
                return self._shared((Lead, words, inner.number), lambda number: First(number, words, inner))
            case FieldScoped(name=name, operand=operand):
                inner = self.compile(operand, case=case)
                field = TITLE if name == "title" else BODY
                return self._shared((FieldScoped, name, inner.number), lambda number: Within(number, field, inner))
            case AtLeast(count=count, operand=operand):
                inner = self.compile(operand, case=case)
                return self._shared((AtLeast, count, inner.number), lambda number: Repeated(number, count, inner))
            case ListRef(name=name):
                raise AssertionError(f"the list @{name} was not resolved; the compiler of rule files leaves none")
            case Scoped():
                raise AssertionError(f"unknown scope {node.kind!r}")
        assert_never(node)

    def _shared(self, key: Hashable, make: Callable[[int], Asked]) -> Asked:
        known = self._nodes.get(key)
        if known is None:
            known = self._nodes[key] = make(len(self._nodes))
        known.uses += 1
        return known

    def _all(self, operands: Iterable[Node], *, case: bool) -> list[Asked]:
        return [self.compile(operand, case=case) for operand in operands]

    def _near(self, node: Near, *, case: bool) -> Asked:
        left = self.compile(node.left, case=case)
        right = self.compile(node.right, case=case)
        # Of a NOT NEAR the clause shows the right side as it is written.
        written = node.right if node.negated else None
        key = (Near, left.number, right.number, node.distance, node.ordered, node.negated, written)
        if isinstance(left, Local) and isinstance(right, Local) and not node.negated:
            return self._shared(key, lambda number: LocalNear(number, node, left, right))
        return self._shared(key, lambda number: WindowNear(number, node, left, right))

    def _local_or(self, number: int, nodes: list[Local]) -> LocalOr:
        words = [node for node in nodes if isinstance(node, WordLeaf)]
        phrases = [node for node in nodes if isinstance(node, PhraseLeaf)]
        needs, weight = _any_needs([node for node in nodes if not isinstance(node, WordLeaf | PhraseLeaf)])
        word_slot = phrase_slot = None
        if words:
            word_slot = self._vocabulary.add_tokens(frozenset().union(*[word.tests for word in words]))
        if len(phrases) > 1:
            # Their words have room, since each of them has its own slot.
            phrase_slot = self._vocabulary.add_phrases(list(chain.from_iterable(phrase.words for phrase in phrases)))
        elif phrases:
            phrase_slot = phrases[0].slot
        own = {slot for slot in (word_slot, phrase_slot) if slot is not None}
        weight += sum(self._vocabulary.weights[slot] for slot in own)
        return LocalOr(number, None if needs is None else needs | own, weight, nodes, (word_slot, phrase_slot))

    def _leaf(self, number: int, node: Word | Phrase, *, case: bool) -> Local:
        weights = self._vocabulary.weights
        plain = None if case else plain_words(node)
        if plain is not None:
            # Most words and phrases of most rules: one sequence, and nothing to be read.
            if len(plain) == 1:
                return WordLeaf(number, node, ((plain[0], False),))
            slot = self._vocabulary.add_phrases((plain,))
            if slot is not None:
                return PhraseLeaf(number, slot, weights[slot], node, (plain,))
        found = sequences(node, case=case)
        if found and not case and all(len(tests) == 1 for tests in found):
            return WordLeaf(number, node, dict.fromkeys((test.text, test.prefix) for (test,) in found))
        if found and not case and all(len(tests) > 1 and not any(test.prefix for test in tests) for tests in found):
            words = tuple(tuple(test.text for test in tests) for tests in found)
            slot = self._vocabulary.add_phrases(words)
            if slot is not None:
                return PhraseLeaf(number, slot, weights[slot], node, words)
        alternatives: list[Steps] = []
        anchors: set[int] = set()
        for tests in _merged(found):
            steps = [self._step(choice) for choice in tests]
            rarest = min(range(len(steps)), key=lambda index: weights[steps[index].slot])
            alternatives.append(Steps(steps, rarest))
            anchors.add(steps[rarest].slot)
        clause = Scoped("CASE", node) if case else node
        return Leaf(number, frozenset(anchors), sum(weights[slot] for slot in anchors), clause, alternatives)

    def _step(self, tests: frozenset[TokenTest]) -> Step:
        slot = self._vocabulary.add_tokens({(test.text, test.prefix) for test in tests})
        cased = [test for test in tests if test.case_form is not None]
        if not cased:
            return Step(slot)
        return Step(
            slot,
            frozenset(test.case_form for test in cased if not test.prefix and test.case_form is not None),
            tuple(sorted(test.case_form for test in cased if test.prefix and test.case_form is not None)),
        )

    def _key(self, number: int, node: KeyField) -> Key:
        slot = self._vocabulary.add_key(node.name, set(wanted_values(node)))
        return Key(number, slot, self._vocabulary.weights[slot], node)


def _numbers(nodes: Iterable[Asked]) -> tuple[int, ...]:
    return tuple(node.number for node in nodes)


def _some(number: int, count: int, nodes: list[Asked]) -> SomeOf:
    if count < 1:
        return SomeOf(number, None, 1.0, count, nodes)
    # Of n operands at least k hold, so at least one of any n - k + 1: the rarest ones are looked out for.
    by_weight = sorted(nodes, key=lambda node: (node.needs is None, node.weight))
    return SomeOf(number, *_any_needs(by_weight[: len(nodes) - count + 1]), count, nodes)


def _any_needs(nodes: Sequence[Asked]) -> tuple[frozenset[int] | None, float]:
    needs: set[int] = set()
    for node in nodes:
        if node.needs is None:
            return None, 1.0
        needs |= node.needs
    return frozenset(needs), sum(node.weight for node in nodes)


def _merged(alternatives: tuple[tuple[TokenTest, ...], ...]) -> list[tuple[frozenset[TokenTest], ...]]:
    """Sequences that differ in the last token only become one: `red line | red lines` → `red (line | lines)`."""
    lasts: dict[tuple[TokenTest, ...], list[TokenTest]] = {}
    for sequence in alternatives:
        lasts.setdefault(sequence[:-1], []).append(sequence[-1])
    return [(*(frozenset((test,)) for test in before), frozenset(tests)) for before, tests in lasts.items()]
