"""The expression tree as text; parsing the text gives the same tree."""

from __future__ import annotations

import re
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

_BARE_VALUE = re.compile(r"[^\W_](?:[\w\-'./:])*\Z")


def print_node(node: Node) -> str:
    """The node in the notation of rule files. An Or that came from a list is printed as `@name`."""
    return _print(node, expand=False)


def print_expanded(node: Node) -> str:
    """As `print_node`, with the items of lists written out behind their names: the canonical form for the digest."""
    return _print(node, expand=True)


def _print(node: Node, *, expand: bool) -> str:  # noqa: C901 - one arm for each kind of node
    def sub(inner: Node) -> str:
        return _print(inner, expand=expand)

    match node:
        case Word():
            return _word(node)
        case Phrase(words=words):
            return ("~" if words[-1].inflected else "") + '"' + " ".join(_bare_word(w) for w in words) + '"'
        case ListRef(name=name):
            return f"@{name}"
        case KeyField():
            return _key_field(node, expand=expand)
        case Regex(pattern=pattern):
            return f'regex:"{pattern}"'
        case And(operands=operands):
            return _and(operands, expand=expand)
        case Or(operands=operands, name=None):
            return " OR ".join(_bracketed(o, (And, Or), expand=expand) for o in operands)
        case Or(operands=operands, name=name):
            return f"@{name}" + (f"({' | '.join(sub(o) for o in operands)})" if expand else "")
        case Not(operand=operand):
            return "NOT " + _bracketed(operand, (And, Or), expand=expand)
        case Near():
            return _near(node, expand=expand)
        case Scoped(kind=kind, operand=operand):
            return f"{kind}({sub(operand)})"
        case Lead(words=count, operand=operand):
            return f"LEAD/{count}({sub(operand)})"
        case AtLeast(count=count, operand=operand):
            return f"ATLEAST/{count}({sub(operand)})"
        case AnyOf(count=count, operands=operands):
            return f"ANY/{count}({', '.join(sub(o) for o in operands)})"
        case FieldScoped(name=field, operand=operand):
            return f"{field}:" + _bracketed(operand, (And, Or, Not, Near), expand=expand)
    assert_never(node)


def _word(word: Word) -> str:
    return ("~" if word.inflected else "") + _bare_word(word)


def _bare_word(word: Word) -> str:
    return word.text + ("*" if word.prefix else "")


def _key_field(node: KeyField, *, expand: bool) -> str:
    if node.list_name is not None:
        # Else one value `a | b` would read as the two values `a` and `b` do.
        values = (f'"{value}"' if "|" in value else value for value in node.values)
        return f"{node.name}:@{node.list_name}" + (f"({' | '.join(values)})" if expand else "")
    value = node.value + ("*" if node.prefix else "")
    bare = _BARE_VALUE.match(node.value) is not None
    return f"{node.name}:{value}" if bare else f'{node.name}:"{value}"'


def _and(operands: tuple[Node, ...], *, expand: bool) -> str:
    parts = [_bracketed(operands[0], (And, Or), expand=expand)]
    parts += ["AND " + _bracketed(o, (And, Or), expand=expand) for o in operands[1:]]
    return " ".join(parts)


def _near(node: Near, *, expand: bool) -> str:
    operator = ("NOT " if node.negated else "") + ("ONEAR" if node.ordered else "NEAR") + f"/{node.distance}"
    same = (
        isinstance(node.left, Near) and node.left.ordered == node.ordered and node.left.negated == node.negated
    )  # left-associative: only a chain of one kind goes without brackets
    left = _print(node.left, expand=expand) if same else _bracketed(node.left, (And, Or, Not, Near), expand=expand)
    return f"{left} {operator} {_bracketed(node.right, (And, Or, Not, Near), expand=expand)}"


def _bracketed(node: Node, kinds: tuple[type, ...], *, expand: bool) -> str:
    text = _print(node, expand=expand)
    is_list = isinstance(node, Or) and node.name is not None
    return f"({text})" if isinstance(node, kinds) and not is_list else text
