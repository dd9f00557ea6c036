"""Going through expression trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

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

Leaf = Word | Phrase | ListRef | KeyField | Regex


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node, left to right; none for a leaf. The words of a phrase are no operands."""
    match node:
        case Word() | Phrase() | ListRef() | KeyField() | Regex():
            return ()
        case And(operands=operands) | Or(operands=operands) | AnyOf(operands=operands):
            return operands
        case Near(left=left, right=right):
            return (left, right)
        case Not(operand=operand) | Scoped(operand=operand) | Lead(operand=operand):
            return (operand,)
        case AtLeast(operand=operand) | FieldScoped(operand=operand):
            return (operand,)
    assert_never(node)


def nodes(node: Node) -> Iterator[Node]:
    """The node and all below it, from the top, left to right."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(children(top)))


def leaves(node: Node) -> Iterator[Leaf]:
    """The leaves, left to right."""
    for inner in nodes(node):
        if isinstance(inner, Word | Phrase | ListRef | KeyField | Regex):
            yield inner
