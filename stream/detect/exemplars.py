"""The texts that new articles are compared with, and the index that finds the few worth comparing.

The index leads from each key of a fingerprint (one of the smallest hashes of its text) to the exemplars that have
it. Of 12 keys two texts with a Jaccard index of 0.7 have about 9 in common, and none with a chance below 1 in 100,000.
What many texts have in common (boilerplate) leads only to the newest of them, so that a search has a bound. A few
exemplars are compared one by one without an index: most keys have few, and it takes five times their memory.

What is found depends on the exemplars and the order in which they came, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from stream.detect.fingerprint import DIFFERING, SAME, Fingerprint, likeness, likeness_of, unpack

SCANNED_MAX = 32
"""So many exemplars are compared one by one."""
SAME_KEY_MAX = 16
"""How many exemplars with a key are looked at, the newest ones."""

LONG_TEXT_MARGIN = SAME // 10
"""How far below a floor the first sketch of a long text may be, for the second one to be asked."""


class Story:
    """A story: `last_ms` is the latest event time in it, `articles` its members that are remembered, oldest first."""

    __slots__ = ("articles", "exemplars", "id", "last_ms")

    def __init__(self, identifier: str, last_ms: int) -> None:
        self.id = identifier
        self.last_ms = last_ms
        self.exemplars: list[Exemplar] = []
        self.articles: list[int] = []


class Exemplar:
    """A text of a story; `number` counts up in the order in which they came, `data` is the fingerprint's bytes."""

    __slots__ = ("bits", "data", "level", "number", "size", "story")

    def __init__(self, number: int, text: Fingerprint, data: bytes, story: Story) -> None:
        self.number = number
        self.data = data
        self.story = story
        self.level, self.size, self.bits = text.level, text.size, text.bits

    def likeness(self, text: Fingerprint) -> int:
        """How like the exemplar a text is."""
        if text.level == self.level and not text.next_size:
            return likeness_of(text.size + self.size, text.bits ^ self.bits)
        return likeness(text, self.unpacked())

    def unpacked(self) -> Fingerprint:
        """The fingerprint, with all that is seldom asked for."""
        unpacked = unpack(self.data)
        assert unpacked is not None
        return unpacked


class Exemplars:
    """The exemplars of all recent stories of one key."""

    def __init__(self) -> None:
        self.next_number = 0
        self._all: dict[int, Exemplar] = {}
        # Most keys lead to one exemplar; a dictionary for each would take three times the memory.
        self._by_key: dict[int, Exemplar | dict[int, Exemplar]] | None = None

    def __len__(self) -> int:
        return len(self._all)

    def add(self, text: Fingerprint, data: bytes, story: Story, number: int | None = None) -> Exemplar:
        """A new exemplar, `data` unpacked is `text`; a restored one comes with its number, in ascending order."""
        exemplar = Exemplar(self.next_number if number is None else number, text, data, story)
        self.next_number = max(self.next_number, exemplar.number + 1)
        self._all[exemplar.number] = exemplar
        if self._by_key is not None:
            self._index(exemplar)
        return exemplar

    def remove(self, exemplar: Exemplar) -> None:
        """Forget an exemplar."""
        del self._all[exemplar.number]
        if self._by_key is None:
            return
        if len(self._all) <= SCANNED_MAX // 2:
            self._by_key = None
            return
        for key in exemplar.unpacked().key_numbers():
            holders = self._by_key[key]
            if isinstance(holders, Exemplar):
                del self._by_key[key]
                continue
            del holders[exemplar.number]
            if not holders:
                del self._by_key[key]

    def like(self, text: Fingerprint, floor: int) -> Iterator[tuple[int, Exemplar]]:
        """The exemplars at least `floor` like the text, each with its likeness."""
        level, size, bits = text.level, text.size, text.bits
        # Of long texts the next level has a say as well, but not so much.
        lowest = floor - LONG_TEXT_MARGIN if text.next_size else floor
        less, more = SAME - lowest, SAME + lowest
        for exemplar in self._candidates(text):
            # What `likeness` says of two texts of one level, written out: nearly all are passed over here.
            differing = DIFFERING[(bits ^ exemplar.bits).bit_count()]
            if exemplar.level == level and differing * more > (size + exemplar.size) * less:
                continue
            value = exemplar.likeness(text)
            if value >= floor:
                yield value, exemplar

    def _candidates(self, text: Fingerprint) -> Collection[Exemplar]:
        if len(self._all) <= SCANNED_MAX:
            return self._all.values()
        if self._by_key is None:
            self._by_key = {}
            for exemplar in self._all.values():
                self._index(exemplar)
        found: dict[int, Exemplar] = {}
        for key in text.key_numbers():
            match self._by_key.get(key):
                case None:
                    pass
                case Exemplar() as single:
                    found[single.number] = single
                case several:
                    found.update(islice(reversed(several.items()), SAME_KEY_MAX))
        return found.values()

    def _index(self, exemplar: Exemplar) -> None:
        assert self._by_key is not None
        for key in exemplar.unpacked().key_numbers():
            holders = self._by_key.setdefault(key, exemplar)
            if holders is exemplar:
                continue
            if isinstance(holders, Exemplar):
                self._by_key[key] = {holders.number: holders, exemplar.number: exemplar}
            else:
                holders[exemplar.number] = exemplar
