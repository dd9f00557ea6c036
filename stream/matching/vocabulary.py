"""All that the rules of a set ask of single tokens and key fields, as numbered *slots*.

A slot is a small set of tests, any of which may hold: `~strike` is one slot (strike, strikes, struck, …), `"red
line"` two. For an article the vocabulary answers "which slots does it fill, and with which tokens?" in a few set
operations: tokens that have been seen before are sorted into interesting and dull ones once, whatever the number
of rules, and new ones are looked up in a table of words and one of prefixes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from operator import or_

from stream.clean import native
from stream.clean.native import NativeTable
from stream.matching.article import KEY_FIELDS, ReadArticle
from stream.matching.bits import bits_in
from stream.matching.filled import Filled, FilledByMemory, FilledInMachineCode
from stream.matching.keys import folded, key_value
from stream.matching.phrases import Found, Phrases
from stream.rulelang.topicorder import covers

TOKENS_KNOWN_MAX = 20_000
"""How many different tokens are remembered, those seen last (results do not depend on it)."""

TOKENS_IN_RULES_MAX = 50_000
"""How many of those that some rule asks for are remembered; above, remembering starts afresh."""

KEY_VALUES_KNOWN_MAX = 20_000

BITS_A_WIRE_MAX = 512
"""A token that has less than one in so many of all bits keeps a list of them; a set would take much more memory."""

BITS_SETS_MAX = 64_000_000
"""Until all sets have so many bits (8 MB), they are kept: words that come early come often."""

BITS_SMALL = 4_096
"""Sets of so many bits cost next to nothing."""

Test = tuple[str, bool]
"""A folded text, and whether it is a prefix."""


_NO_SLOTS: frozenset[int] = frozenset()


@dataclass(slots=True)
class Memory:
    """What is known about tokens seen so far: their characters, which of them fill slots, and by slot which these are.

    Of those that fill slots the bits too (see `prefilter`), as one set, or as a list where they are few.
    """

    characters: dict[str, str]
    interesting: set[str] = field(default_factory=set)
    tokens_of: dict[int, set[str]] = field(default_factory=dict)
    bits: dict[str, int] = field(default_factory=dict)
    few_bits: dict[str, tuple[int, ...]] = field(default_factory=dict)


class _Characters(dict[str, str]):
    """The character of each token seen; a new token is learned."""

    memory: Memory

    def __init__(self, learn: Callable[[str, Memory], str]) -> None:
        self._learn = learn
        self._before: dict[str, str] = {}

    def __missing__(self, token: str) -> str:
        character = self._before.get(token) or self._learn(token, self.memory)
        if len(self) >= TOKENS_KNOWN_MAX // 2:
            # Two halves: what is asked for again moves to the new one, and the rest goes with the old one.
            self._before = self.copy()
            self.clear()
        self[token] = character
        return character


class Vocabulary:
    """The slots of a rule set. Slots are added while rules are compiled, and looked up afterwards."""

    def __init__(self) -> None:
        self.weights: list[float] = []
        self._slots: dict[tuple[str, frozenset[Test]], int] = {}
        self._words: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        self._prefix_lengths: tuple[int, ...] = ()
        self._keys: dict[str, list[tuple[str, bool, int]]] = {}
        self._phrases = Phrases()
        self._table: NativeTable | None = None
        self._has_filled = False
        self._memory = self._new_memory()
        self._key_slots: dict[tuple[str, str], tuple[int, ...]] = {}
        self._wires: Mapping[int, Sequence[int]] = {}
        self._phrase_wires: Mapping[int, Sequence[int]] = {}
        self._bits = 0

    def add_tokens(self, tests: AbstractSet[Test]) -> int:
        """The slot of a set of tests on tokens; the same set has the same slot."""
        known = self._slots.get(("", frozenset(tests)))
        if known is not None:
            return known
        slot = self._new("", tests, sum(_weight(text, prefix) for text, prefix in tests))
        for text, prefix in tests:
            (self._prefixes if prefix else self._words).setdefault(text, []).append(slot)
            if prefix and len(text) not in self._prefix_lengths:
                self._prefix_lengths = tuple(sorted((*self._prefix_lengths, len(text))))
        self._forget()
        return slot

    def add_phrases(self, phrases: Iterable[tuple[str, ...]]) -> int | None:
        """The slot of a set of phrases of two or more words; None if there is no room for more different words."""
        wanted = list(phrases)
        if not self._phrases.has_room_for(wanted):
            return None
        # All words have to be there, and behind one another.
        slot = len(self.weights)
        self.weights.append(sum(min(_weight(word, prefix=False) for word in words) for words in wanted) / 4)
        for words in wanted:
            self._phrases.add(slot, words)
        self._forget()
        return slot

    def add_key(self, name: str, values: AbstractSet[Test]) -> int:
        """The slot of a key field that equals one of some folded values."""
        known = self._slots.get((name, frozenset(values)))
        if known is not None:
            return known
        # A source or a language says little: half of all articles may have it.
        slot = self._new(name, values, 0.5)
        self._keys.setdefault(name, []).extend((value, prefix, slot) for value, prefix in values)
        self._forget()
        return slot

    def watch(self, wires: Mapping[int, Sequence[int]], bits: int) -> None:
        """From now on say which bits (of so many) an article has: those to which a slot that it fills is wired."""
        self._wires = wires
        self._bits = bits
        # All slots are there: which sets they are of is not asked again.
        self._slots.clear()
        self._phrase_wires = self.by_phrase(wires)
        self._memory = self._new_memory()

    def by_phrase(self, by_slot: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, ...]]:
        """What is given for slots, as far as they are of phrases, by the numbers of these."""
        if not by_slot:
            return {}
        return {
            number: tuple(chain.from_iterable(by_slot.get(slot, ()) for slot in slots))
            for number, slots in enumerate(self._phrases.slots_of())
            if any(map(by_slot.__contains__, slots))
        }

    def fill(self, read: ReadArticle) -> Filled:
        """The slots that an article's tokens, phrases and key fields fill."""
        self._has_filled = True
        if self._table is not None and (words := read.native_words()) is not None and native.package() is not None:
            by_tokens = self._table.fill(words, self._bits, self._learn_natively)
            if by_tokens is not None:
                found = self._phrases.find_in(by_tokens) if self._phrases else []
                keys, more = self._keys_and_bits(read, found)
                filled = FilledInMachineCode(
                    found, self._phrases, keys, by_tokens=by_tokens, slot_count=len(self.weights)
                )
                filled.add_bits(more)
                return filled
        return self._fill_by_memory(read)

    def _fill_by_memory(self, read: ReadArticle) -> Filled:
        if len(self._memory.interesting) > TOKENS_IN_RULES_MAX:
            self._forget()
        memory = self._memory
        characters = memory.characters
        tokens = read.tokens()
        found: Found = []
        # Every token passes here, and those that are new are learned.
        if self._phrases:
            found = self._phrases.find("".join(map(characters.__getitem__, tokens)))
            filling = memory.interesting.intersection(tokens) if memory.interesting else set()
        else:
            filling = set(tokens)
            if not characters.keys() >= filling:
                for token in filling:
                    characters[token]
            filling &= memory.interesting
        met = reduce(or_, filter(None, map(memory.bits.get, filling)), 0) if filling else 0
        if memory.few_bits:
            few = memory.few_bits.keys() & filling
            met |= bits_in(chain.from_iterable(map(memory.few_bits.__getitem__, few)), self._bits)
        keys, more = self._keys_and_bits(read, found)
        if more:
            met |= bits_in(more, self._bits)
        return FilledByMemory(
            found, self._phrases, keys, met=met, tokens=filling, read=read, tokens_of=memory.tokens_of
        )

    def _keys_and_bits(self, read: ReadArticle, found: Found) -> tuple[AbstractSet[int], list[int]]:
        """The slots that key fields fill, and the bits of these and of phrases found."""
        keys = self._keys_of(read) if self._keys else _NO_SLOTS
        bits: list[int] = []
        if found and self._phrase_wires:
            wires = self._phrase_wires
            for number in [each[0] for each in found] if isinstance(found, list) else found.numbers():
                if number in wires:
                    bits += wires[number]
        for slot in keys:
            bits += self._wires.get(slot, ())
        return keys, bits

    def bits_of(self, slots: Iterable[int]) -> list[int]:
        """The bits to which some slots are wired."""
        return [bit for slot in slots for bit in self._wires.get(slot, ())]

    def topic_slots(self, topics: AbstractSet[str]) -> set[int]:
        """The slots of `topic:` that topics fill."""
        if "topic" not in self._keys:
            return set()
        return {slot for topic in topics for slot in self._of_key("topic", topic)}

    def _new(self, name: str, tests: AbstractSet[Test], weight: float) -> int:
        slot = len(self.weights)
        self._slots[name, frozenset(tests)] = slot
        self.weights.append(weight)
        return slot

    def _forget(self) -> None:
        if not self._memory.characters and not self._key_slots and not self._has_filled:
            return
        # A new one: articles under evaluation go on with the old one.
        self._memory = self._new_memory()
        self._key_slots.clear()
        self._has_filled = False

    def _new_memory(self) -> Memory:
        characters = _Characters(self._learn)
        memory = characters.memory = Memory(characters)
        package = native.package()
        self._table = None if package is None else package.Table()
        return memory

    def _learn(self, token: str, memory: Memory) -> str:
        slots = self._look_up(token)
        if slots:
            memory.interesting.add(token)
            for slot in slots:
                memory.tokens_of.setdefault(slot, set()).add(token)
            bits = self.bits_of(slots)
            if (
                self._bits <= max(BITS_SMALL, len(bits) * BITS_A_WIRE_MAX)
                or len(memory.bits) * self._bits < BITS_SETS_MAX
            ):
                memory.bits[token] = bits_in(bits, self._bits)
            elif bits:
                memory.few_bits[token] = tuple(bits)
        return self._phrases.character(token)

    def _learn_natively(self, token: str) -> tuple[str, Sequence[int], Sequence[int]]:
        slots = self._look_up(token)
        return self._phrases.character(token), slots, self.bits_of(slots)

    def _look_up(self, token: str) -> tuple[int, ...]:
        slots = list(self._words.get(token, ()))
        for length in self._prefix_lengths:
            if length > len(token):
                break
            slots += self._prefixes.get(token[:length], ())
        return tuple(dict.fromkeys(slots))

    def _keys_of(self, read: ReadArticle) -> set[int]:
        return {
            slot
            for name in self._keys
            if name in KEY_FIELDS and (value := key_value(read.article, name)) is not None
            for slot in self._of_key(name, value)
        }

    def _of_key(self, name: str, value: str) -> tuple[int, ...]:
        known = self._key_slots.get((name, value))
        if known is None:
            if len(self._key_slots) > KEY_VALUES_KNOWN_MAX:
                self._key_slots.clear()
            found = folded(value)
            holds = covers if name == "topic" else _equals
            known = tuple(slot for wanted, prefix, slot in self._keys[name] if holds((wanted, prefix), found))
            self._key_slots[name, value] = known
        return known


def _equals(wanted: Test, value: str) -> bool:
    text, prefix = wanted
    return value.startswith(text) if prefix else value == text


def _weight(text: str, prefix: bool) -> float:
    """How often a word is to be expected, roughly: function words everywhere, of the others the short ones more.

    (Zipf's law of abbreviation.) A guess that is wrong costs time and changes no result.
    """
    return 1.0 if text in _FUNCTION_WORDS and not prefix else 1.0 / (1 + len(text)) ** 2


_FUNCTION_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        """
        a about after all also an and any are as at be because been before between but by can could did do does
        during each for from had has have he her him his how if in into is it its just made make may might more most
        must my new no not now of off on one only or other our out over own said same say says shall she should
        since so some such than that the their them then there these they this those through to too two under until
        up us very was we were what when where which while who whom whose why will with within without would you
        your
        """,
    )
)
