"""Phrases, all at once: one Aho-Corasick automaton over the tokens of an article.

Each word that stands in a phrase has a character of its own, so an article becomes a string with one character a token,
and a phrase is a short string in it: boundaries of words, hyphens and overlaps need no thought, and where a match
begins is the position of its first token.

    phrases   red line  →  ab      line up  →  bc
    tokens    a red line up there  →  ·abc·        finds ab at 1, bc at 2

(Aho and Corasick, "Efficient string matching: an aid to bibliographic search", 1975; the implementation is
`ahocorasick_rs`, a contiguous NFA. `redline_native` finds the same by a trie.) Sentences are not asked for here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick, Implementation

from stream.clean import native
from stream.clean.native import NativeFilled, NativeFound, NativePhrases, NativePhraseSlots, Package

NO_WORD = "\0"
"""Stands for a token that is in no phrase."""

_SURROGATES = range(0xD800, 0xE000)
CHARACTERS_MAX = 0x110000 - len(_SURROGATES) - 1
"""So many different words fit; phrases with further ones are looked for word by word."""

Found = list[tuple[int, int, int]] | NativeFound
"""The number of each phrase found, its first position, and the position behind its last one."""

Places = dict[int, list[tuple[int, int]]]
"""First and last positions of the phrases found, by slot."""


class Phrases:
    """The phrases of a rule set, each with a slot: added while rules are compiled, looked for afterwards."""

    def __init__(self) -> None:
        self._characters: dict[str, str] = {}
        self._patterns: dict[str, int] = {}
        self._slots: list[tuple[int, ...]] = []
        self._automaton: AhoCorasick | None = None
        self._native: NativePhrases | None = None
        self._native_slots: NativePhraseSlots | None = None

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def add(self, slot: int, words: Sequence[str]) -> None:
        """Give a slot to a phrase of two or more words. A phrase may have several slots, a slot several phrases."""
        pattern = "".join(map(self._new_character, words))
        number = self._patterns.setdefault(pattern, len(self._slots))
        if number == len(self._slots):
            self._slots.append((slot,))
            self._automaton = self._native = self._native_slots = None
        elif slot not in self._slots[number]:
            self._slots[number] += (slot,)
            self._native_slots = None

    def has_room_for(self, phrases: Sequence[Sequence[str]]) -> bool:
        """Whether the words of these phrases fit."""
        known = self._characters
        if len(known) + sum(map(len, phrases)) <= CHARACTERS_MAX:
            return True
        return len(known) + len({word for words in phrases for word in words if word not in known}) <= CHARACTERS_MAX

    def character(self, word: str) -> str:
        """The character of a token."""
        return self._characters.get(word, NO_WORD)

    def slots_of(self) -> Sequence[tuple[int, ...]]:
        """The slots of each phrase, by its number."""
        return self._slots

    def slots_in_machine_code(self, package: Package) -> NativePhraseSlots:
        """The same for `redline_native`."""
        if self._native_slots is None:
            self._native_slots = package.PhraseSlots(self._slots)
        return self._native_slots

    def find(self, encoded: str) -> Found:
        """All phrases in an article that is encoded by `character`."""
        phrases = self._in_machine_code()
        if phrases is not None:
            return phrases.find(encoded)
        automaton = self._automaton
        if automaton is None:
            automaton = self._automaton = AhoCorasick(
                list(self._patterns), implementation=Implementation.ContiguousNFA, store_patterns=False
            )
        found: list[tuple[int, int, int]] = automaton.find_matches_as_indexes(encoded, overlapping=True)
        return found

    def find_in(self, filled: NativeFilled) -> Found:
        """The same in one whose tokens are known to machine code, by their characters."""
        phrases = self._in_machine_code()
        assert phrases is not None
        return phrases.find_in(filled)

    def _in_machine_code(self) -> NativePhrases | None:
        package = native.package()
        if package is not None and self._native is None:
            self._native = package.Phrases(list(self._patterns))
        return None if package is None else self._native

    def places(self, found: Found) -> Places:
        """The same by slot."""
        slots = self._slots
        places: Places = {}
        for pattern, start, end in found if isinstance(found, list) else found.all():
            place = (start, end - 1)
            for slot in slots[pattern]:
                if slot in places:
                    places[slot].append(place)
                else:
                    places[slot] = [place]
        return places

    def filled(self, found: Found) -> set[int]:
        """The slots that they fill."""
        slots = self._slots
        numbers = [number for number, _, _ in found] if isinstance(found, list) else found.numbers()
        return {slot for number in set(numbers) for slot in slots[number]}

    def at(self, found: Found, first: int, last: int) -> list[int]:
        """The slots of those that stand at a place, by first and last position."""
        if isinstance(found, list):
            numbers = [number for number, start, end in found if start == first and end == last + 1]
        else:
            numbers = found.at(first, last + 1)
        return [slot for number in numbers for slot in self._slots[number]]

    def _new_character(self, word: str) -> str:
        known = self._characters.get(word)
        if known is None:
            code = len(self._characters) + 1
            known = self._characters[word] = chr(code if code < _SURROGATES.start else code + len(_SURROGATES))
        return known
