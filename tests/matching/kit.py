"""What the tests of matching share: expressions as written, and what they find in a text."""

from __future__ import annotations

from typing import Any

from stream.matching import Fired, Limits, Matcher
from stream.matching.evidence import evidence_of
from stream.matching.reference import judge
from stream.model import Evidence
from stream.rulelang.nodes import Node
from tests.matching.strategies import read, rule, rule_set
from tests.rulelang.kit import parse_text


def expression(text: str) -> Node:
    """An expression without lists."""
    node, diagnostics = parse_text(text)
    assert node is not None, diagnostics
    assert not diagnostics
    return node


def evidence(query: str, body: str, **fields: Any) -> tuple[Evidence, ...] | None:
    """The evidence of an expression, by the reference and by the fast path; None if it does not hold."""
    asked = rule(expression(query))
    article = read(body, **fields)
    verdict = judge(asked, article)
    matches = Matcher(rule_set(asked)).match([article])[0]
    if not isinstance(verdict, Fired):
        assert not matches
        return None
    found = evidence_of(verdict.finds, article, Limits())
    assert [match.evidence for match in matches] == [found]
    return found


def texts(query: str, body: str, **fields: Any) -> list[str] | None:
    """The texts of the evidence, in order."""
    found = evidence(query, body, **fields)
    return None if found is None else [piece.text for piece in found]
