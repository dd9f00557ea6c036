"""Nodes as `redline_native` knows them: what is needed to tell where they hold, and nothing to show it by."""

from __future__ import annotations

from collections.abc import Sequence

from stream.clean.native import NativeNode, NativeNodes
from stream.matching.asked import Asked
from stream.matching.connect import Absent, AllOf, Each, First, Narrowed, Repeated, SomeOf, Within
from stream.matching.leaves import Key, Leaf, LocalOr, PhraseLeaf, Steps, WordLeaf
from stream.matching.near import LocalNear, WindowNear
from stream.matching.text import TITLE

NativeStep = tuple[int, tuple[list[str], list[str]] | None]


class Translator:
    """Translates the nodes of one compiler, each once, when it is first asked for."""

    def __init__(self) -> None:
        self.nodes: dict[int, Asked] = {}
        """All that were translated, by their numbers."""
        self.codes: dict[int, NativeNode | None] = {}
        """What stands for them."""

    def code(self, node: Asked, make: NativeNodes) -> NativeNode | None:
        """What stands for a node; None if it has a regex in it, which only Python can ask."""
        if node.number not in self.codes:
            # In this order: another thread that finds its code may at once be told of the node.
            self.nodes[node.number] = node
            self.codes[node.number] = self._new(node, make)
        return self.codes[node.number]

    def _new(self, node: Asked, make: NativeNodes) -> NativeNode | None:
        operands = _operands(node)
        codes = [code for operand in operands if (code := self.code(operand, make)) is not None]
        return None if len(codes) < len(operands) else _native(node, codes, make)


def _operands(node: Asked) -> Sequence[Asked]:
    """The nodes within one that are asked by themselves; of an OR not its words and phrases, which have its slots."""
    match node:
        case AllOf(nodes=nodes) | SomeOf(nodes=nodes) | LocalOr(others=nodes):
            return nodes
        case LocalNear(left=left, right=right) | WindowNear(left=left, right=right):
            return left, right
        case Absent(operand=operand) | Narrowed(operand=operand):
            return (operand,)
    return ()


def _native(node: Asked, codes: Sequence[NativeNode], make: NativeNodes) -> NativeNode | None:
    number, required = node.number, sorted(node.required)
    match node:
        case WordLeaf(slot=slot):
            return make.word(number, slot)
        case PhraseLeaf(slot=slot):
            return make.phrase(number, slot)
        case Leaf(sequences=sequences):
            return make.steps(number, required, [_steps(each) for each in sequences])
        case LocalOr(slot=words, phrase_slot=phrases):
            return make.local_or(number, required, words, phrases, codes)
        case LocalNear() | WindowNear():
            left, right = codes
            negated, is_local = isinstance(node, WindowNear) and node.negated, isinstance(node, LocalNear)
            return make.near(number, required, left, right, node.distance, node.ordered, negated, is_local)
        case Key(slot=slot):
            return make.key(number, slot)
        case AllOf():
            return make.all_of(number, required, codes)
        case SomeOf(count=count):
            return make.some_of(number, count, codes)
        case Absent():
            return make.absent(number, *codes)
        case Each(unit=unit):
            return make.each(number, unit, *codes)
        case First(words=count):
            return make.first(number, count, *codes)
        case Within(field=field):
            return make.within(number, field == TITLE, *codes)
        case Repeated(count=count):
            return make.repeated(number, count, *codes)
    return None


def _steps(steps: Steps) -> list[NativeStep]:
    return [
        (step.slot, None if step.forms is None else (sorted(step.forms), list(step.prefixes))) for step in steps.steps
    ]
