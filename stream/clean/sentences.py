"""Rule 7: where sentences end.

A full stop after an abbreviation or an initial ends nothing, so `in the U.S. The army` stays one sentence: a rule
that asks for two words in one sentence then finds them, which is the lesser error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stream.clean.vocabulary import word_set

ABBREVIATION_CODE_POINTS_MAX = 24

# Written with a capital, or all in capitals.
_TITLES = """
    Mr Mrs Ms Mx Dr Drs Prof Profs St Ste Rev Msgr Hon Messrs Mme Mlle Fr Jr Sr Gen Gens Lt Col Cols Maj Capt Capts
    Cmdr Cdr Cpt Adm Sgt Cpl Pvt Pfc Spc Brig Ens Gov Govs Sen Sens Rep Reps Pres Secy Amb Supt Insp Det Atty Dep
    Asst Min Cllr Univ Dept Dist Inc Corp Ltd Co Bros Ave Blvd Rd Mt Ft
    Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Ph Vs Approx Est
"""
# Words of their own when all in capitals.
_CAPITALISED_ONLY = """
    Sat Sun Sec Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky Md Mass Mich Minn Miss Mo Mont Neb Nev Okla Ore
    Pa Penn Tenn Tex Va Vt Wash Wis Wyo
"""
_CAPITALISED_OR_CAPITALS = frozenset(_TITLES.split())
_CAPITALISED = frozenset(_CAPITALISED_ONLY.split())
# Written small by some; those of the titles and months that are no words or names.
_SMALL = word_set(
    "vs v cf ca al approx est resp mr mrs ms dr prof gen lt col sgt capt cmdr adm jan feb apr aug sept oct nov dec"
)
# Only before a number: `No. 7`, but `He said no.`
_BEFORE_NUMBERS = frozenset({"No", "Nos", "NO", "no", "nos", "Art", "art", "Fig", "fig", "Vol", "vol", "Ch", "pp", "p"})

NUMBER, OTHER = 1, 2

_BLANKS = frozenset(" Nr|")
_BLOCK = re.compile(r"[^|]+")
# What has to follow is optional here: were it not, the search would start again inside a long run of dots.
_END = re.compile(r"""(?P<stop>[.!f]++)["')]*+(?:(?=[ ]++(?P<next>["'qAcdnk]))|(?=(?P<tight>q?k)))?""")
_LINE_END = re.compile(r"""[.!f]["')]*$""")
_WORD_BEFORE = re.compile(r"[Aacdnm.'-]+$")
_SINGLE_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")


def sentence_bounds(flat_text: str, shape: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and paragraph number of each sentence of a flat text; blanks around it are left out.

    Whatever stands between two breaks of paragraph in `shape` is one paragraph.
    """
    for number, block in enumerate(_BLOCK.finditer(shape)):
        start, last = block.span()
        for end in (*_ends(flat_text, shape, start, last), last):
            sentence = shape[start:end]
            blanks = len(sentence) - len(sentence.lstrip(" "))
            length = len(sentence.rstrip(" "))
            if length > blanks:
                yield start + blanks, start + length, number
            start = end


def ends_sentence(line_shape: str) -> bool:
    """Whether a line ends with the end of a sentence."""
    return _LINE_END.search(line_shape.rstrip(" ")) is not None


def chunk_stop(flat_text: str, shape: str) -> int | None:
    """Before what a sentence ends behind a stretch without blanks: NUMBER | OTHER. None if one ends inside of it.

    Also None for a stretch that is empty or has blanks or breaks in it after all.
    """
    if not shape or not _BLANKS.isdisjoint(shape):
        return None
    stop = 0
    for found in _END.finditer(shape):
        kinds, _, tight = found.groups()
        if tight is not None and kinds[-1] != ".":
            return None
        if found.end() == len(shape):
            abbreviated = [
                kinds == "." and _is_abbreviation(flat_text, shape, 0, found.start(), following) for following in "dA"
            ]
            stop = (0 if abbreviated[0] else NUMBER) | (0 if abbreviated[1] else OTHER)
    return stop


def chunk_opening(shape: str) -> int:
    """What a stretch without blanks begins with: NUMBER, OTHER that may begin a sentence, or 0."""
    return NUMBER if shape[0] in "dn" else OTHER if shape[0] in "\"'qAck" else 0


def _ends(flat_text: str, shape: str, start: int, last: int) -> Iterator[int]:
    for found in _END.finditer(shape, start, last):
        stop, following, tight = found.groups()
        if following is not None:
            is_end = stop != "." or not _is_abbreviation(flat_text, shape, start, found.start(), following)
        else:
            # The ends of East Asian sentences need no white space; a script without spaces uses none.
            is_end = tight is not None and stop[-1] != "."
        if is_end:
            yield found.end()


def _is_abbreviation(flat_text: str, shape: str, start: int, stop: int, following: str) -> bool:
    """Whether the word before the full stop at `stop` is an abbreviation or an initial."""
    first = max(start, stop - ABBREVIATION_CODE_POINTS_MAX - 1)
    before = _WORD_BEFORE.search(shape, first, stop)
    if before is None or stop - before.start() > ABBREVIATION_CODE_POINTS_MAX:
        return False
    word = flat_text[before.start() : stop]
    if _SINGLE_LETTERS.fullmatch(word.rpartition("-")[2]):
        return True
    word = word.rpartition(".")[2].strip("-'")
    if len(word) == 1:
        return word.isupper() or word in _SMALL or (following in "dn" and word in _BEFORE_NUMBERS)
    if word in _BEFORE_NUMBERS:
        return following in "dn"
    # `ex-Gov. Roe`
    word = word.rpartition("-")[2]
    capitalised = word[:1] + word[1:].lower() if word.isupper() else word
    return capitalised in _CAPITALISED_OR_CAPITALS or word in _CAPITALISED or word in _SMALL
