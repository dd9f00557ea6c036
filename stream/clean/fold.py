"""Rule 1 and the characters of rule 2: one spelling for each character, with the way back to the source.

    source   "ﬁve  Ło\u00adst™  cafe\u0301"
    flat     "five  Lost  cafe"        and for each of its characters the stretch of the source it stands for

The case stays: a *case form* is a piece of flat text, a *token* is its case fold. Characters are normalised in
clusters (a base and the marks upon it), so that a decomposed й is composed before anything looks at its marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from stream.clean.memo import Characters

CLUSTER_CODE_POINTS_MAX = 32
"""A base and its marks; more of them vanish. Unicode's stream-safe format has 30, and sorting takes quadratic time."""

SINGLE_SPELLINGS_MAX = 200
"""Different characters that are replaced one after the other, rather than in one pass with all offsets written out."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Normalised text, case kept. Character `i` stands for `source[starts[i]:ends[i]]` (code points).

    `ends` is None where every character stands for exactly one.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int] | None = None

    def start(self, index: int) -> int:
        """Where the character at `index` begins in the source."""
        return self.starts[index]

    def end(self, index: int) -> int:
        """Where the character at `index` ends in the source."""
        return self.starts[index] + 1 if self.ends is None else self.ends[index]


def flatten(text: str) -> Flat:
    """Normalise `text`: what vanishes is gone, NFKC, Latin letters without diacritics, plain quotes and hyphens."""
    if text.isascii():
        return Flat(text.replace("`", "'"), range(len(text)))
    spellings = {letter: _SINGLE_SPELLINGS[letter] for letter in set(text)}
    if "" in spellings.values() or len(spellings) > SINGLE_SPELLINGS_MAX:
        return flatten_fully(text)
    for letter, spelling in spellings.items():
        if letter != spelling:
            text = text.replace(letter, spelling)
    return Flat(text, range(len(text)))


def flatten_fully(text: str) -> Flat:
    """Normalise `text` cluster by cluster, all offsets written out: what `flatten` has to yield."""
    plain = text.replace("`", "'")
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    copied = 0
    for stretch in _FOREIGN.finditer(text):
        first, last = stretch.span()
        pieces.append(plain[copied:first])
        starts.extend(range(copied, first))
        ends.extend(range(copied + 1, first + 1))
        _flatten_stretch(text, first, last, pieces, starts, ends)
        copied = last
    pieces.append(plain[copied:])
    starts.extend(range(copied, len(text)))
    ends.extend(range(copied + 1, len(text) + 1))
    return Flat("".join(pieces), starts, ends)


def fold_case(case: str) -> str:
    """The token of a case form."""
    return case.lower() if case.isascii() else unicodedata.normalize("NFC", case.casefold())


def fold_key(text: str) -> str:
    """A key field (source, lang …) as it is compared: as a whole, folded, blanks collapsed."""
    return fold_case(" ".join(flatten(text).text.split()))


def is_mark(character: str) -> bool:
    """Whether it is a combining mark, spacing or not."""
    return unicodedata.category(character)[0] == "M"


def vanishes(character: str) -> bool:
    """Whether nothing of it is left in flat text."""
    return _VANISHES.fullmatch(character) is not None


_LINE_BREAK = "\r\n|[\n\v\f\r\x85\u2028\u2029]"
# Characters of category Cf that are seen (signs around Arabic and Syriac numbers) don't vanish, so no whole category.
_VANISHING = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff™®©℠"
)
# A character before a stretch belongs to it when the stretch opens with a mark, which may compose with it.
_FOREIGN = re.compile(rf"[^\x80-\U0010ffff]?[^\x00-\x7f]+(?:(?<=\u00ad)(?:{_LINE_BREAK}))?")
_VANISHES = re.compile(rf"(?<=[^\W\d_])\u00ad(?:{_LINE_BREAK})(?=[^\W\d_])|[{_VANISHING}]")
_LATIN_SPELLINGS = str.maketrans(
    {
        "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae", "Æ": "AE", "œ": "oe",
        "Œ": "OE", "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D", "ß": "ss", "ẞ": "SS",
        "’": "'", "‘": "'", "ʼ": "'", "′": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-",
    }
)  # fmt: skip


def _flatten_stretch(text: str, first: int, last: int, pieces: list[str], starts: list[int], ends: list[int]) -> None:
    """Append the clusters of `text[first:last]`, each without what vanishes in it."""
    kept = _kept_indices(text, first, last)
    cluster: list[int] = []
    for index in kept:
        # White space is no base: what follows it is the same with and without it.
        if cluster and (not _CONTINUES[text[index]] or text[cluster[0]].isspace()):
            _flatten_cluster(text, cluster, pieces, starts, ends)
            cluster = []
        if len(cluster) < CLUSTER_CODE_POINTS_MAX:
            cluster.append(index)
    if cluster:
        _flatten_cluster(text, cluster, pieces, starts, ends)


def _kept_indices(text: str, first: int, last: int) -> Sequence[int]:
    # One character more, to be seen by the lookahead.
    gone = [range(*found.span()) for found in _VANISHES.finditer(text, first, last + 1) if found.start() < last]
    if not gone:
        return range(first, last)
    kept: list[int] = []
    for vanished in gone:
        kept.extend(range(first, vanished.start))
        first = vanished.stop
    kept.extend(range(first, last))
    return kept


def _flatten_cluster(text: str, cluster: list[int], pieces: list[str], starts: list[int], ends: list[int]) -> None:
    letters = "".join([text[index] for index in cluster])
    spelling = _SPELLINGS[letters] if len(letters) == 1 else _spell(letters)
    pieces.append(spelling)
    # Marks may have changed places; then only the cluster as a whole can be pointed to.
    if len(spelling) == len(letters) and all(map(str.__eq__, spelling, map(_SPELLINGS.__getitem__, letters))):
        starts.extend(cluster)
        ends.extend(index + 1 for index in cluster)
    else:
        starts.extend([cluster[0]] * len(spelling))
        ends.extend([cluster[-1] + 1] * len(spelling))


def _spell(cluster: str) -> str:
    """One cluster in its plain spelling."""
    letters: list[str] = []
    after_latin = False
    for character in unicodedata.normalize("NFKC", cluster):
        if is_mark(character):
            if not after_latin:
                letters.append(character)
            continue
        base = unicodedata.normalize("NFD", character)[0]
        after_latin = _is_latin(base)
        letters.append(base if after_latin else character)
    return "".join(letters).translate(_LATIN_SPELLINGS)


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")


def _continues_cluster(character: str) -> bool:
    """Whether it may compose with what stands before it."""
    decomposed = unicodedata.normalize("NFKD", character)[0]
    is_hangul_vowel_or_tail = "\u1160" <= decomposed <= "\u11ff"
    return is_mark(character) or unicodedata.combining(decomposed) != 0 or is_hangul_vowel_or_tail


def _spell_alone(character: str) -> str:
    """The spelling of a character that is always one cluster and one character of flat text; else nothing."""
    spelling = "" if vanishes(character) or _continues_cluster(character) else _spell(character)
    return spelling if len(spelling) == 1 else ""


_CONTINUES = Characters(_continues_cluster)
_SPELLINGS = Characters(_spell)
_SINGLE_SPELLINGS = Characters(_spell_alone)
