"""Which expressions are worth asking of an article: all of them looked at together, a bit for each.

    rule 0   (strike | raid) AND kyiv       conditions    0: strike or raid    1: kyiv
    rule 1   truce                                        0: truce             1: –

    bits     condition 1 of rule 1, 0       condition 0 of rule 1, 0
    raid                      0   0                        0   1
    kyiv                      0   1                        0   0
    always                    1   0                        0   0          a condition that a rule does not have

For each rule a few conditions are known: of each one slot is filled wherever the rule holds. A token that fills slots
has the bits of the conditions that these meet. Those of an article are joined, and a rule may hold if all of its bits
are there, which a few operations on integers answer for all rules at once. One bit more of each rule is that of what
must not be there, and a rule that asks for nothing else is settled with it. (Lucene Monitor's presearcher asks an
index of queries for one rare term of each; that more of a query's terms make it more selective, its authors say too.)

Rules that are a single phrase need no bits. The automaton finds the phrases, each knows its rules, and nearly always
it is plain that no sentence ends within one (see `clean.stops`): they cost nothing where their phrase does not stand.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import chain

from stream.clean import native
from stream.clean.stops import may_stop
from stream.matching.asked import Asked, Local
from stream.matching.connect import Absent, AllOf, Narrowed
from stream.matching.leaves import Key, PhraseLeaf
from stream.matching.near import LocalNear, WindowNear
from stream.matching.sieve import Among, Sieve
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary

CONDITIONS_MAX = 3
"""Of an expression, the ones that are expected to be met most rarely."""

FEW_PHRASES_MAX = 8
"""So many are asked one by one whether a sentence ends in them; of more, signs are looked for in the whole text."""

Condition = frozenset[int]
"""Slots of which one is filled wherever the expression holds."""


class Prefilter:
    """Chooses among some nodes, known by their indices, given the slots that an article fills.

    `exclusions` are nodes, for each of those, that shut it where they hold. Of those among `alone`, which have none,
    single phrases are left to `by_phrases`. `settled`: the indices of nodes that hold wherever they are chosen.
    """

    def __init__(
        self,
        nodes: Sequence[Asked],
        vocabulary: Vocabulary,
        exclusions: Sequence[Sequence[Asked]] | None = None,
        *,
        alone: Container[int] = (),
    ) -> None:
        by_slot: dict[int, list[int]] = {}
        for index, node in enumerate(nodes):
            if isinstance(node, PhraseLeaf) and index in alone:
                by_slot.setdefault(node.slot, []).append(index)
        # By the number of a phrase its nodes.
        self._alone: list[tuple[int, ...]] = []
        if by_slot:
            of_phrases_found = vocabulary.by_phrase(by_slot)
            self._alone = [of_phrases_found.get(number, ()) for number in range(max(of_phrases_found) + 1)]
        package = native.package()
        self._native = None if package is None else package.Alone(self._alone)
        of_phrases = set(chain.from_iterable(by_slot.values()))
        indices = [index for index in range(len(nodes)) if index not in of_phrases]
        known = {index: conditions_of(nodes[index]) for index in indices}
        of_nodes = {index: _rarest(conditions, vocabulary.weights) for index, conditions in known.items()}
        self.settled = frozenset(
            index for index in indices if is_settled(nodes[index]) and len(known[index]) <= CONDITIONS_MAX
        )
        layers = max(map(len, of_nodes.values()), default=0)
        self._sieve = Sieve(indices, layers)
        always: list[int] = []
        wires: dict[int, list[int]] = {}
        for place, index in enumerate(indices):
            conditions = of_nodes[index]
            for layer in range(layers):
                bit = self._sieve.bit(layer, place)
                if layer >= len(conditions):
                    always.append(bit)
                    continue
                for slot in conditions[layer]:
                    wires.setdefault(slot, []).append(bit)
            for absent in shutting(nodes[index], exclusions[index] if exclusions else ()):
                wires.setdefault(absent, []).append(self._sieve.shut(place))
        self._sieve.set_always(always)
        vocabulary.watch(wires, self._sieve.size)

    def among(self, indices: Iterable[int]) -> Among:
        """The nodes with some indices, for `chosen`."""
        return self._sieve.among(indices)

    def chosen(self, text: Text, among: Among) -> list[int]:
        """The indices of the nodes asked about that may hold, ascending; of those left to `by_phrases`, none."""
        return text.chosen(self._sieve, among) if among.bits else []

    def by_phrases(self, text: Text) -> list[int]:
        """The indices of single phrases that hold in the text, ascending."""
        found = text.found
        if not self._alone or not found:
            return []
        if self._native is None or isinstance(found, list):
            return self._by_phrases(text, found if isinstance(found, list) else found.all())
        words = text.read.native_words()
        if words is None:
            certain, others = self._native.held(found, text.may_end)
        else:
            certain, others = self._native.held_in(found, words, may_stop)
        if others:
            certain, _ = self._native.held(found, text.sentence_ends)
        return certain

    def _by_phrases(self, text: Text, all_found: list[tuple[int, int, int]]) -> list[int]:
        alone, size = self._alone, len(self._alone)
        held: set[int] = set()
        others = all_found
        if len(all_found) > FEW_PHRASES_MAX:
            # All but a few lie between signs that may end a sentence.
            may_end = text.may_end.find
            others = []
            for found in all_found:
                number, start, end = found
                if number < size:
                    if may_end(1, start, end - 1) < 0:
                        held.update(alone[number])
                    else:
                        others.append(found)
        for number, start, end in others:
            if number < size and not held.issuperset(alone[number]) and text.stands_in_one(start, end - 1):
                held.update(alone[number])
        return sorted(held)


def conditions_of(node: Asked) -> set[Condition]:
    """All that is known of where a node can hold."""
    conditions = {frozenset((slot,)) for slot in node.required}
    if node.needs is not None and conditions.isdisjoint(frozenset((slot,)) for slot in node.needs):
        conditions.add(node.needs)
    match node:
        case AllOf(nodes=nodes):
            return conditions.union(*map(conditions_of, nodes))
        case Narrowed(operand=operand):
            return conditions | conditions_of(operand)
        case WindowNear(negated=True, left=left):
            return conditions | conditions_of(left)
        case LocalNear(left=left, right=right) | WindowNear(left=left, right=right):
            return conditions | conditions_of(left) | conditions_of(right)
    return conditions


def is_settled(node: Asked) -> bool:
    """Whether a node holds wherever all of its conditions are met and nothing shuts it."""
    if isinstance(node, AllOf):
        return all(_slot(each.operand if isinstance(each, Absent) else each) is not None for each in node.nodes)
    return _slot(node) is not None


def shutting(node: Asked, exclusions: Sequence[Asked]) -> set[int]:
    """Slots of which none is filled where a node holds and its exclusions do not."""
    absent = [each.operand for each in node.nodes if isinstance(each, Absent)] if isinstance(node, AllOf) else []
    return {slot for each in (*absent, *exclusions) if (slot := _slot(each)) is not None}


def _slot(node: Asked) -> int | None:
    """The slot of a node that holds wherever its slot is filled, and nowhere else."""
    return node.slot if isinstance(node, Key) else node.word_slot if isinstance(node, Local) else None


def _rarest(conditions: set[Condition], weights: Sequence[float]) -> list[Condition]:
    """The first few; what decides between two that weigh the same must not depend on how sets are ordered."""
    ordered = sorted((sum(weights[slot] for slot in condition), sorted(condition)) for condition in conditions)
    return [frozenset(condition) for _, condition in ordered[:CONDITIONS_MAX]]
