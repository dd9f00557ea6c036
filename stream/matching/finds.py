"""What a clause found in an article, and what a rule says about it. Positions are token positions of one field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stream.matching.article import TextField
from stream.model import Evidence
from stream.rulelang.nodes import KeyField, Node, Regex
from stream.rulelang.ruleset import Rule


@dataclass(frozen=True, slots=True)
class TextFind:
    """A span of words: tokens `first` to `last`, both included. `leaves` are the positions of the words themselves,
    without those between the sides of a NEAR."""

    clause: Node
    field: TextField
    first: int
    last: int
    leaves: frozenset[int]


@dataclass(frozen=True, slots=True)
class RegexFind:
    """What a regex found: code point offsets `start` to `end` (exclusive) into the field as received.

    `first` and `last` are the tokens that it touches; one that touches none (`!`) counts with the token before it,
    and its `leaves`, the positions of the words touched, are empty.
    """

    clause: Regex
    field: TextField
    start: int
    end: int
    first: int
    last: int
    leaves: frozenset[int]


@dataclass(frozen=True, slots=True)
class KeyFind:
    """A key field that equals one of the values asked for; it stands for the whole field. `topic` is the topic that
    answers `topic:`, the first of several."""

    clause: KeyField
    topic: str | None = None


Find = TextFind | RegexFind | KeyFind


@dataclass(frozen=True, slots=True)
class Fired:
    """The rule holds. `finds` are of the article after masking, each once, in no particular order."""

    finds: tuple[Find, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """The rule does not hold, because of `scope`, `match`, or the exclusions named `exclude:<name>`."""

    reasons: tuple[str, ...]


Verdict = Fired | Quiet


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """One rule that holds for an article, with its evidence; or, with `error` set, a rule that could not be asked."""

    rule: Rule
    evidence: tuple[Evidence, ...]
    error: str | None = None


def leaf_positions(finds: Sequence[Find]) -> dict[TextField, set[int]]:
    """The positions of the words at the leaves, by field: what `mask: phrase` blanks."""
    positions: dict[TextField, set[int]] = {"title": set(), "body": set()}
    for find in finds:
        match find:
            case TextFind(field=field, leaves=leaves) | RegexFind(field=field, leaves=leaves):
                positions[field].update(leaves)
            case KeyFind():
                pass
    return positions
