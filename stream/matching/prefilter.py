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
"""

from __future__ import annotations

from collections.abc import Sequence

from stream.matching.asked import Asked, Local
from stream.matching.bits import bits_in, positions_of
from stream.matching.connect import Absent, AllOf, Narrowed
from stream.matching.leaves import Key
from stream.matching.near import LocalNear, WindowNear
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary

CONDITIONS_MAX = 3
"""Of an expression, the ones that are expected to be met most rarely."""

Condition = frozenset[int]
"""Slots of which one is filled wherever the expression holds."""


class Prefilter:
    """Chooses among some nodes, known by their indices, given the slots that an article fills.

    `exclusions` are nodes, for each of those, that shut it where they hold. `settled`: the indices of nodes that hold
    wherever they are chosen.
    """

    def __init__(
        self, nodes: Sequence[Asked], vocabulary: Vocabulary, exclusions: Sequence[Sequence[Asked]] | None = None
    ) -> None:
        self._count = len(nodes)
        known = list(map(conditions_of, nodes))
        of_nodes = [_rarest(conditions, vocabulary.weights) for conditions in known]
        self.settled = frozenset(
            index for index, node in enumerate(nodes) if is_settled(node) and len(known[index]) <= CONDITIONS_MAX
        )
        self._layers = max([len(conditions) for conditions in of_nodes], default=0)
        always: list[int] = []
        wires: dict[int, list[int]] = {}
        for index, conditions in enumerate(of_nodes):
            for layer in range(self._layers):
                bit = layer * self._count + index
                if layer >= len(conditions):
                    always.append(bit)
                    continue
                for slot in conditions[layer]:
                    wires.setdefault(slot, []).append(bit)
        shut = self._layers * self._count
        for index, node in enumerate(nodes):
            for absent in shutting(node, exclusions[index] if exclusions else ()):
                wires.setdefault(absent, []).append(shut + index)
        self._always = bits_in(always, shut)
        vocabulary.watch(wires, shut + self._count)

    def chosen(self, text: Text, among: int) -> list[int]:
        """The indices of the nodes that may hold, ascending; `among` has a bit for each node that is asked about."""
        met = text.met | self._always
        for layer in range(self._layers):
            among &= met >> layer * self._count
        among &= ~(met >> self._layers * self._count)
        return list(positions_of(among))


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
