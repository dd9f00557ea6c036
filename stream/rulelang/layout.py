"""Expressions over several lines: breaks before operators, continuation lines set in by the brackets around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stream.rulelang.nodes import Node
from stream.rulelang.printer import print_node

INDENT = 2

_PIECE = re.compile(r'regex:"[^"]*"|[a-z]+:"[^"]*"|~?"[^"]*"|[()]|[^\s()"]+|\s+')
_OPERATOR = re.compile(r"(?:AND|OR|NOT|O?NEAR/[0-9]+)\Z")


def lay_out(node: Node, width: int) -> list[str]:
    """The printed node in lines of at most `width` code points where its operators allow; joined by blanks the lines
    are what `print_node` gives. A word or phrase is never divided."""
    lines: list[str] = []
    line, depth, start_depth = "", 0, 0
    for part in _parts(print_node(node)):
        if line and len(line) + 1 + len(part) + INDENT * start_depth > width:
            lines.append(" " * (INDENT * start_depth) + line)
            line, start_depth = part, depth
        else:
            line = f"{line} {part}" if line else part
        depth += _opened(part)
    return [*lines, " " * (INDENT * start_depth) + line]


def _parts(text: str) -> Iterator[str]:
    """Stretches that stay on one line: an operand with the operator before it, `NOT NEAR/3 b` as well."""
    part: list[str] = []
    after_operator = False
    for match in _PIECE.finditer(text):
        piece = match.group()
        is_operator = _OPERATOR.match(piece) is not None
        if is_operator and not after_operator and part and part[-1] != "(":
            yield "".join(part).strip()
            part = []
        part.append(piece)
        if not piece.isspace():
            # `AND NOT a` and `NOT NEAR/3 b` begin with two operators; a bracket behind one may be broken inside.
            after_operator = is_operator or (piece == "(" and after_operator)
    yield "".join(part).strip()


def _opened(part: str) -> int:
    opened = 0
    for match in _PIECE.finditer(part):
        opened += (match.group() == "(") - (match.group() == ")")
    return opened
