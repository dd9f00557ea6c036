"""What one article fills of the slots of a rule set (see `vocabulary`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import chain
from typing import Protocol

from stream.clean import native
from stream.clean.native import NativeEvaluation, NativeFilled
from stream.matching.article import ReadArticle
from stream.matching.bits import bits_at
from stream.matching.phrases import Found, Phrases, Places
from stream.matching.sieve import Among, Sieve


class Slots(Protocol):
    """Whether slots are filled, by their numbers."""

    def __getitem__(self, slot: int, /) -> int: ...

    def __setitem__(self, slot: int, filled: bool, /) -> None: ...


class Filled(ABC):
    """The slots that an article fills: `keys` are the slots of key fields."""

    are_near: Callable[[int, int, int, bool, Callable[[], Sequence[int]]], bool] | None = None
    """What `Text.are_near` says, given what tells where paragraphs end, where that takes no sets of positions."""

    def __init__(self, found: Found, phrases: Phrases, keys: AbstractSet[int]) -> None:
        self.found = found
        self.keys = keys
        self._phrases = phrases

    @abstractmethod
    def add_bits(self, bits: Collection[int]) -> None:
        """Let it have more bits than those of its tokens."""

    @abstractmethod
    def chosen(self, sieve: Sieve, among: Among) -> list[int]:
        """The indices of nodes all of whose bits it has."""

    @property
    @abstractmethod
    def tokens(self) -> AbstractSet[str]:
        """The tokens that fill slots."""

    @abstractmethod
    def slots(self) -> Slots:
        """For each slot whether the article fills it; the caller may fill more of them."""

    @abstractmethod
    def positions(self, slot: int) -> int:
        """Where tokens that fill a slot stand, as a set of positions."""

    def evaluation(self, title_end: int, end: int) -> NativeEvaluation | None:
        """The article for `redline_native` to evaluate; None if that does not know it."""
        return None

    @cached_property
    def phrases(self) -> Places:
        """The phrases found, by slot."""
        return self._phrases.places(self.found) if self.found else {}

    @cached_property
    def phrase_slots(self) -> AbstractSet[int]:
        """The slots of the phrases found; cheaper than `phrases`."""
        return self._phrases.filled(self.found) if self.found else set()

    def phrases_at(self, first: int, last: int) -> Sequence[int]:
        """The slots of the phrases found at a place, by first and last position."""
        return self._phrases.at(self.found, first, last) if self.found else ()


class FilledByMemory(Filled):
    """By what is known about tokens."""

    def __init__(
        self,
        found: Found,
        phrases: Phrases,
        keys: AbstractSet[int],
        *,
        met: int,
        tokens: AbstractSet[str],
        read: ReadArticle,
        tokens_of: Mapping[int, AbstractSet[str]],
    ) -> None:
        super().__init__(found, phrases, keys)
        self._met = met
        self._tokens = tokens
        self._read = read
        self._tokens_of = tokens_of

    @property
    def tokens(self) -> AbstractSet[str]:
        return self._tokens

    def add_bits(self, bits: Collection[int]) -> None:
        self._met |= bits_at(bits)

    def chosen(self, sieve: Sieve, among: Among) -> list[int]:
        return sieve.chosen(self._met, among)

    def slots(self) -> Slots:
        return _Asked(self._fills)

    def _fills(self, slot: int) -> bool:
        tokens = self._tokens_of.get(slot)
        if tokens is not None:
            return not tokens.isdisjoint(self._tokens)
        return slot in self.keys or slot in self.phrase_slots

    def positions(self, slot: int) -> int:
        bits = 0
        tokens = self._tokens_of.get(slot)
        if tokens is not None and (here := tokens & self._tokens):
            of_token = self._of_token
            for token in here:
                bits |= of_token[token]
        return bits

    @cached_property
    def _of_token(self) -> dict[str, int]:
        bits = dict.fromkeys(self._tokens, 0)
        position = 0
        for token in self._read.tokens():
            if token in bits:
                bits[token] |= 1 << position
            position += 1  # noqa: SIM113 - quicker than enumerate, which makes a pair for each token
        return bits


class FilledInMachineCode(Filled):
    """By what `redline_native` knows about tokens."""

    def __init__(
        self,
        found: Found,
        phrases: Phrases,
        keys: AbstractSet[int],
        *,
        by_tokens: NativeFilled,
        slot_count: int,
    ) -> None:
        super().__init__(found, phrases, keys)
        self.positions = by_tokens.positions  # type: ignore[method-assign] # one call less for each slot
        self.are_near = by_tokens.are_near
        self._by_tokens = by_tokens
        self._slot_count = slot_count
        self._more: list[int] = []

    @property
    def tokens(self) -> AbstractSet[str]:
        return self._by_tokens.tokens()

    def add_bits(self, bits: Collection[int]) -> None:
        self._more += bits

    def chosen(self, sieve: Sieve, among: Among) -> list[int]:
        in_machine_code = sieve.in_machine_code()
        if in_machine_code is None:
            return sieve.chosen(self._by_tokens.met() | bits_at(self._more), among)
        return in_machine_code.chosen(self._by_tokens, self._more, among.packed)

    def slots(self) -> Slots:
        slots = self._by_tokens.slots(self._slot_count)
        for slot in chain(self.keys, self.phrase_slots):
            slots[slot] = True
        return slots

    def positions(self, slot: int) -> int:
        return self._by_tokens.positions(slot)

    def evaluation(self, title_end: int, end: int) -> NativeEvaluation | None:
        package = native.package()
        if package is None:
            return None
        found = None if isinstance(self.found, list) else self.found
        slots_of = self._phrases.slots_in_machine_code(package)
        return package.Evaluation(self._by_tokens, found, slots_of, list(self.keys), self._slot_count, title_end, end)


class _Asked(dict[int, bool]):
    """Whether an article fills a slot, looked up when it is first asked."""

    def __init__(self, fills: Callable[[int], bool]) -> None:
        super().__init__()
        self._fills = fills

    def __missing__(self, slot: int) -> bool:
        self[slot] = fills = self._fills(slot)
        return fills
