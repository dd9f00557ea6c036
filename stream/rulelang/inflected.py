"""Words behind `~` that are a form already: of `~strikes` the forms are strikeses and strikesing, which nobody writes.

There is no dictionary here, only spelling and the irregular tables. Words in -ing are left alone, since most are nouns
with a plural of their own (`meeting`), and so are words with capitals, which are names (`Reuters`, `Fed`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from stream.rulelang.inflect import inflections
from stream.rulelang.irregular import IRREGULAR_NOUNS, IRREGULAR_VERBS, VERB_PREFIXES

# What is a word of its own beside being somebody's past or plural, with forms that are written: ~wound, wounded.
_WORDS = """
abdomen abode being bit bloodshed bore bound deathbed dove drove embed fell felt flatbed found ground hatred hotbed
hundred infrared kindred lens moped naked news people present regimen rent resent riverbed rose rugged rung sacred
seabed series shot sickbed slew smelt spat species specimen spoke stole summons testbed thought watershed wicked
wound yes
"""
_WORDS_OF_THEIR_OWN = frozenset(_WORDS.split())
_LAST_PART = re.compile(r"(.*[-\u2010\u2011\u2012\u2013])?([a-z]{3,})\Z", re.DOTALL)
_FORM = re.compile(
    r"""
      [a-z]+ [^aious] s                                                       # strikes; not virus, gas, crisis, loss
    | (?=[a-z]*[aeiouy][a-z]*ed\Z) [a-z]+ (?: [^aeh] | [cgpst]h | [ao]a ) ed  # warned; not shed, need, shahed
    | (?: agr | decr | fr | guarant ) eed
    | [a-z]+ [defilnrst] men                                                  # gunmen, policemen
    """,
    re.VERBOSE,
)
_ADDS_E = re.compile(
    r".* (?: [cvzue] | [^n]g | [^s]s | [^aeiourwl]l | [^aeiou](?:[aiu]d|[au]t|in) | (?:[^aeiou]|qu)[aiu]r )"
    r" | [^aeiou]+ [aeiou] [^aeioulwxy]",
    re.VERBOSE,
)
_ADDS_NOTHING = re.compile(r".* (?: [^aeiou]{2} | [aeiou]{2}[^aeiou] | e[lnrt] | on | [owxy] )", re.VERBOSE)


@lru_cache(maxsize=20_000)
def is_form(word: str) -> bool:
    """Whether a word (or the last part of a hyphenated one) is the plural, the -s form or the past of another one."""
    part = _LAST_PART.fullmatch(word)
    if part is None or part[2] in _WORDS_OF_THEIR_OWN:
        return False
    last = part[2]
    if last in IRREGULAR_VERBS or last in IRREGULAR_NOUNS:
        return False
    return _irregular_base(last) is not None or _FORM.fullmatch(last) is not None


def base_of(word: str) -> str | None:
    """The base of a form, as `~` wants it, or None where spelling does not show it (`focused`, `viruses`)."""
    part = _LAST_PART.fullmatch(word)
    if part is None:
        return None
    last = part[2]
    base = _irregular_base(last) or (_base_of_s(last) if last.endswith("s") else _base_of_past(last))
    return (part[1] or "") + base if base and last in inflections(base) else None


@lru_cache(maxsize=1)
def _irregular() -> dict[str, str]:
    tables = (IRREGULAR_NOUNS, IRREGULAR_VERBS)
    pairs = {form: base for table in tables for base, forms in table.items() for form in forms}
    del pairs["bases"]  # of a base, more often than of a basis
    return pairs


def _irregular_base(word: str) -> str | None:
    bases = _irregular()
    if word in bases:
        return bases[word]
    if word.endswith("men") and _FORM.fullmatch(word):
        return word[:-3] + "man"
    for prefix in VERB_PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and rest not in IRREGULAR_VERBS and rest not in _WORDS_OF_THEIR_OWN:
            base = bases.get(rest)
            if base in IRREGULAR_VERBS:
                return prefix + base
    return None


def _base_of_s(word: str) -> str | None:
    if word.endswith("ies"):
        return word[:-1] if len(word) < 5 else word[:-3] + "y"
    if word.endswith(("uses", "aches", "gases", "biases")) and not word.endswith(
        ("auses", "ouses", "eaches", "oaches")
    ):
        return None
    if word.endswith(("ches", "shes", "sses", "xes", "zzes")) or (word.endswith("oes") and len(word) > 5):
        return word[:-2]
    return word[:-1]


def _base_of_past(word: str) -> str | None:
    if word.endswith("ied"):
        return word[:-1] if len(word) < 5 else word[:-3] + "y"
    stem = word[:-2]
    if stem.endswith(("us", "ng", "th")) or (stem.endswith("ll") and len(stem) > 5):
        return None
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] in "bdgmnprt":
        return stem[:-1]
    if _ADDS_E.fullmatch(stem):
        return stem + "e"
    return stem if _ADDS_NOTHING.fullmatch(stem) else None
