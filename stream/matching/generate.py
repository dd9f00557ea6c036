"""Where could a node hold? Written out as one function of Python for a whole expression, made when it is first asked.

    SENTENCE(@party ONEAR/2 ~enter AND NOT @denial)         becomes, in short

    a = bits[7]                                             positions of the words of @party
    if a:
        b = bits[9]
        if b:
            t = a << 1; t |= t << 1; t |= t << 1            up to two words behind each of them
            hits = t & b
            …

An article is asked hundreds of such questions, each of a few operations on integers. Asked node by node, nearly all of
the time would go into calls. What the answers mean stands in `Asked`; what is left out here is worked out from spans.

Of a rule nothing but distances and counts gets into the text of a function. Slots and numbers of nodes are defaults of
its parameters, so expressions of one shape share their code: ten thousand rules have few shapes, and most shapes of a
rule set are known when it is loaded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakValueDictionary

from stream.matching.asked import Asked, Composite, Local
from stream.matching.connect import Absent, AllOf, Each, Narrowed, SomeOf
from stream.matching.leaves import LocalOr, PhraseLeaf, WordLeaf
from stream.matching.near import LocalNear, WindowNear
from stream.matching.text import Text

DEPTH_MAX = 40
"""Python allows a hundred levels of indentation; deeper nodes get a function of their own."""


def where_function(node: Asked, *, outermost: bool) -> Callable[[Text], int]:
    """A function that answers `where` of a composite node, and keeps the answers of the nodes within it.

    `outermost`: the node is only asked of the whole article, so of positions nothing matters but that there are some.
    """
    return _Writer().function(node, outermost=outermost)


def decides(node: Asked) -> bool:
    """Whether `where` alone says if a node holds in an article, so that spans are needed for evidence only."""
    match node:
        case AllOf(nodes=nodes):
            return all(decides(each) or (isinstance(each, Absent) and _is_words(each.operand)) for each in nodes)
        case SomeOf(nodes=nodes, count=1):
            return all(map(decides, nodes))
        case Each(whole=True, operand=operand):
            return _decides_units(operand)
    return _is_words(node)


def _decides_units(node: Asked) -> bool:
    """The same for the sentences or paragraphs of an article."""
    match node:
        case AllOf(nodes=nodes) | SomeOf(nodes=nodes, count=1):
            return all(map(_decides_units, nodes))
        case Absent(operand=operand):
            return _is_words(operand)
    return _is_words(node)


def _is_words(node: Asked) -> bool:
    return isinstance(node, WordLeaf) or (isinstance(node, LocalOr) and node.is_words)


_codes: WeakValueDictionary[bytes, CodeType] = WeakValueDictionary()
"""The code of each shape that a function still has, by a digest of its text."""


class _Writer:
    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 1
        self._count = 0
        self._given: dict[str, Any] = {}
        self._numbers: dict[int, str] = {}
        # The operands of a node that is written out here, each with its name, by the name of the node's positions.
        self._parts: dict[str, list[tuple[Asked, str]]] = {}

    def function(self, node: Asked, *, outermost: bool) -> Callable[[Text], int]:
        """Write, compile, and take the function."""
        self._line("bits = text.bits; phrases = text.phrase_bits; slots = text.slots")
        self._line("wheres = text.wheres; outer = text.outermost; ends = text.ends")
        found, _ = self._composite(node, outermost=outermost)
        self._line(f"return {found}")
        source = f"def where(text, {', '.join(self._given)}):\n" + "\n".join(self._lines)
        return FunctionType(_code(source), {}, "where", tuple(self._given.values()))

    def _line(self, line: str) -> None:
        self._lines.append(" " * self._depth + line)

    @contextmanager
    def _if(self, condition: str) -> Iterator[None]:
        self._line(f"if {condition}:")
        self._depth += 1
        yield
        self._depth -= 1

    def _new(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _const(self, letter: str, value: object) -> str:
        name = self._new(letter)
        self._given[name] = value
        return name

    def _slot(self, slot: int) -> str:
        return self._const("s", slot)

    def _id(self, node: Asked) -> str:
        """The parameter for the number of a node."""
        known = self._numbers.get(node.number)
        if known is None:
            known = self._numbers[node.number] = self._const("k", node.number)
        return known

    def _value(self, node: Asked, *, outermost: bool = False) -> tuple[str, str]:
        """Write what finds a node's positions; answers with the names of starts and ends."""
        if isinstance(node, WordLeaf) or (isinstance(node, LocalOr) and node.is_words):
            assert node.slot is not None
            name, slot = self._new("a"), self._slot(node.slot)
            # In the article as a whole it does not matter where.
            self._line(f"{name} = " + (f"slots[{slot}]" if outermost else f"bits[{slot}]"))
            return name, name
        if isinstance(node, PhraseLeaf):
            name, last = self._new("a"), self._new("e")
            self._line(f"{name}, {last} = phrases[{self._slot(node.slot)}]")
            return name, last
        if isinstance(node, Composite):
            # What others share is asked by a function of its own, which remembers; not so what is asked for units.
            if self._depth <= DEPTH_MAX and (node.uses < 2 or not isinstance(node, Local)):
                return self._composite(node, outermost=outermost)
        elif not isinstance(node, Local):
            name = self._new("a")
            self._line(f"{name} = {self._const('f', node.where)}(text)")
            return name, name
        name = self._new("a")
        self._line(f"{name} = wheres.get({self._id(node)})")
        with self._if(f"{name} is None"):
            self._line(f"{name} = {self._const('f', node.worked_out)}(text)")
        if not isinstance(node, Local) or node.words_max == 1:
            return name, name
        last = self._new("e")
        self._line(f"{last} = ends[{self._id(node)}] if {name} else 0")
        return name, last

    def _composite(self, node: Asked, *, outermost: bool) -> tuple[str, str]:
        name = self._new("a")
        self._line(f"{name} = 0")
        # Whoever asks for a function asks for this; of other nodes only an answer that is not 0 is kept.
        match node:
            case LocalNear():
                return name, self._near(node, name)
            case LocalOr():
                return name, self._local_or(node, name)
            case AllOf():
                self._all_of(node, name, outermost=outermost)
            case SomeOf():
                self._some_of(node, name, outermost=outermost)
            case Each():
                self._each(node, name)
            case Narrowed():
                inner, _ = self._value(node.operand)
                self._keep(node, name, inner)
            case WindowNear(left=left, right=right):
                first, _ = self._value(left)
                with self._if(first):
                    if not node.negated:
                        second, _ = self._value(right)
                    self._keep(node, name, first if node.negated else f"{second} and {first}")
            case _:
                raise AssertionError(f"no code for {type(node).__name__}")
        return name, name

    def _local_or(self, node: LocalOr, name: str) -> str:
        last = self._new("e")
        self._line(f"{name} = {last} = " + (f"bits[{self._slot(node.slot)}]" if node.slot is not None else "0"))
        if node.phrase_slot is not None:
            starts, ends = self._new("a"), self._new("e")
            self._line(
                f"{starts}, {ends} = phrases[{self._slot(node.phrase_slot)}]; {name} |= {starts}; {last} |= {ends}"
            )
        for other in node.others:
            with self._if(self._possible(other)):
                found = self._value(other)
                self._line(f"{name} |= {found[0]}; {last} |= {found[1]}")
        self._line(f"if {name}: wheres[{self._id(node)}] = {name}; ends[{self._id(node)}] = {last}")
        return last

    def _keep(self, node: Asked, name: str, value: str) -> None:
        self._line(f"{name} = {value}")
        self._line(f"if {name}: wheres[{self._id(node)}] = {name}")

    def _near(self, node: LocalNear, name: str) -> str:
        last = self._new("e")
        self._line(f"{last} = 0")
        first, second = (node.left, node.right) if node.left_first else (node.right, node.left)
        one = self._value(first)
        with self._if(one[0]):
            other = self._value(second)
            with self._if(other[0]):
                left, right = (one, other) if node.left_first else (other, one)
                self._reach(node, name, last, left, node.left.words_max, right, node.right.words_max)
                if not node.ordered:
                    self._reach(node, name, last, right, node.right.words_max, left, node.left.words_max)
                with self._if(name):
                    self._line(f"wheres[{self._id(node)}] = {name}; ends[{self._id(node)}] = {last}")
        return last

    def _reach(
        self,
        node: LocalNear,
        name: str,
        last: str,
        before: tuple[str, str],
        before_words: int,
        behind: tuple[str, str],
        behind_words: int,
    ) -> None:
        """Intervals of two sides in this order; paragraphs are not asked for."""
        t, hits = self._new("t"), self._new("h")
        self._line(f"{t} = {before[1]} << 1")
        self._smear(t, node.distance, "<<")
        self._line(f"{hits} = {t} & {behind[0]}")
        with self._if(hits):
            self._line(f"{t} = {hits} >> 1")
            self._smear(t, node.distance, ">>")
            self._line(f"{t} &= {before[1]}")
            if before_words > 1:
                self._smear(t, before_words - 1, ">>")
                self._line(f"{t} &= {before[0]}")
            if behind_words > 1:
                self._smear(hits, behind_words - 1, "<<")
                self._line(f"{hits} &= {behind[1]}")
            self._line(f"{name} |= {t}; {last} |= {hits}")

    def _smear(self, name: str, distance: int, shift: str) -> None:
        """Each position, and the `distance` positions behind it or before it."""
        covered = 1
        steps = []
        while covered <= distance:
            step = min(covered, distance + 1 - covered)
            steps.append(f"{name} |= {name} {shift} {step}")
            covered += step
        if steps:
            self._line("; ".join(steps))

    def _all_of(self, node: AllOf, name: str, *, outermost: bool) -> None:
        # One level of indentation however many operands: `flag` says whether all so far could hold.
        flag = self._new("g")
        self._line(f"{flag} = 1")
        if outermost:
            # The window is the article, in which it is sure that these hold.
            for absent in node.absent:
                sure = self._sure(absent)
                if sure is not None:
                    self._line(f"if {flag} and {sure}: {flag} = 0")
        parts = self._parts[name] = []
        for operand in node.nodes:
            with self._if(flag):
                found, _ = self._value(operand, outermost=outermost)
                self._line(f"{flag} = {found}")
                parts.append((operand, found))
        # Every operand has a word in the window, so the set of the rarest will do.
        with self._if(flag):
            self._line(f"{name} = {'outer' if outermost else 'wheres'}[{self._id(node)}] = {parts[0][1]}")

    def _sure(self, node: Asked) -> str | None:
        if isinstance(node, WordLeaf) or (isinstance(node, LocalOr) and node.is_words):
            assert node.slot is not None
            return f"bits[{self._slot(node.slot)}]"
        if isinstance(node, LocalOr):
            return f"{self._const('f', node.sure)}(text)"
        return None

    def _some_of(self, node: SomeOf, name: str, *, outermost: bool) -> None:
        kept = "outer" if outermost else "wheres"
        if node.count < 1:
            self._line(f"{name} = {kept}[{self._id(node)}] = text.everywhere")
            return
        held = self._new("n")
        if node.count > 1:
            self._line(f"{held} = 0")
        parts = self._parts[name] = []
        for operand in node.nodes:
            found = self._new("o")
            self._line(f"{found} = 0")
            parts.append((operand, found))
            with self._if(self._possible(operand)):
                value, _ = self._value(operand, outermost=outermost)
                self._line(f"{found} = {value}")
                if value in self._parts:
                    self._parts[found] = self._parts[value]
                with self._if(found):
                    self._line(f"{name} |= {found}")
                    if node.count > 1:
                        self._line(f"{held} += 1")
        if node.count > 1:
            self._line(f"if {held} < {node.count}: {name} = 0")
        self._line(f"if {name}: {kept}[{self._id(node)}] = {name}")

    def _possible(self, node: Asked) -> str:
        """A look at the slots, before anything is worked out."""
        if node.required:
            return " and ".join(f"slots[{self._slot(slot)}]" for slot in sorted(node.required))
        if node.needs is not None and not isinstance(node, Local):
            return f"text.fills_any({self._const('s', node.needs)})"
        return "1"

    def _each(self, node: Each, name: str) -> None:
        inner, _ = self._value(node.operand)
        with self._if(inner):
            units = self._new("u")
            stretches, lasts, others = self._new("p"), self._new("l"), self._new("m")
            self._line(f"{stretches} = text.stretches({node.unit!r})")
            self._line(f"{lasts} = {stretches}.lasts; {others} = {stretches}.others")
            self._units(node.operand, inner, units, lasts, others, whole=node.whole)
            with self._if(units):
                self._line(f"{name} = wheres[{self._id(node)}] = {inner}; ends[{self._id(node)}] = {units}")

    def _units(self, node: Asked, found: str, units: str, lasts: str, others: str, *, whole: bool) -> None:
        """Write what finds the stretches in which a node could hold; `found` is the name of its positions."""
        parts = self._parts.get(found)
        if isinstance(node, AllOf) and parts:
            self._line(f"{units} = {lasts}")
            for operand, operand_found in parts:
                with self._if(units):
                    part = self._new("u")
                    self._units(operand, operand_found, part, lasts, others, whole=whole)
                    self._line(f"{units} &= {part}")
        elif isinstance(node, SomeOf) and parts:
            self._line(f"{units} = 0")
            for operand, operand_found in parts:
                with self._if(operand_found):
                    part = self._new("u")
                    self._units(operand, operand_found, part, lasts, others, whole=whole)
                    self._line(f"{units} |= {part}")
        elif isinstance(node, Absent):
            sure = self._sure(node.operand) if whole else None
            if sure is None:
                self._line(f"{units} = {lasts}")
            else:
                t = self._new("t")
                self._line(f"{t} = {sure}")
                self._line(f"{units} = {lasts} & ~((({t} & {others}) + {others}) | {t})")
        else:
            self._line(f"{units} = ((({found} & {others}) + {others}) | {found}) & {lasts}")


def _code(source: str) -> CodeType:
    """The code of a function of this text, which is compiled if no function has it."""
    digest = blake2b(source.encode(), digest_size=16).digest()
    code = _codes.get(digest)
    if code is None:
        module = compile(source, "<where>", "exec")
        code = _codes[digest] = next(const for const in module.co_consts if isinstance(const, CodeType))
    return code
