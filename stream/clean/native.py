"""The package `redline_native`, where it is installed (`make native`): reading and matching in machine code.

The Python beside each call defines what comes out and does the same where the package is missing, so it changes how
long things take and nothing else. Tests hold one to the other.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any, Protocol

INTERFACE = 9
"""Rises when the calls below change, and when what has to come out does: the signs, prefixes and ratios of `tokens`,
`stops`, `ends` and `residue` stand in the package as well. One with another number is not used."""

Wrapping = tuple[int, int, int, int]
"""Of texts whose lines may be cut by hand the fewest lines, the lowest median of their lengths, the greatest length of
a line (code points), and how many lines are no longer (percent)."""


class NativeWords(Protocol):
    """The tokens of a text. Offsets are in code points, and ascend. Without tokens it is false: ask for None."""

    @property
    def plain(self) -> str:
        """Plain text, as `stream.clean.tokens.Words` has it."""

    @property
    def tokens(self) -> list[str]:
        """The tokens, put together when they are first asked for."""

    @property
    def joined(self) -> list[tuple[int, int]]:
        """The stretches that are not one token, as `stream.clean.tokens.Words` has them."""

    def __len__(self) -> int: ...

    def stretch(self, position: int) -> tuple[int, int, int]:
        """What stands between two blanks of plain text and holds a token: where it begins, how many letters and digits
        of ASCII it has if it is nothing but these, else 0, and the number of its first token."""

    def units(
        self, edges: Sequence[int], paragraphs: AbstractSet[int]
    ) -> tuple[list[int], list[int], list[int], list[int]]:
        """The stretches between edges that have tokens in them: where each begins and ends, its paragraph, and the
        number of the first token behind it. `paragraphs` are the offsets where those may begin."""

    def stops(self, may_stop: Callable[[str], bool]) -> tuple[bytes, list[int], list[int]] | None:
        """The fields of `stream.clean.stops.Stops`."""


class NativeReader(Protocol):
    """Reads texts, and remembers words."""

    def words(self, text: str) -> NativeWords | None:
        """The tokens of a text; None if it is written in another alphabet or has lone surrogates."""

    def forget(self) -> None:
        """Forget every word seen so far."""


class NativeSentences(Protocol):
    """Finds where sentences end, and remembers stretches."""

    def ends(self, text: str) -> list[int] | None:
        """Where sentences end in a text that has no blanks but ` `; None if it takes the long way to tell."""

    def behind(self, text: str, paragraphs: Sequence[int], words: NativeWords) -> bytes | None:
        """For each token of such a text 1 if a sentence ends behind it, else 0; `paragraphs` are the offsets where
        paragraphs end. None if it takes the long way to tell."""

    def forget(self) -> None:
        """Forget everything seen so far."""


class NativeLines(Protocol):
    """Tells lines that are plainly no residue."""

    def suspects(self, text: str) -> list[tuple[str, bool, bool]] | None:
        """The lines of a text that need a closer look, each with whether its shape and its function do; None if so many
        lack the end of a sentence that they may be a run, or if the text has lone surrogates."""


class NativeFound(Protocol):
    """The phrases found in a text: of each its number, its first token, and the one behind its last."""

    def __len__(self) -> int: ...

    def all(self) -> list[tuple[int, int, int]]:
        """All of them, in the order of their ends."""

    def at(self, start: int, end: int) -> list[int]:
        """The numbers of those that are some tokens: the first of these, and the one behind the last."""

    def numbers(self) -> list[int]:
        """Their numbers."""


class NativePhrases(Protocol):
    """The phrases of a rule set as strings of one character a word."""

    def find(self, encoded: str) -> NativeFound:
        """All of them in a text of one character a token."""

    def find_in(self, filled: NativeFilled) -> NativeFound:
        """The same in a text whose tokens a table knows, by the characters that it has learned."""


class NativePhraseSlots(Protocol):
    """The slots of phrases, by the numbers of these."""


class NativeAlone(Protocol):
    """The indices that stand for each phrase."""

    def held(self, found: NativeFound, may_end: bytes) -> tuple[list[int], list[tuple[int, int, int]]]:
        """The indices of phrases found in which nothing may end, ascending, and phrases in which something may, as far
        as they have other indices. For each token `may_end` is 1 if a sentence may end behind it, else 0.
        """

    def held_in(
        self, found: NativeFound, parts: Sequence[NativeWords], may_stop: Callable[[str], bool]
    ) -> tuple[list[int], list[tuple[int, int, int]]]:
        """The same for some texts, one after the other, with what `NativeWords.stops` says of each."""


class NativeObjects(Protocol):
    """Objects by their indices."""

    def at(self, indices: Sequence[int]) -> list[Any]:
        """Those with some indices."""


class NativeFilled(Protocol):
    """A text's tokens, and which of them fill slots."""

    def met(self) -> int:
        """The bits of all slots that tokens fill."""

    def tokens(self) -> set[str]:
        """The tokens that fill slots."""

    def slots(self, count: int) -> bytearray:
        """For each of `count` slots 1 if a token fills it, else 0."""

    def positions(self, slot: int) -> int:
        """The positions of all tokens that fill a slot, as a set of bits."""

    def are_near(self, left: int, right: int, distance: int, ordered: bool, lasts: Callable[[], Sequence[int]]) -> bool:
        """Whether a token of one slot stands at most `distance` tokens before one of another, in the same paragraph; if
        not `ordered`, also the other way round. `lasts` gives the last positions of all paragraphs, ascending."""


class NativeSieve(Protocol):
    """What `stream.matching.sieve` says of the bits that a text has."""

    def chosen(self, filled: NativeFilled, more: Sequence[int], among: bytes) -> list[int]:
        """The indices of those nodes `among` some that have all of their bits, ascending; the text has `more` bits than
        those of its tokens."""


