"""What reading a text yields: tokens on consecutive positions, with a way back to the text as received."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property

from stream.clean.cut import Cut
from stream.clean.ends import Ends, TooComplexError
from stream.clean.stops import Stops, stops_of
from stream.clean.tokens import Words


class Layout(ABC):
    """Where the tokens of a reading stand: one entry a token in each sequence, offsets in code points."""

    @property
    @abstractmethod
    def starts(self) -> Sequence[int]:
        """Where each token begins."""

    @property
    @abstractmethod
    def ends(self) -> Sequence[int]:
        """Where each token ends, exclusive."""

    @property
    @abstractmethod
    def sentences(self) -> Sequence[int]:
        """The number of each token's sentence."""

    @property
    @abstractmethod
    def paragraphs(self) -> Sequence[int]:
        """The number of each token's paragraph."""

    @property
    def sentence_lasts(self) -> Sequence[int]:
        """The last token of each sentence."""
        return list(dict(zip(self.sentences, range(len(self.sentences)), strict=True)).values())

    @property
    def paragraph_lasts(self) -> Sequence[int]:
        """The last token of each paragraph."""
        return list(dict(zip(self.paragraphs, range(len(self.paragraphs)), strict=True)).values())

    def sentence_of(self, position: int) -> int:
        """The number of one token's sentence."""
        return self.sentences[position]

    def start(self, position: int) -> int:
        """Where one token begins."""
        return self.starts[position]

    def end(self, position: int) -> int:
        """Where one token ends, exclusive."""
        return self.ends[position]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where some tokens begin and end, exclusive."""
        return self.start(first), self.end(last)

    @abstractmethod
    def bounds(self, sentence: int) -> tuple[int, int]:
        """Where a sentence begins and ends, closing punctuation included."""


class FullLayout(Layout):
    """A layout with everything worked out."""

    def __init__(
        self,
        starts: Sequence[int],
        ends: Sequence[int],
        sentences: Sequence[int],
        paragraphs: Sequence[int],
        bounds: Sequence[tuple[int, int]],
    ) -> None:
        self._starts = starts
        self._ends = ends
        self._sentences = sentences
        self._paragraphs = paragraphs
        self._bounds = bounds

    @property
    def starts(self) -> Sequence[int]:
        return self._starts

    @property
    def ends(self) -> Sequence[int]:
        return self._ends

    @property
    def sentences(self) -> Sequence[int]:
        return self._sentences

    @property
    def paragraphs(self) -> Sequence[int]:
        return self._paragraphs

    def bounds(self, sentence: int) -> tuple[int, int]:
        return self._bounds[sentence]


class Reading:
    """One field, read. All sequences have one entry a token; a token's index is its position.

    `source` is the field as received. `tokens` are folded, `cases` keep the case as written (`U.S.` → `US`).
    `starts` and `ends` are code point offsets into `source`, end exclusive. `sentences` and `paragraphs` are
    ordinals, never decreasing: tokens with the same number are in one sentence or paragraph. Tokens of residue
    are left out, and what stands before and after it is never in one paragraph. `cuts` says what was left out.

    All but `tokens` is worked out when it is first asked for: most articles match no rule and are never asked.
    `words` says how the tokens were found, `ends` where sentences end; None if they are found in another way.
    """

    def __init__(
        self,
        source: str,
        tokens: Sequence[str] | Words,
        *,
        cases: Callable[[], Sequence[str]],
        layout: Callable[[], Layout],
        cuts: tuple[Cut, ...] = (),
        ends: Callable[[], Ends | None] = lambda: None,
    ) -> None:
        self.source = source
        self.cuts = cuts
        self.words = tokens if isinstance(tokens, Words) else None
        self._tokens = tokens
        self._find_cases = cases
        self._find_layout = layout
        self._find_ends = ends

    @property
    def size(self) -> int:
        """How many tokens there are; they need not be put together for it."""
        return self._tokens.size if isinstance(self._tokens, Words) else len(self._tokens)

    @property
    def tokens(self) -> Sequence[str]:
        """The tokens, folded."""
        return self._tokens.tokens if isinstance(self._tokens, Words) else self._tokens

    @property
    def may_end(self) -> bytes | None:
        """For each token 1 if a sentence may end behind it, 0 if none does; None if only `sentences` can tell. It may
        say too much, and costs a fraction of `sentences`."""
        return None if self._stops is None else self._stops.may_end

    def stands_unbroken(self, phrase: str) -> bool:
        """Whether tokens of the text, joined by blanks in `phrase`, stand in it with nothing but a blank between them.

        There they stand in one sentence, for nothing can end one between them. False says nothing. Of a few phrases it
        costs less to ask this than for `may_end`.
        """
        if self.words is None or not phrase.isascii():
            return False
        written, plain = self.words.text, self.words.plain
        index = plain.find(f" {phrase} ") + 1
        while index > 0:
            if written[index : index + len(phrase)].lower() == phrase:
                return True
            index = plain.find(f" {phrase} ", index) + 1
        return False

    def in_one_sentence(self, first: int, last: int) -> bool:
        """Whether two tokens, `first` not behind `last`, stand in one sentence; cheaper than all of `sentences`."""
        if self._stops is not None and "_layout" not in self.__dict__:
            if self._stops.may_end.find(1, first, last) < 0:
                return True
            ends = self._find_ends()
            if ends is not None:
                try:
                    return not any(map(ends.is_one, self._stops.between(first, last)))
                except TooComplexError:
                    pass
        layout = self._layout
        return layout.sentence_of(first) == layout.sentence_of(last)

    @cached_property
    def _stops(self) -> Stops | None:
        return None if self.words is None else stops_of(self.words)

    @cached_property
    def cases(self) -> Sequence[str]:
        """The tokens in the case as written."""
        return self._find_cases()

    @property
    def starts(self) -> Sequence[int]:
        """Where each token begins in `source`."""
        return self._layout.starts

    @property
    def ends(self) -> Sequence[int]:
        """Where each token ends in `source`, exclusive."""
        return self._layout.ends

    @property
    def sentences(self) -> Sequence[int]:
        """The number of each token's sentence, from 0."""
        return self._layout.sentences

    @property
    def paragraphs(self) -> Sequence[int]:
        """The number of each token's paragraph, from 0."""
        return self._layout.paragraphs

    @property
    def sentence_lasts(self) -> Sequence[int]:
        """The last position of each sentence, ascending; cheaper than `sentences`."""
        return self._layout.sentence_lasts

    @cached_property
    def sentence_ends(self) -> bytes:
        """For each token 1 if a sentence ends behind it, else 0; cheaper than `sentence_lasts`."""
        if self.words is not None and "_layout" not in self.__dict__:
            ends = self._find_ends()
            behind = None if ends is None else ends.behind(self.words)
            if behind is not None:
                return behind
        found = bytearray(self.size)
        for last in self.sentence_lasts:
            found[last] = 1
        return bytes(found)

    @property
    def paragraph_lasts(self) -> Sequence[int]:
        """The last position of each paragraph, ascending; cheaper than `paragraphs`."""
        return self._layout.paragraph_lasts

    def case(self, position: int) -> str:
        """One token in the case as written; cheaper than all of `cases`."""
        if "cases" not in self.__dict__:
            found = None if self.words is None else self.words.case(position)
            if found is not None:
                return found
            written = self.source[self.start(position) : self.end(position)]
            # Letters and digits of ASCII are their own case form; anything else may have been changed in reading.
            if written.isalnum() and written.isascii():
                return written
        return self.cases[position]

    def start(self, position: int) -> int:
        """Where one token begins in `source`; cheaper than all of `starts`."""
        return self._layout.start(position)

    def end(self, position: int) -> int:
        """Where one token ends in `source`, exclusive; cheaper than all of `ends`."""
        return self._layout.end(position)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where tokens from `first` to `last` begin and end in `source`, exclusive."""
        return self._layout.span(first, last)

    def sentence_span(self, position: int) -> tuple[int, int]:
        """Offsets in `source` of the sentence that holds the token at `position`, closing punctuation included."""
        layout = self._layout
        return layout.bounds(layout.sentence_of(position))

    @cached_property
    def _layout(self) -> Layout:
        return self._find_layout()
