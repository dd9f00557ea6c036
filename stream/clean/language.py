"""The language of a text, as a BCP 47 tag: by its script, and where a script has several by frequent words and letters.

    letters ──> script ──> one language?  yes ──> it
                              └─ no: frequent words and letters of each ──> the first, if it is well ahead

A word or letter counts 1 / (languages of the script that have it), so that what many share decides little. After the
small-words method of Grefenstette, "Comparing two language identification schemes", JADT 1995. What is in doubt is
none: a wrong language keeps an article from rules that are for others.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from unicodedata import normalize

from stream.clean.cut import Cut
from stream.clean.languagewords import ARABIC, CYRILLIC, DEVANAGARI, ETHIOPIC, HEBREW, LATIN, LETTERS
from stream.clean.vocabulary import word_set

SAMPLE_CODE_POINTS = 1_000
"""So much of the beginning of a text is looked at."""

LETTERS_MIN = 20
SCRIPT_SHARE_MIN = 0.6
KANA_SHARE_MIN = 0.05
SCORE_MIN = 2.0
LEAD_MIN = 1.1
"""The first language has so many times the score of the second."""

QUICK_CODE_POINTS = 300
QUICK_LEAD_MIN = 3.0
"""A language so far ahead after so much text is not looked for in more of it."""

KNOWN_WORDS_SHARE_MIN = 0.15
"""So many of all words are frequent ones of the language: in most languages a third is, or more."""

_LETTER_WEIGHT = 0.5
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)?")
_TYPOGRAPHIC = "“”„«»‘—–…•\u00a0"
_ASCII_NO_WORD = {code: " " for code in range(128) if not chr(code).isalpha() and chr(code) not in "'-"}
_ASCII_NO_LETTER = bytes(code for code in range(128) if not chr(code).isalpha())
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# Vowel signs of Indic scripts are no word characters for `re`.
_INDIC_WORD = re.compile(r"[\u0900-\u0963\u0970-\u097f]+")

# First code point of each stretch, and the script or the language of it; "" for what is no letter of these.
_STRETCHES: tuple[tuple[int, str], ...] = (
    (0, ""), (0x41, "Latin"), (0x5B, ""), (0x61, "Latin"), (0x7B, ""), (0xC0, "Latin"), (0xD7, ""), (0xD8, "Latin"),
    (0xF7, ""), (0xF8, "Latin"), (0x250, ""), (0x259, "Latin"), (0x25A, ""), (0x370, "el"), (0x400, "Cyrillic"),
    (0x530, "hy"), (0x590, "Hebrew"), (0x600, "Arabic"), (0x700, ""), (0x750, "Arabic"), (0x780, "dv"), (0x7C0, ""),
    (0x8A0, "Arabic"), (0x900, "Devanagari"), (0x980, "bn"), (0xA00, "pa"), (0xA80, "gu"), (0xB00, "or"), (0xB80, "ta"),
    (0xC00, "te"), (0xC80, "kn"), (0xD00, "ml"), (0xD80, "si"), (0xE00, "th"), (0xE80, "lo"), (0xF00, "bo"),
    (0x1000, "my"), (0x10A0, "ka"), (0x1100, "ko"), (0x1200, "Ethiopic"), (0x13A0, ""), (0x1780, "km"), (0x1800, ""),
    (0x1E00, "Latin"), (0x1F00, "el"), (0x2000, ""), (0x3041, "Kana"), (0x3100, ""), (0x3131, "ko"), (0x3190, ""),
    (0x3400, "Han"), (0x4DC0, ""), (0x4E00, "Han"), (0xA000, ""), (0xAC00, "ko"), (0xD7B0, ""), (0xF900, "Han"),
    (0xFB00, ""), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"), (0xFE00, ""), (0xFE70, "Arabic"), (0xFF00, ""),
    (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
_STARTS = [start for start, _ in _STRETCHES]

_PREVAILING = {"Hebrew": "he"}
"""The language of nearly all that is in a script whose function words are mostly prefixes."""

_Weights = Mapping[str, tuple[tuple[str, float], ...]]


def _weights(entries: Iterable[tuple[str, str]], each: float = 1.0) -> _Weights:
    """Pairs of a sign (word or letter) and a language, as sign -> languages with their weights."""
    by_sign: dict[str, set[str]] = {}
    for sign, language in entries:
        by_sign.setdefault(sign, set()).add(language)
    return {sign: tuple((name, each / len(names)) for name in sorted(names)) for sign, names in by_sign.items()}


def _word_weights(words: Mapping[str, str]) -> _Weights:
    return _weights((word, language) for language, text in words.items() for word in text.split())


_TABLES: dict[str, Mapping[str, str]] = {
    "Latin": LATIN,
    "Cyrillic": CYRILLIC,
    "Arabic": ARABIC,
    "Devanagari": DEVANAGARI,
    "Ethiopic": ETHIOPIC,
    "Hebrew": HEBREW,
}
_WORDS = {script: _word_weights(table) for script, table in _TABLES.items()}
_VOCABULARIES: defaultdict[tuple[str, str], frozenset[str]] = defaultdict(
    frozenset, {(script, name): word_set(text) for script, table in _TABLES.items() for name, text in table.items()}
)
"""The frequent words of each language; one that is known by its letters alone has none."""
_LETTERS = {
    script: _weights(((letter, name) for letter, names in table.items() for name in names.split()), _LETTER_WEIGHT)
    for script, table in LETTERS.items()
}
LANGUAGES = tuple(
    sorted(
        {name for _, name in _STRETCHES if name and name[0].islower()}
        | {"zh", "ja"}
        | {name for table in _TABLES.values() for name in table}
    )
)
"""All that can be found."""


def find_language(text: str, *, cuts: Sequence[Cut] = ()) -> str | None:
    """The language that most of the beginning of `text` is in; None where that is in doubt.

    `cuts` are its residue, in order, which is passed over: the menus of a page are in no language.
    """
    sample = _sample(text, cuts)
    if len(sample) > QUICK_CODE_POINTS:
        quick = _language_of(sample[:QUICK_CODE_POINTS].lower(), QUICK_LEAD_MIN)
        if quick is not None:
            return quick
    return _language_of(sample.lower(), LEAD_MIN)


def _language_of(sample: str, lead_min: float) -> str | None:
    if not sample.isascii():
        for sign in _TYPOGRAPHIC:
            sample = sample.replace(sign, " ")
        sample = sample.replace("’", "'")
    if sample.isascii():
        return _by_words(sample.translate(_ASCII_NO_WORD).split(), {}, "Latin", lead_min)
    sample = normalize("NFC", sample)
    characters = Counter(_NOT_ASCII.findall(sample))
    script = _script(characters, latin=len(sample.encode("ascii", "ignore").translate(None, _ASCII_NO_LETTER)))
    if script not in _WORDS:
        return script
    words = (_INDIC_WORD if script == "Devanagari" else _WORD).findall(sample)
    return _by_words(words, characters, script, lead_min) or _PREVAILING.get(script)


def _sample(text: str, cuts: Sequence[Cut]) -> str:
    if not cuts:
        return text[:SAMPLE_CODE_POINTS]
    pieces, taken, position = [], 0, 0
    for start, end in [*((cut.start, cut.end) for cut in cuts), (len(text), len(text))]:
        pieces.append(text[position : min(start, position + SAMPLE_CODE_POINTS - taken)])
        taken += len(pieces[-1])
        position = end
        if taken >= SAMPLE_CODE_POINTS:
            break
    return "\n".join(pieces)


def _script(characters: Mapping[str, int], *, latin: int) -> str | None:
    """The script of most letters, or its language where it has but one; None if none prevails.

    `characters` are those that are not ASCII, and how often each comes; `latin` is how many letters are.
    """
    scripts: Counter[str] = Counter({"Latin": latin})
    for character, count in characters.items():
        scripts[_STRETCHES[bisect_right(_STARTS, ord(character)) - 1][1]] += count
    scripts.pop("", None)
    # Japanese is written in both; Chinese has no kana.
    han, kana = scripts.pop("Han", 0), scripts.pop("Kana", 0)
    if han or kana:
        scripts["ja" if kana >= KANA_SHARE_MIN * (han + kana) else "zh"] = han + kana
    letters = scripts.total()
    if letters < LETTERS_MIN:
        return None
    script, count = scripts.most_common(1)[0]
    return script if count >= SCRIPT_SHARE_MIN * letters else None


def _by_words(words: Sequence[str], characters: Mapping[str, int], script: str, lead_min: float) -> str | None:
    weights = _WORDS[script]
    scores: defaultdict[str, float] = defaultdict(float)
    for word, count in Counter(words).items():
        for language, weight in weights.get(word, ()):
            scores[language] += weight * count
    for letter, languages in _LETTERS[script].items() if characters else ():
        if letter in characters:
            for language, weight in languages:
                scores[language] += weight * characters[letter]
    if not scores:
        return None
    # Of two with the same score none leads, so it does not matter which of them is the first.
    first = max(scores, key=scores.__getitem__)
    best = scores.pop(first)
    if best < max(SCORE_MIN, lead_min * max(scores.values(), default=0.0)):
        return None
    known = sum(map(_VOCABULARIES[script, first].__contains__, words))
    return first if known >= KNOWN_WORDS_SHARE_MIN * len(words) else None
