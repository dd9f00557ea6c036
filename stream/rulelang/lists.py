"""Lists: who names whom, how many atoms a name stands for, and putting the items in the place of the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from stream.clean import fold_key
from stream.rulelang.circles import circles_of
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
from stream.rulelang.rulefile import ListDraft
from stream.rulelang.walk import children, leaves

ATOMS_MAX = 5_000
LIST_LEVELS_MAX = 20


class Lists:
    """All lists by id. Items are expanded once for each list, however often it is named."""

    def __init__(self, drafts: Mapping[str, ListDraft]) -> None:
        self.drafts = drafts
        self._atoms: dict[str, int] = {}
        self._resolved: dict[str, tuple[Node, ...]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.drafts

    def names_in(self, node: Node) -> Iterator[ListRef | KeyField]:
        """The leaves that name a list."""
        for leaf in leaves(node):
            if isinstance(leaf, ListRef) or (isinstance(leaf, KeyField) and leaf.list_name is not None):
                yield leaf

    def order(self) -> tuple[dict[str, int], list[tuple[str, ...]]]:
        """For each list that ends how many levels it has (1: words and phrases alone); and the circles, from a name
        back to itself.

        Kahn's topological sort: lists leave once all that they name have left. What stays is in a circle, or leads
        into one; a circle is found by following names until one comes again. No recursion, linear in the names.
        """
        named = {name: self._named_by(name) for name in self.drafts}
        users: dict[str, list[str]] = {name: [] for name in self.drafts}
        waiting = {name: len(inner) for name, inner in named.items()}
        for name, inner_names in named.items():
            for inner in inner_names:
                users[inner].append(name)
        levels: dict[str, int] = {}
        ready = [name for name, count in waiting.items() if count == 0]
        for name in ready:
            levels[name] = 1 + max((_levels(item, levels) for item in self.drafts[name].items), default=0)
            for user in users[name]:
                waiting[user] -= 1
                if waiting[user] == 0:
                    ready.append(user)
        return levels, circles_of({name: named[name] for name in sorted(named) if name not in levels})

    def atoms(self, node: Node) -> int:
        """How many leaves the tree has once its lists are put in. Usable lists only."""
        return sum(self._atoms_of(list_name(leaf)) for leaf in leaves(node))

    def _atoms_of(self, name: str | None) -> int:
        if name is None or name not in self.drafts:
            return 1
        if name not in self._atoms:
            self._atoms[name] = sum(self.atoms(item) for item in self.drafts[name].items)
        return self._atoms[name]

    def _named_by(self, name: str) -> list[str]:
        named = (list_name(leaf) for item in self.drafts[name].items for leaf in self.names_in(item))
        return [n for n in named if n is not None and n in self.drafts]

    def reached(self, names: Iterable[str | None]) -> set[str]:
        """The known ones among some lists, and all that these name, directly or by way of others."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name is not None and name in self.drafts and name not in reached:
                reached.add(name)
                waiting.extend(self._named_by(name))
        return reached

    def items(self, name: str) -> tuple[Node, ...]:
        """The items of a list, lists inside it put in as Ors with their names. Known and acyclic lists only."""
        if name not in self._resolved:
            self._resolved[name] = tuple(self.resolve(item) for item in self.drafts[name].items)
        return self._resolved[name]

    def values(self, name: str) -> tuple[str, ...]:
        """The items of a list as values of a key field: folded, `*` at the end means prefix, each once."""
        values: list[str] = []
        for item in self.drafts[name].items:
            match item:
                case ListRef(name=inner):
                    values.extend(self.values(inner))
                case Word(text=text, prefix=prefix):
                    values.append(fold_key(text) + "*" * prefix)
                case Phrase(words=words):
                    text = " ".join(w.text + "*" * w.prefix for w in words)
                    values.append(fold_key(text.removesuffix("*")) + "*" * words[-1].prefix)
                case _:
                    pass  # the checker has refused it
        return tuple(dict.fromkeys(values))

    def resolve(self, node: Node) -> Node:
        """The tree with every ListRef replaced by an Or of its items, and lists of values filled in."""
        match node:
            case ListRef(name=name, place=place):
                return Or(self.items(name), name, place)
            case KeyField(list_name=str(name)):
                return replace(node, values=self.values(name))
            case Word() | Phrase() | KeyField() | Regex():
                return node
            case And(operands=operands) | Or(operands=operands) | AnyOf(operands=operands):
                return replace(node, operands=tuple(self.resolve(o) for o in operands))
            case Near(left=left, right=right):
                return replace(node, left=self.resolve(left), right=self.resolve(right))
            case Not(operand=operand) | Scoped(operand=operand) | Lead(operand=operand):
                return replace(node, operand=self.resolve(operand))
            case AtLeast(operand=operand) | FieldScoped(operand=operand):
                return replace(node, operand=self.resolve(operand))
        assert_never(node)


def _levels(node: Node, lists: Mapping[str, int]) -> int:
    """How many nodes stand above the deepest leaf, with the levels of lists that are known."""
    name = list_name(node)
    if name is not None:
        return lists.get(name, 0)
    return max((1 + _levels(child, lists) for child in children(node)), default=0)


def list_name(leaf: Node) -> str | None:
    """The list that a leaf names, if it names one."""
    match leaf:
        case ListRef(name=name):
            return name
        case KeyField(list_name=name):
            return name
        case _:
            return None
