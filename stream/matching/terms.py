"""Words and phrases of a rule as tests on tokens, read by the same function as articles.

    ~"long-range strike"   →   long range strike | long range strikes | long range struck | …

A leaf is a choice of sequences; a sequence holds where its tests hold on consecutive tokens of one sentence.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass

from stream.clean import read_phrase
from stream.rulelang.inflect import inflections
from stream.rulelang.nodes import Phrase, Word


@dataclass(frozen=True, slots=True)
class TokenTest:
    """A test on one token: equal to `text`, or starting with it; and the same on the case form, if one is given."""

    text: str
    prefix: bool = False
    case_form: str | None = None

    def holds(self, token: str, case_form: str) -> bool:
        """Whether a token passes."""
        if self.prefix:
            return token.startswith(self.text) and (self.case_form is None or case_form.startswith(self.case_form))
        return token == self.text and (self.case_form is None or case_form == self.case_form)


Sequence = tuple[TokenTest, ...]


def sequences(leaf: Word | Phrase, *, case: bool = False) -> tuple[Sequence, ...]:
    """The sequences that a word or phrase stands for, each once; none if it reads as no token at all."""
    words = (leaf,) if isinstance(leaf, Word) else leaf.words
    choices = [_of_word(word, case=case) for word in words]
    joined = (tuple(itertools.chain.from_iterable(parts)) for parts in itertools.product(*choices))
    return tuple(dict.fromkeys(sequence for sequence in joined if sequence))


def plain_words(leaf: Word | Phrase) -> tuple[str, ...] | None:
    """The tokens of the only sequence of a word or phrase, where that is plain to see; None if it takes `sequences`."""
    words = (leaf,) if isinstance(leaf, Word) else leaf.words
    for word in words:
        text = word.text
        if word.inflected or word.prefix or not (text.isascii() and text.isalnum()):
            return None
    # A word stands in many leaves, and is one text.
    return tuple(sys.intern(word.text.lower()) for word in words) or None


def _of_word(word: Word, *, case: bool) -> list[Sequence]:
    forms = inflections(word.text) if word.inflected else (word.text,)
    return list(dict.fromkeys(_of_form(form, prefix=word.prefix, case=case) for form in forms))


def _of_form(form: str, *, prefix: bool, case: bool) -> Sequence:
    read = read_phrase(form)
    last = len(read) - 1
    return tuple(
        TokenTest(sys.intern(token), prefix=prefix and position == last, case_form=case_form if case else None)
        for position, (token, case_form) in enumerate(read)
    )