class NativeNode(Protocol):
    """A node of an expression, with those within it."""


class NativeEvaluation(Protocol):
    """What nodes find in an article. `text` is the `stream.matching.text.Text` of it, which is not kept."""

    def without(self, positions: Sequence[int]) -> NativeEvaluation:
        """The same article with some positions masked."""

    def fill(self, slots: Sequence[int]) -> None:
        """Let the article fill more slots."""

    def holds(self, node: NativeNode, text: Any) -> bool:
        """Whether a node holds in the article."""

    def find(self, node: NativeNode, text: Any, count: int | None) -> list[NativeSpan] | None:
        """What a node finds in the article; None if it does not hold. Of more than `count` places only what begins at
        the first `count`, in reading order, key fields last."""

    def leaves(self, node: NativeNode, text: Any) -> list[int]:
        """The positions of the words at the leaves of all that a node finds in the article."""


NativeSpan = tuple[int, int, int, list[tuple[Any, Any]] | None]
"""First and last position (-1: no words), the number of the node, and the pairs of spans behind an interval. Of what an
OR finds, it is the OR."""


class NativeNodes(Protocol):
    """Makes nodes. Each has a number, and slots that are filled wherever it holds."""

    def word(self, number: int, slot: int) -> NativeNode: ...

    def phrase(self, number: int, slot: int) -> NativeNode: ...

    def steps(
        self,
        number: int,
        required: Sequence[int],
        sequences: Sequence[Sequence[tuple[int, tuple[list[str], list[str]] | None]]],
    ) -> NativeNode:
        """Several sequences of slots, each with its case forms and their prefixes where case counts."""

    def local_or(
        self,
        number: int,
        required: Sequence[int],
        words: int | None,
        phrases: int | None,
        others: Sequence[NativeNode],
    ) -> NativeNode: ...

    def near(
        self,
        number: int,
        required: Sequence[int],
        left: NativeNode,
        right: NativeNode,
        distance: int,
        ordered: bool,
        negated: bool,
        is_local: bool,
    ) -> NativeNode: ...

    def key(self, number: int, slot: int) -> NativeNode: ...

    def all_of(self, number: int, required: Sequence[int], nodes: Sequence[NativeNode]) -> NativeNode: ...

    def some_of(self, number: int, count: int, nodes: Sequence[NativeNode]) -> NativeNode: ...

    def absent(self, number: int, operand: NativeNode) -> NativeNode: ...

    def each(self, number: int, unit: str, operand: NativeNode) -> NativeNode: ...

    def first(self, number: int, words: int, operand: NativeNode) -> NativeNode: ...

    def within(self, number: int, is_title: bool, operand: NativeNode) -> NativeNode: ...

    def repeated(self, number: int, count: int, operand: NativeNode) -> NativeNode: ...


class NativeTable(Protocol):
    """What tokens mean to a set of rules, remembered by their numbers."""

    def fill(
        self, parts: Sequence[NativeWords], bits: int, learn: Callable[[str], tuple[str, Sequence[int], Sequence[int]]]
    ) -> NativeFilled | None:
        """The tokens of some texts, one after the other; None if another memory was begun between these.

        `learn` gives a token's character, the slots that it fills, and their bits, of which there are `bits`.
        """


class Package(Protocol):
    def Reader(  # noqa: N802 - the name of a class
        self, read_plain: Callable[[str], Sequence[str]], read_written: Callable[[str], Sequence[str]]
    ) -> NativeReader: ...

    def Sentences(  # noqa: N802
        self, code: Callable[[str], int | None], may_end: Callable[[str], bool], openings: Sequence[int]
    ) -> NativeSentences: ...

    def Lines(  # noqa: N802
        self,
        first_words: AbstractSet[str],
        beginnings: AbstractSet[str],
        onwards: Mapping[str, Sequence[str]],
        signs: str,
        marks: Sequence[str],
        sections: AbstractSet[str],
        limits: tuple[int, int, int, int, int, int, int],
    ) -> NativeLines: ...

    def paragraphs(self, text: str, breaks: str, wrapping: Wrapping | None) -> tuple[str, list[int]] | None: ...

    def Phrases(self, patterns: Sequence[str]) -> NativePhrases: ...  # noqa: N802

    def Alone(self, indices: Sequence[Sequence[int]]) -> NativeAlone: ...  # noqa: N802

    def Sieve(self, indices: Sequence[int], layers: int, always: bytes) -> NativeSieve: ...  # noqa: N802

    def Objects(self, objects: Sequence[object]) -> NativeObjects: ...  # noqa: N802

    def Table(self) -> NativeTable: ...  # noqa: N802

    @property
    def Node(self) -> NativeNodes: ...  # noqa: N802

    def Evaluation(  # noqa: N802
        self,
        filled: NativeFilled,
        found: NativeFound | None,
        slots_of: NativePhraseSlots,
        keys: Sequence[int],
        count: int,
        title_end: int,
        end: int,
    ) -> NativeEvaluation: ...

    def PhraseSlots(self, slots: Sequence[Sequence[int]]) -> NativePhraseSlots: ...  # noqa: N802


def package() -> Package | None:
    """The package; None if it is not installed, made for another version, or switched off."""
    return _package


@contextmanager
def switched_off() -> Iterator[None]:
    """Read without the package, to measure or test what it changes. For one thread."""
    global _package
    kept, _package = _package, None
    try:
        yield
    finally:
        _package = kept


def _installed() -> Any:
    try:
        found = importlib.import_module("redline_native")
    except ImportError:
        return None
    return found if getattr(found, "INTERFACE", None) == INTERFACE else None


_package: Package | None = _installed()
