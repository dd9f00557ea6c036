"""Which expressions are worth asking of an article: all of them looked at together, a bit for each.

    rule 0   (strike | raid) AND kyiv       conditions    0: strike or raid    1: kyiv
    rule 1   truce                                        0: truce             1: –

    bits     condition 1 of rule 1, 0       condition 0 of rule 1, 0
    raid                      0   0                        0   1
    kyiv                      0   1                        0   0
    always                    1   0                        0   0          a condition that a rule does not have

For each rule a few conditions are known: of each one slot is filled wherever the rule holds. A token that fills slots
has the bits of the conditions that these meet. Those of an article are joined, and a rule may hold if all of its bits
are there, which a few operations on integers answer for all rules at once. (Lucene Monitor's presearcher asks an index
of queries for one rare term of each; that more of a query's terms make it more selective, its authors say too.)
"""

from __future__ import annotations

from collections.abc import Sequence

from stream.matching.asked import Asked
from stream.matching.bits import bits_in, positions_of
from stream.matching.connect import AllOf, Narrowed
from stream.matching.near import LocalNear, WindowNear
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary

CONDITIONS_MAX = 3
"""Of an expression, the ones that are expected to be met most rarely."""

Condition = frozenset[int]
"""Slots of which one is filled wherever the expression holds."""


class Prefilter:
    """Chooses among some nodes, known by their indices, given the slots that an article fills."""

    def __init__(self, nodes: Sequence[Asked], vocabulary: Vocabulary) -> None:
        self._count = len(nodes)
        of_nodes = [_rarest(conditions_of(node), vocabulary.weights) for node in nodes]
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
        self._always = bits_in(always, self._layers * self._count)
        vocabulary.watch(wires, self._layers * self._count)

    def chosen(self, text: Text, among: int) -> list[int]:
        """The indices of the nodes that may hold, ascending; `among` has a bit for each node that is asked about."""
        met = text.met | self._always
        for layer in range(self._layers):
            among &= met >> layer * self._count
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


def _rarest(conditions: set[Condition], weights: Sequence[float]) -> list[Condition]:
    """The first few; what decides between two that weigh the same must not depend on how sets are ordered."""
    ordered = sorted((sum(weights[slot] for slot in condition), sorted(condition)) for condition in conditions)
    return [frozenset(condition) for _, condition in ordered[:CONDITIONS_MAX]]
