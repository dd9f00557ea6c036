"""Parts of expressions that can never hold, whatever an article says.

An expression is followed from the top with the most that each field can have there: `LEAD/5` leaves no title and five
words of body, `title:` no body. What is found is certain; much that never holds is not found (`a AND NOT a*b*` …).
`tests/rulelang/test_never.py` holds it to `matching.reference`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

import re2  # type: ignore[import-untyped]

from stream.rulelang.contained import Wanted, shortest
from stream.rulelang.keysapart import Wish, apart, wishes
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
    Place,
    Regex,
    Scoped,
    Word,
)
from stream.rulelang.printer import print_node
from stream.rulelang.ruleset import Exclusion
from stream.rulelang.source import quoted
from stream.rulelang.walk import children

EXPECTED = "a part that can hold"

_BOUNDARY = re.compile(r"\\(.)", re.DOTALL)
_MATCH_BYTES = 8
_WISHES_COMPARED_MAX = 100


@dataclass(frozen=True, slots=True)
class Never:
    """One part that can never hold: what it is, and what to do about it."""

    place: Place
    found: str
    help: str


@dataclass(frozen=True, slots=True)
class _Room:
    """The most words that each field can have where a part is asked; 0: the field is not looked at."""

    title: float = math.inf
    body: float = math.inf

    @property
    def most(self) -> float:
        """The words of the field with more of them; nothing but articles and AND goes over both."""
        return max(self.title, self.body)


def never_in(node: Node, scoped: Sequence[Wish] = ()) -> list[Never]:
    """The parts of an expression that can never hold, the smallest ones. Its lists are put in; `scoped` are the key
    fields that the scope of the rule asks for."""
    search = _Search()
    if search.can(node, _Room(), case=False) and scoped:
        search.beside_scope(node, scoped)
    return search.found


def never_left(match: Node, exclusions: Sequence[Exclusion]) -> Never | None:
    """Whether exclusions take away all that `match` finds, so that the rule never fires.

    Each occurrence of a word or phrase that an exclusion looks for drops the article or is masked. Other expressions
    drop the article when they are the `match` itself or a part that it needs; what they mask is less than they span.
    """
    wanted = Wanted()
    for exclusion in exclusions:
        wanted.add(exclusion.match, exclusion.match, case=False)
        if exclusion.mask == "article":
            wanted.add_alike(exclusion.match, case=False)
    found = wanted.always_in(match, case=False)
    if found is None:
        return None
    said = f"{quoted(print_node(found))}, which is in all that `match` finds, so that the rule never fires"
    return Never(found.place, said, "An exclusion names what is around the word, as in `war NEAR/3 museum` for `war`.")


@dataclass(slots=True)
class _Search:
    found: list[Never] = field(default_factory=list)
    quiet: int = 0
    answers: dict[tuple[int, _Room, bool], bool] = field(default_factory=dict)

    def can(self, node: Node, room: _Room, *, case: bool) -> bool:
        """Whether a node may hold; the parts of it that never do are noted."""
        if not self.quiet:
            return self._can(node, room, case=case)
        # Quiet questions may come again for each of the fields and once more inside of those.
        key = id(node), room, case
        if key not in self.answers:
            self.answers[key] = self._can(node, room, case=case)
        return self.answers[key]

    def _can(self, node: Node, room: _Room, *, case: bool) -> bool:  # noqa: C901 - one arm for each kind of node
        match node:
            case Word() | Phrase():
                return self._fits(node, room)
            case Regex():
                return room.most > 0 and self._finds_something(node)
            case KeyField() | ListRef():
                return True
            case Not(operand=operand):
                self.can(operand, room, case=case)
                return True
            case And():
                return self._all(node, room, case=case)
            case Or(name=str(), operands=operands):
                # The items stand in another place, and are looked at there.
                return self._silently_any(operands, room, case=case)
            case Or(operands=operands):
                return sum([self.can(each, room, case=case) for each in operands]) >= 1
            case AnyOf(operands=operands, count=count):
                return sum([self.can(each, room, case=case) for each in operands]) >= count
            case Near():
                return self._near(node, room, case=case)
            case Scoped(kind="CASE", operand=operand):
                return self.can(operand, room, case=True)
            case Scoped():
                return self._unit(node, room, case=case)
            case Lead(words=words):
                return self._narrowed(node, _Room(0, min(room.body, words)), "title", case=case)
            case FieldScoped(name="title"):
                return self._narrowed(node, _Room(room.title, 0), "body", case=case)
            case FieldScoped():
                return self._narrowed(node, _Room(0, room.body), "title", case=case)
            case AtLeast():
                return self._often(node, room, case=case)
        assert_never(node)

    def beside_scope(self, node: Node, scoped: Sequence[Wish]) -> None:
        """Note a key field that the scope of the rule leaves no article for."""
        for wish in wishes(node):
            for limit in scoped:
                if apart(wish, limit):
                    found = f"{quoted(print_node(wish.node))} in a rule whose scope has another {wish.name}"
                    self._note(wish.node, found, "Change the scope or the field.")
                    return

    def _note(self, node: Node, found: str, help_: str) -> None:
        if not self.quiet:
            self.found.append(Never(node.place, found, help_))

    def _silently(self, node: Node, room: _Room, *, case: bool) -> bool:
        self.quiet += 1
        can = self.can(node, room, case=case)
        self.quiet -= 1
        return can

    def _silently_any(self, operands: Sequence[Node], room: _Room, *, case: bool) -> bool:
        return any(self._silently(each, room, case=case) for each in operands)

    def _fits(self, leaf: Word | Phrase, room: _Room) -> bool:
        if room.most == math.inf:
            return True
        words = shortest(leaf)
        if words <= room.most:
            return True
        self._too_long(leaf, words, room)
        return False

    def _too_long(self, node: Node, words: int, room: _Room) -> None:
        found = f"{quoted(print_node(node))}, {words} words at least, where LEAD leaves {room.most:.0f}"
        self._note(node, found, "Write a larger number behind LEAD.")

    def _finds_something(self, node: Regex) -> bool:
        if not _is_empty_match(node.pattern):
            return True
        found = f"{quoted(print_node(node))}, which matches no character"
        self._note(node, found, "An empty match is no evidence: write a pattern that takes one character or more.")
        return False

    def _all(self, node: And, room: _Room, *, case: bool) -> bool:
        # All of them are asked, so that each is told of.
        if sum([self.can(each, room, case=case) for each in node.operands]) < len(node.operands):
            return False
        wanted, positive = Wanted(), []
        for each in _flat(node):
            if isinstance(each, Not):
                wanted.add(each.operand, each.operand, case=case)
                wanted.add_alike(each.operand, case=case)
            else:
                positive.append(each)
        if wanted.alike:
            for each in positive:
                absent = wanted.always_in(each, case=case)
                if absent is not None:
                    found = f"{quoted(print_node(each))} beside {quoted(f'NOT {_bracketed(absent)}')}, which is in it"
                    help_ = "To leave out some of its places only, write `a NOT NEAR/3 b`, or an exclusion that masks."
                    self._note(each, found, help_)
                    return False
        return self._no_two_apart(node)

    def _no_two_apart(self, node: And) -> bool:
        asked = wishes(node)[:_WISHES_COMPARED_MAX]
        for number, one in enumerate(asked):
            for other in asked[:number]:
                if apart(one, other):
                    pair = f"{quoted(print_node(other.node))} and {quoted(print_node(one.node))}"
                    help_ = f"An article has one {one.name}: write OR between them."
                    self._note(one.node, f"{pair} of one article", help_)
                    return False
        return True

    def _near(self, node: Near, room: _Room, *, case: bool) -> bool:
        left, right = (self.can(side, room, case=case) for side in (node.left, node.right))
        if not node.negated:
            if not (left and right):
                return False
            if room.most == math.inf or (words := _span(node) or 0) <= room.most:
                return True
            self._too_long(node, words, room)
            return False
        if not left:
            return False
        wanted = Wanted()
        wanted.add(node.right, node.right, case=case)
        wanted.add_alike(node.right, case=case)
        if wanted.always_in(node.left, case=case) is None:
            return True
        sides = f"{quoted(print_node(node.right))} is always in {quoted(print_node(node.left))}"
        found = f"{quoted(print_node(node))}, though {sides}"
        self._note(node, found, "Behind NOT NEAR stands a word that may be near, or not.")
        return False

    def _unit(self, node: Scoped, room: _Room, *, case: bool) -> bool:
        if not self.can(node.operand, room, case=case) or room.most == 0:
            return False
        fields = (_Room(room.title, 0), _Room(0, room.body))
        if any(self._silently(node.operand, one, case=case) for one in fields if one.most > 0):
            return True
        unit = node.kind.lower()
        found = f"{quoted(print_node(node))}, of which no {unit} has both the title and the body"
        self._note(node, found, f"Write `title:… AND body:…` without {node.kind}.")
        return False

    def _narrowed(self, node: Lead | FieldScoped, room: _Room, left_out: str, *, case: bool) -> bool:
        if room.most > 0:
            return self.can(node.operand, room, case=case)
        if self._silently(node.operand, room, case=case):
            return True
        found = f"{quoted(print_node(node))}, where what stands around it looks at the {left_out} only"
        self._note(node, found, "LEAD is of the body, and inside `title:` or `body:` there is no other field.")
        return False

    def _often(self, node: AtLeast, room: _Room, *, case: bool) -> bool:
        if not self.can(node.operand, room, case=case):
            return False
        most = _times(node.operand, room)
        if most >= node.count:
            return True
        found = f"{quoted(print_node(node))}, which finds {most:.0f} at most"
        help_ = "ATLEAST counts words and phrases of the text, where LEAD leaves some; fields have one value."
        self._note(node, found, help_)
        return False


def _flat(node: And) -> list[Node]:
    flat: list[Node] = []
    for each in node.operands:
        flat += _flat(each) if isinstance(each, And) else [each]
    return flat


def _bracketed(node: Node) -> str:
    text = print_node(node)
    return f"({text})" if isinstance(node, And) or (isinstance(node, Or) and node.name is None) else text


def _is_empty_match(pattern: str) -> bool:
    """Whether a pattern matches nothing but the empty text (RE2 says between what its matches lie).

    Without its `\\b`, which RE2 takes to stand at a beginning; that can only make it match more.
    """
    if "\\W" in pattern or "\\D" in pattern:
        return False  # they are not those of RE2
    options = re2.Options()
    options.log_errors = False
    wider = _BOUNDARY.sub(lambda escape: "(?:)" if escape[1] in "bB" else escape[0], pattern)
    try:
        _, last = re2.compile(wider, options).possiblematchrange(_MATCH_BYTES)
    except re2.error:
        return False
    return bool(last == b"")


def _span(node: Node) -> int | None:
    """How many words a span of a node has at least; None where it has no spans."""
    match node:
        case Word() | Phrase():
            return shortest(node)
        case Regex():
            return 1
        case KeyField() | ListRef() | Not():
            return None
        case Near(negated=False, left=left, right=right):
            return (_span(left) or 0) + (_span(right) or 0)
        case Near(left=left):
            return _span(left)
        case _:
            return min((span for each in children(node) if (span := _span(each)) is not None), default=None)


def _times(node: Node, room: _Room) -> float:
    """How many spans of a node there can be that do not overlap, at most."""
    match node:
        case Word() | Phrase() | Regex() | Near():
            span = max(1, _span(node) or 1)
            return sum(words // span if words < math.inf else words for words in (room.title, room.body))
        case KeyField() | ListRef() | Not():
            return 0
        case Lead(words=words, operand=operand):
            return _times(operand, _Room(0, min(room.body, words)))
        case FieldScoped(name=name, operand=operand):
            return _times(operand, _Room(room.title, 0) if name == "title" else _Room(0, room.body))
        case _:
            return min(sum(_times(each, room) for each in children(node)), room.title + room.body)
