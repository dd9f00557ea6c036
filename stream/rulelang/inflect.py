"""`~word`: the word and its regular English forms, and a table of irregular ones.

The algorithm works on the word as written and never reduces it. It adds, for any word of two letters or more:
    -s      -es behind s, x, z, ch, sh and behind consonant + o (there -s too); consonant + y gives -ies, -sis -ses
    -ed     -d behind e; consonant + y gives -ied; a final c gives -cked
    -ing    a final e is dropped (not behind e, o, y; behind g and u both ways), -ie gives -ying, a final c -cking
    a single vowel before a single final consonant (not w, x, y) doubles it before -ed and -ing: always in words of
    one syllable (`plan` → `planned`, never `planed`, which is another verb), both ways in longer ones
    (`travel` → `traveled`, `travelled`), because spelling does not show the stress; a final l behind two vowels both
    ways too (`fuel`).
Irregular verbs and nouns come from the tables in `irregular`; their listed past forms take the place of -ed. A verb
behind a prefix (`overtake`) and a noun at the end of a longer one (`spokesperson`) are found by their base.

Forms that are no words do no harm: nobody writes them. Word classes are never crossed: `~escalation` does
not give `escalate`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stream.rulelang.irregular import IRREGULAR_NOUNS, IRREGULAR_VERBS, VERB_PREFIXES

_VOWELS = "aeiou"
_LAST_PART = re.compile(r"(.*[-‐‑–])?([A-Za-zÀ-ÖØ-öø-ɏ]+['’]?)\Z", re.DOTALL)
_SYLLABLE = re.compile(r"[aeiouy]+")


@lru_cache(maxsize=20_000)
def inflections(word: str) -> tuple[str, ...]:
    """The forms of a word as written, itself first, each once; capitals of the stem are kept.

    Of a hyphenated word the last part is inflected. A word that ends in a digit gets -s alone; one in another
    script, or with dots at its end, has no forms but itself.
    """
    if word[-1:].isdigit():
        return (word, word + "s")
    parts = _LAST_PART.match(word)
    if parts is None:
        return (word,)
    head, last = parts.group(1) or "", parts.group(2).rstrip("'’")
    forms = [word, *(head + form for form in _forms(last))] if len(last) > 1 else [word]
    return tuple(dict.fromkeys(forms))


def _forms(word: str) -> list[str]:
    lower = word.lower()
    verb = IRREGULAR_VERBS.get(lower)
    forms = [*_s_forms(lower), *_irregular_plurals(lower)]
    forms += verb if verb is not None else [*_ed_forms(lower), *_prefixed(lower)]
    forms += _ing_forms(lower)
    return [_in_case_of(word, form) for form in forms]


def _irregular_plurals(word: str) -> list[str]:
    forms = list(IRREGULAR_NOUNS.get(word, ()))
    if word.endswith("sis"):
        forms.append(word[:-2] + "es")
    if word.endswith("man") and len(word) > 4:
        forms.append(word[:-2] + "en")
    for base, plurals in IRREGULAR_NOUNS.items():
        if len(base) > 3 and word.endswith(base) and word != base:
            forms += [word.removesuffix(base) + plural for plural in plurals]
    return forms


def _prefixed(word: str) -> list[str]:
    """Irregular forms by the base behind a prefix; the regular ones stay, since `reset` may not be re + set."""
    forms: list[str] = []
    for prefix in VERB_PREFIXES:
        base = word.removeprefix(prefix)
        if base != word:
            forms += [prefix + form for form in IRREGULAR_VERBS.get(base) or _prefixed(base)]
    return forms


def _s_forms(word: str) -> list[str]:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        doubled = [word + "zes"] if word.endswith("z") and _is_short(word[:-1]) else []
        return [word + "es", *doubled, *([word + "s"] if word.endswith("ch") else [])]
    if _ends_consonant_and(word, "y"):
        return [word[:-1] + "ies"]
    if _ends_consonant_and(word, "o"):
        return [word + "es", word + "s"]
    return [word + "s"]


def _ed_forms(word: str) -> list[str]:
    if word.endswith("e"):
        return [word + "d"]
    if _ends_consonant_and(word, "y"):
        return [word[:-1] + "ied"]
    return [stem + "ed" for stem in _stems(word)]


def _ing_forms(word: str) -> list[str]:
    if word.endswith("ie"):
        return [word[:-2] + "ying"]
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")) and len(word) > 2:
        return [word[:-1] + "ing", *([word + "ing"] if word.endswith(("ge", "ue")) else [])]
    return [stem + "ing" for stem in _stems(word)]


def _stems(word: str) -> list[str]:
    """The stem before -ed and -ing: with its final consonant doubled where that is the rule."""
    if word.endswith("c"):
        return [word + "k", word]
    if word.endswith("l") and len(word) > 3 and word[-2] in _VOWELS and word[-3] in _VOWELS:
        return [word, word + "l"]
    if not _doubles(word):
        return [word]
    doubled = word + word[-1]
    return [doubled] if len(_SYLLABLE.findall(word)) == 1 else [word, doubled]


def _doubles(word: str) -> bool:
    if len(word) < 3 or word[-1] in _VOWELS + "wxy" or word[-2] not in _VOWELS + "y":
        return False
    if word[-2] == "y":
        return False
    # "qu" counts as a consonant: quiz, equip.
    return word[-3] not in _VOWELS or word[-4:-2].endswith("qu") or (word[-3] == "u" and word[-4:-3] == "q")


def _is_short(stem: str) -> bool:
    return len(_SYLLABLE.findall(stem.replace("qu", "q"))) == 1


def _ends_consonant_and(word: str, letter: str) -> bool:
    return len(word) > 1 and word[-1] == letter and (word[-2] not in _VOWELS or word.endswith("quy"))


def _in_case_of(word: str, form: str) -> str:
    """Capitals of the stem carried over: `Putin` → `Putins`, `Strike` → `Struck`, `STRIKE` → `STRUCK`."""
    if len(word) > 1 and word.isupper():
        return form if form.lower() == word.lower() else form.upper()
    common = 0
    while common < min(len(word), len(form)) and word[common].lower() == form[common]:
        common += 1
    carried = word[:common] + form[common:]
    return carried[:1].upper() + carried[1:] if word[:1].isupper() else carried
