"""One article under evaluation: its tokens on one line of positions, indexed on demand.

    position   0 … title_end - 1 | title_end … end - 1
    field      title             | body

Sentences, paragraphs and case forms are only asked for where a candidate rule needs them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from copy import copy
from functools import cached_property
from itertools import chain
from typing import Any, Literal

from stream.clean.native import NativeEvaluation
from stream.clean.reading import Reading
from stream.matching.article import ReadArticle, TextField
from stream.matching.bits import Stretches, bits_at, near, positions_of
from stream.matching.filled import Filled, Slots
from stream.matching.phrases import Found
from stream.matching.regex import blank, find_all, searched
from stream.matching.sieve import Among, Sieve
from stream.matching.vocabulary import Vocabulary

Window = tuple[int, int, int]
"""First position, end (exclusive), and the fields it is in: TITLE | BODY."""

TITLE, BODY = 1, 2

Unit = Literal["SENTENCE", "PARAGRAPH"]

NO_MASK: frozenset[int] = frozenset()

RegexSpan = tuple[int, int, TextField, int, int, bool]
"""First and last position touched, the field, start and end in code points of the field, and whether the positions
are really touched: a regex that finds only what stands between words counts with the word before."""


class _SlotBits(dict[int, int]):
    """Where the tokens of each slot stand, as sets, worked out when they are first asked for."""

    def __init__(self, filled: Filled) -> None:
        super().__init__()
        self._positions = filled.positions

    def __missing__(self, slot: int) -> int:
        self[slot] = bits = self._positions(slot)
        return bits


class _MaskedBits(dict[int, int]):
    """The same without masked positions."""

    def __init__(self, unmasked: dict[int, int], masked: AbstractSet[int]) -> None:
        self._unmasked = unmasked
        self._seen = ~bits_at(masked)

    def __missing__(self, slot: int) -> int:
        bits = self[slot] = self._unmasked[slot] & self._seen
        return bits


class _PhraseBits(dict[int, tuple[int, int]]):
    """Where the phrases of each slot begin and end, as two sets; sentences are not asked for."""

    def __init__(self, filled: Filled, masked: AbstractSet[int]) -> None:
        self._filled = filled
        self._masked = masked

    def __missing__(self, slot: int) -> tuple[int, int]:
        starts = ends = 0
        masked = self._masked
        for first, last in self._filled.phrases.get(slot, ()):
            if not masked or masked.isdisjoint(range(first, last + 1)):
                starts |= 1 << first
                ends |= 1 << last
        found = self[slot] = starts, ends
        return found


class Text:
    """An article with the slots it fills; `masked` positions match nothing, `unmasked` is the same without a mask.

    Nodes keep things under their numbers: in `answers` what they found in the whole article, in `wheres`, `outermost`
    and `ends` the sets of positions that `Asked` explains. `spans` are those that machine code found, by first and last
    position and number.
    """

    def __init__(self, read: ReadArticle, vocabulary: Vocabulary) -> None:
        title = read.title
        self.read = read
        self.masked = NO_MASK
        self.unmasked: Text | None = None
        self.title_end = 0 if title is None else title.size
        self.end = self.title_end + read.body.size
        self._filled = vocabulary.fill(read)
        self.whole: Window = (0, self.end, TITLE | BODY)
        self.topics: set[str] = set()
        self.everywhere = (1 << self.end + 1) - 1
        self._numbers: dict[Unit, Sequence[int]] = {}
        self._stretches: dict[Unit, Stretches] = {}
        self._vocabulary = vocabulary
        self._start()

    @cached_property
    def slots(self) -> Slots:
        """For each slot whether the article fills it."""
        return self._filled.slots()

    @cached_property
    def tokens(self) -> list[str]:
        """The tokens, "" where they are masked."""
        return self.read.tokens()

    def add_topics(self, topics: AbstractSet[str]) -> None:
        """Fill the slots of rules that ask for topics; all rules that give them have been asked, so no answer ages."""
        self.topics |= topics
        filled = self._vocabulary.topic_slots(topics)
        slots = self.slots
        for slot in filled:
            slots[slot] = True
        self._filled.add_bits(self._vocabulary.bits_of(filled))
        if "evaluation" in self.__dict__ and self.evaluation is not None:
            self.evaluation.fill(list(filled))

    def chosen(self, sieve: Sieve, among: Among) -> list[int]:
        """The indices of nodes all of whose bits the article has."""
        return self._filled.chosen(sieve, among)

    def without(self, masked: frozenset[int]) -> Text:
        """The same article with the words at some positions blanked.

        It shares the slots, although a masked word may have been the only one to fill one: they say what is possible,
        the positions what is there.
        """
        _ = self.slots  # made before, so that topics that come later fill those of both
        text = copy(self)
        text.masked = masked
        text.unmasked = self
        text.tokens = self.tokens.copy()
        for position in masked:
            text.tokens[position] = ""
        text._start()
        return text

    def _start(self) -> None:
        self.answers: dict[int, Any] = {}
        self.wheres: dict[int, int] = {}
        self.outermost: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.bits: dict[int, int]
        if self.unmasked is not None:
            self.bits = _MaskedBits(self.unmasked.bits, self.masked)
        else:
            self.bits = _SlotBits(self._filled)
        self.phrase_bits: dict[int, tuple[int, int]] = _PhraseBits(self._filled, self.masked)
        self.__dict__.pop("evaluation", None)
        self.spans: dict[tuple[int, int, int], Any] = {}
        self._regex_spans: dict[str, list[RegexSpan]] = {}
        self._positions: dict[int, list[int]] = {}

    @cached_property
    def evaluation(self) -> NativeEvaluation | None:
        """The article as machine code evaluates it; None if it was not read in machine code."""
        if self.unmasked is None:
            made = self._filled.evaluation(self.title_end, self.end)
            if made is not None and self.topics:
                made.fill(list(self._vocabulary.topic_slots(self.topics)))
            return made
        unmasked = self.unmasked.evaluation
        return None if unmasked is None else unmasked.without(list(self.masked))

    def fills(self, slots: Iterable[int]) -> bool:
        """Whether the article fills all of some slots."""
        return all(map(self.slots.__getitem__, slots))

    def fills_any(self, slots: Iterable[int]) -> bool:
        """Whether the article fills one of some slots."""
        return any(map(self.slots.__getitem__, slots))

    def found_phrases(self) -> AbstractSet[int]:
        """The slots of phrases that stand in the article, masked ones included; sentences are not asked for."""
        return self._filled.phrase_slots

    def positions(self, slot: int) -> list[int]:
        """Where the tokens of a slot stand, ascending."""
        known = self._positions.get(slot)
        if known is None:
            known = self._positions[slot] = list(positions_of(self.bits[slot]))
        return known

    def are_near(self, left: int, right: int, distance: int, *, ordered: bool) -> bool:
        """Whether a word of one slot stands at most `distance` words before one of another, in the same paragraph; if
        not `ordered`, also the other way round."""
        if self.unmasked is None and self._filled.are_near is not None:
            return self._filled.are_near(left, right, distance, ordered, self._paragraph_lasts)
        lefts, rights = self.bits[left], self.bits[right]
        if not lefts or not rights:
            return False
        pairs = near(lefts, rights, distance)
        # No paragraph may end between a word and the closest one before it.
        return any(
            self.in_one("PARAGRAPH", first, last)
            for first, last in (pairs if ordered else chain(pairs, near(rights, lefts, distance)))
        )

    def is_in(self, window: Window, bits: int) -> bool:
        """Whether one of some positions lies in a window."""
        start, end, _ = window
        return bits >> start & (1 << end - start) - 1 != 0

    def may_be_in(self, window: Window, bits: int) -> bool:
        """The same for positions that may be everywhere, in which a window need not have a word."""
        start, end, _ = window
        return (bits >> start & (1 << end - start) - 1 or bits >> self.end) != 0

    def phrases(self, slot: int) -> list[tuple[int, int]]:
        """First and last positions of the phrases of a slot, masked ones included; sentences are not asked for."""
        return self._filled.phrases.get(slot, [])

    def phrases_at(self, first: int, last: int) -> Sequence[int]:
        """The slots of phrases that stand at a place, as `phrases` has them."""
        return self._filled.phrases_at(first, last)

    @property
    def found(self) -> Found:
        """The phrases that stand in the article as the automaton found them, masked ones included."""
        return self._filled.found

    @cached_property
    def may_end(self) -> bytes:
        """For each position 1 if a sentence may end behind it, 0 if none does; of a text of which that is not known
        only 1."""
        title, body = self.read.title, self.read.body
        known = body.may_end
        if known is None:
            known = b"\1" * body.size
        if title is None or not self.title_end:
            return known
        return ((title.may_end or b"")[:-1] or b"\1" * (self.title_end - 1)) + b"\1" + known

    @cached_property
    def sentence_ends(self) -> bytes:
        """For each position 1 if a sentence ends behind it, else 0."""
        title, body = self.read.title, self.read.body
        return body.sentence_ends if title is None else title.sentence_ends + body.sentence_ends

    def stands_in_one(self, first: int, last: int) -> bool:
        """Whether tokens like these, `first` to `last`, stand in one sentence of this field."""
        if "may_end" not in self.__dict__:
            reading, _ = self._place(first)
            if reading.stands_unbroken(" ".join(self.tokens[first : last + 1])):
                return True
        return self.in_one_sentence(first, last)

    def in_one_sentence(self, first: int, last: int) -> bool:
        """Whether two positions, `first` not behind `last`, are in one sentence; cheaper than `in_one` for a few."""
        if self.may_end.find(1, first, last) < 0:
            return True
        if first < self.title_end <= last:
            return False
        reading, base = self._place(first)
        return reading.in_one_sentence(first - base, last - base)

    def case_form(self, position: int) -> str:
        """The token at a position in the case as written."""
        reading, base = self._place(position)
        return reading.case(position - base)

    def in_one(self, unit: Unit, first: int, last: int) -> bool:
        """Whether two positions, `first` not behind `last`, are in one sentence or paragraph of one field."""
        # A sentence that ends before `last` ends between them.
        return self.stretches(unit).lasts >> first & (1 << last - first) - 1 == 0

    def numbers(self, unit: Unit) -> Sequence[int]:
        """The number of each position's sentence or paragraph, for many questions; no two fields share one."""
        known = self._numbers.get(unit)
        if known is None:
            title, body = self.read.title, self.read.body
            known = body.sentences if unit == "SENTENCE" else body.paragraphs
            if title is not None and self.title_end:
                first = title.sentences if unit == "SENTENCE" else title.paragraphs
                known = [number - self.title_end for number in first] + list(known)
            self._numbers[unit] = known
        return known

    def stretches(self, unit: Unit) -> Stretches:
        """The sentences or paragraphs of both fields, as sets of positions."""
        known = self._stretches.get(unit)
        if known is None:
            known = self._stretches[unit] = Stretches(self._lasts(unit), self.end)
        return known

    def _lasts(self, unit: Unit) -> list[int]:
        """The last positions of the sentences or paragraphs of both fields."""
        title, body = self.read.title, self.read.body
        lasts = [self.title_end + last for last in _lasts(unit, body)]
        if title is not None:
            lasts += _lasts(unit, title)
        return lasts

    def lasts(self, unit: Unit) -> list[int]:
        """The same, ascending."""
        return sorted(self._lasts(unit))

    def _paragraph_lasts(self) -> list[int]:
        return self.lasts("PARAGRAPH")

    def unit_around(self, unit: Unit, position: int) -> Window:
        """The sentence or paragraph that holds a position."""
        lasts = self.stretches(unit).lasts
        start = (lasts & (1 << position) - 1).bit_length()
        behind = lasts >> position
        end = position + (behind & -behind).bit_length()
        return start, end, TITLE if position < self.title_end else BODY

    def regex_spans(self, pattern: str) -> list[RegexSpan]:
        """All that a regex finds in title and body, with the tokens it touches."""
        known = self._regex_spans.get(pattern)
        if known is not None:
            return known
        spans: list[RegexSpan] = []
        for field, base, end in (("title", 0, self.title_end), ("body", self.title_end, self.end)):
            reading = self.read.title if field == "title" else self.read.body
            if reading is None:
                continue
            hidden = [p - base for p in self.masked if base <= p < end]
            source = blank(reading.source, [(reading.start(p), reading.end(p)) for p in hidden])
            for start, stop in find_all(pattern, source, searched(reading)):
                first = bisect_right(reading.ends, start)
                last = bisect_left(reading.starts, stop) - 1
                touches = first <= last
                last = max(last, 0)
                first = base + min(first, last)
                spans.append((first, base + last, "title" if field == "title" else "body", start, stop, touches))
        self._regex_spans[pattern] = spans
        return spans

    def place_of(self, position: int) -> tuple[int, int]:
        """Where the token at a position begins: TITLE or BODY, and its offset in code points."""
        reading, base = self._place(position)
        return (TITLE if position < self.title_end else BODY), reading.start(position - base)

    def split(self, position: int) -> tuple[TextField, int]:
        """A position as a field and a token position in it."""
        return ("title", position) if position < self.title_end else ("body", position - self.title_end)

    def _place(self, position: int) -> tuple[Reading, int]:
        if position < self.title_end:
            assert self.read.title is not None
            return self.read.title, 0
        return self.read.body, self.title_end


def _lasts(unit: Unit, reading: Reading) -> Sequence[int]:
    return reading.sentence_lasts if unit == "SENTENCE" else reading.paragraph_lasts
