"""Whether whatever one part of an expression finds always has in it what another part finds.

`"red line"` has `line` in it, `~strike` has `strike*`, and `war NEAR/3 peace` has `war`. Only what is certain is said:
words and phrases are compared as they are read, everything else by its shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from stream.clean import read_phrase
from stream.rulelang.inflect import inflections
from stream.rulelang.nodes import And, AnyOf, AtLeast, FieldScoped, Lead, Near, Node, Or, Phrase, Scoped, Word
from stream.rulelang.walk import children

TOKENS_COMPARED_MAX = 50
"""Of longer phrases nothing is said."""

READINGS_CACHED_MAX = 50_000

Token = tuple[str, str | None]
"""A token as it is compared; its case form where case counts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Tokens side by side, and whether any ending of the last one passes."""

    tokens: tuple[Token, ...]
    prefix: bool


def shortest(leaf: Word | Phrase) -> int:
    """How many tokens a word or phrase has at least."""
    words = (leaf,) if isinstance(leaf, Word) else leaf.words
    before = sum(len(_read(word.text)) for word in words[:-1])
    return before + min(len(_read(form)) for form in _forms(words[-1]))


@dataclass(slots=True)
class Wanted:
    """Words and phrases to be found in others, each with the node that it was added for."""

    exact: dict[tuple[Token, ...], Node] = field(default_factory=dict)
    prefixes: dict[tuple[Token, ...], list[tuple[Token, Node]]] = field(default_factory=dict)
    alike: dict[tuple[Node, bool], Node] = field(default_factory=dict)
    lengths: set[int] = field(default_factory=set)

    def add(self, node: Node, asked: Node, *, case: bool) -> None:
        """Add what a node finds by itself, wherever it stands; `asked` is named where that is found in something."""
        match node:
            case Word() | Phrase():
                for reading in _readings(node, case=case) or ():
                    self.lengths.add(len(reading.tokens))
                    if reading.prefix:
                        known = self.prefixes.setdefault(reading.tokens[:-1], [])
                        known.append((reading.tokens[-1], asked))
                    else:
                        self.exact.setdefault(reading.tokens, asked)
            case Or(operands=operands):
                for operand in operands:
                    self.add(operand, asked, case=case)
            case Scoped(kind="CASE", operand=operand):
                self.add(operand, asked, case=True)
            case _:
                return

    def add_alike(self, node: Node, *, case: bool) -> None:
        """Add a node that is found in its like, whatever it asks."""
        self.alike.setdefault((node, case), node)

    def always_in(self, node: Node, *, case: bool, narrowed: bool = False) -> Node | None:
        """The node that is in all that another finds (the first of several); None where that is not certain.

        `narrowed`: it is asked of less text than what was added. Words that stand there stand in the whole too; of what
        is merely alike this is not certain, `title:(war NOT NEAR/3 peace)` says nothing about the body.
        """
        if self.alike and not narrowed and (node, case) in self.alike:
            return self.alike[node, case]
        match node:
            case Word() | Phrase():
                return _one_of_all(self._in_reading(reading) for reading in _readings(node, case=case) or ())
            case Or(operands=operands):
                return _one_of_all(self.always_in(each, case=case, narrowed=narrowed) for each in operands)
            case AnyOf(count=count, operands=operands):
                found = [self.always_in(each, case=case, narrowed=narrowed) for each in operands]
                return next((each for each in found if each is not None), None) if found.count(None) < count else None
            case And() | Near() | Scoped() | Lead() | FieldScoped() | AtLeast():
                case = case or (isinstance(node, Scoped) and node.kind == "CASE")
                narrowed = narrowed or isinstance(node, Lead | FieldScoped) or _is_unit(node)
                operands = (node.left,) if isinstance(node, Near) and node.negated else children(node)
                parts = (self.always_in(each, case=case, narrowed=narrowed) for each in operands)
                return next((each for each in parts if each is not None), None)
            case _:
                return None

    def _in_reading(self, reading: Reading) -> Node | None:
        tokens = reading.tokens
        if len(tokens) > TOKENS_COMPARED_MAX:
            return None
        for length in sorted(self.lengths):
            for start in range(len(tokens) - length + 1):
                part = tokens[start : start + length]
                is_open = reading.prefix and start + length == len(tokens)
                # What counts case finds less: its words are also found where case does not count.
                for each in {part, tuple((token, None) for token, _ in part)}:
                    if (found := self._matching(each, is_open=is_open)) is not None:
                        return found
        return None

    def _matching(self, part: tuple[Token, ...], *, is_open: bool) -> Node | None:
        if not is_open and part in self.exact:
            return self.exact[part]
        token, form = part[-1]
        for (wanted, wanted_form), node in self.prefixes.get(part[:-1], ()):
            if token.startswith(wanted) and (form or "").startswith(wanted_form or ""):
                return node
        return None


def _is_unit(node: Node) -> bool:
    return isinstance(node, Scoped) and node.kind != "CASE"


def _one_of_all(found: Iterator[Node | None]) -> Node | None:
    first = None
    for each in found:
        if each is None:
            return None
        first = each if first is None else first
    return first


def _readings(leaf: Word | Phrase, *, case: bool) -> list[Reading] | None:
    """What a word or phrase may read as; None where a word inside of it is open to any ending."""
    words = (leaf,) if isinstance(leaf, Word) else leaf.words
    if any(word.prefix for word in words[:-1]):
        return None
    before = [token for word in words[:-1] for token in _read(word.text)]
    readings = []
    for form in _forms(words[-1]):
        tokens = (*before, *_read(form))
        if not tokens:
            return None
        readings.append(Reading(tuple((token, form if case else None) for token, form in tokens), words[-1].prefix))
    return readings


def _forms(word: Word) -> Sequence[str]:
    return inflections(word.text) if word.inflected else (word.text,)


@lru_cache(maxsize=READINGS_CACHED_MAX)
def _read(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(read_phrase(text))
