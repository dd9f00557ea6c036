"""Expressions that only gain by more words."""

from __future__ import annotations

from stream.matching.asked import Asked, Local
from stream.matching.connect import AllOf, Narrowed, Repeated, SomeOf
from stream.matching.leaves import Key, LocalOr
from stream.matching.near import LocalNear


def is_monotone(node: Asked) -> bool:
    """Whether the node holds in an article wherever it holds in the same article with some words masked.

    Not so a NOT, nor a regex, which sees blanks in place of the words; nor a NEAR of NEARs: with more words the inner
    intervals become shorter, and so may lie too far away; nor an ATLEAST: a longer span may stand before two that are
    inside of it, and of the three only one is counted.
    """
    if isinstance(node, Local) and node.is_plain:
        return True
    match node:
        case AllOf(nodes=nodes) | SomeOf(nodes=nodes):
            return all(map(is_monotone, nodes))
        case Repeated():
            return False
        case Narrowed(operand=operand):
            return is_monotone(operand)
        case LocalNear(left=left, right=right):
            return left.is_plain and right.is_plain
        case LocalOr(others=others):
            return all(map(is_monotone, others))
    return isinstance(node, Key)
