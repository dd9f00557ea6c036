"""The expression tree. Every node keeps the place where it stood in the rule file; printing is in `printer`.

    Node = Word | Phrase | ListRef | KeyField | Regex        leaves
         | And | Or | Not | Near | Scoped | AtLeast | AnyOf | Lead | FieldScoped

Trees come out of `grammar.parse` with ListRefs in them; `compiler` resolves those to Ors of their items.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a rule file: 1-based line and column, and its length in code points."""

    line: int
    column: int
    length: int


NOWHERE = Place(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Word:
    """`word`, `~word` (inflected) or `word*` (prefix), as written; how it is read is `clean.read`'s business."""

    text: str
    inflected: bool = False
    prefix: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`"two words"` or `~"two words"` (last word inflected). Words inside may end in `*`."""

    words: tuple[Word, ...]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ListRef:
    """`@name`; the compiler replaces it by an Or of the list's items."""

    name: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class KeyField:
    """`source:reuters`, `topic:energy`: a key field equal as a whole (folded), or by prefix with `*`."""

    name: str
    value: str
    prefix: bool = False
    list_name: str | None = None
    values: tuple[str, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Regex:
    """`regex:"…"` in RE2 syntax, run on each text field as received."""

    pattern: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold in the article; a `Not` operand must not."""

    operands: tuple[Node, ...]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one operand holds. `name` is the list it came from, if any."""

    operands: tuple[Node, ...]
    name: str | None = None
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: Node
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Near:
    """`left NEAR/n right`: n words between at most; `ordered` for ONEAR, `negated` for NOT NEAR."""

    left: Node
    right: Node
    distance: int
    ordered: bool = False
    negated: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Scoped:
    """`SENTENCE(…)`, `PARAGRAPH(…)`: the operand holds within one; `CASE(…)`: compared in the case as written."""

    kind: Literal["SENTENCE", "PARAGRAPH", "CASE"]
    operand: Node
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Lead:
    """`LEAD/n(…)`: the operand holds within the first n words of the body."""

    words: int
    operand: Node
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`ATLEAST/n(…)`: at least n non-overlapping spans, title and body added up."""

    count: int
    operand: Node
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`ANY/k(a, b, …)`: at least k of the operands hold."""

    count: int
    operands: tuple[Node, ...]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class FieldScoped:
    """`title:atom`, `body:atom`: the operand is asked of that field only."""

    name: Literal["title", "body"]
    operand: Node
    place: Place = field(default=NOWHERE, compare=False)


Node = (
    Word | Phrase | ListRef | KeyField | Regex | And | Or | Not | Near | Scoped | Lead | AtLeast | AnyOf | FieldScoped
)
