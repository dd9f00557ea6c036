"""Key fields that no article has together: `lang:en AND lang:de`."""

from __future__ import annotations

from dataclasses import dataclass

from stream.clean import fold_key
from stream.rulelang.nodes import And, AtLeast, FieldScoped, KeyField, Lead, Node, Or, Scoped
from stream.rulelang.ruleset import Scope

PAIRS_COMPARED_MAX = 10_000
"""Of longer lists nothing is said."""

Pattern = tuple[str, bool]
"""A folded value, and whether any ending passes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """That a key field of an article is one of some values; asked by `node`, if by none then by the scope."""

    name: str
    patterns: tuple[Pattern, ...]
    node: Node


def wishes(node: Node) -> list[Wish]:
    """What an expression asks of key fields wherever it holds. An article has many topics, so these are left out."""
    match node:
        case KeyField(name=name) if name != "topic":
            return [Wish(name, _patterns(node), node)]
        case Or(operands=operands):
            fields = [each for each in operands if isinstance(each, KeyField) and each.name != "topic"]
            if len(fields) < len(operands) or len({each.name for each in fields}) != 1:
                return []
            return [Wish(fields[0].name, tuple(p for each in fields for p in _patterns(each)), node)]
        case And(operands=operands):
            return [wish for each in operands for wish in wishes(each)]
        case Scoped(operand=operand) | Lead(operand=operand) | FieldScoped(operand=operand) | AtLeast(operand=operand):
            return wishes(operand)
        case _:
            return []


def of_scope(scope: Scope, node: Node) -> list[Wish]:
    """What a scope asks of key fields."""
    parts = (("lang", scope.lang), ("source", scope.source))
    return [Wish(name, tuple(map(_pattern, values)), node) for name, values in parts if values is not None]


def apart(one: Wish, other: Wish) -> bool:
    """Whether no value is among those of both."""
    if one.name != other.name or len(one.patterns) * len(other.patterns) > PAIRS_COMPARED_MAX:
        return False
    return not any(_meet(a, b) for a in one.patterns for b in other.patterns)


def _meet(one: Pattern, other: Pattern) -> bool:
    (value, is_open), (wanted, is_wide) = one, other
    if is_open and is_wide:
        return value.startswith(wanted) or wanted.startswith(value)
    if is_wide:
        return value.startswith(wanted)
    return wanted.startswith(value) if is_open else value == wanted


def _patterns(node: KeyField) -> tuple[Pattern, ...]:
    if node.list_name is not None:
        return tuple(map(_pattern, node.values))
    return ((fold_key(node.value), node.prefix),)


def _pattern(value: str) -> Pattern:
    return (fold_key(value.removesuffix("*")), value.endswith("*"))
