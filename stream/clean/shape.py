"""What kind of character stands where: flat text as a string of ASCII letters that regular expressions run on.

flat     Gen. Łuk said: “F-16s”, 谈。
shape    Aaa. Aaa aaaa_ "A-dda"_ kf

A a c   a letter: capital, small, without case         ' " q   quotes; q only opens
d n     a decimal digit, another number                - . ,   themselves
m       a combining mark                               ! f     ends of sentences; f of East Asian width
k       a character of a script without spaces         )       a closing bracket
N r     a line break; r is a carriage return           |       a break of paragraph
space   white space                                    _       anything else
"""

from __future__ import annotations

import unicodedata

from stream.clean.memo import Characters

PARAGRAPH_BREAK = "\x1d"
"""Stands in flat text where a block element begins or ends."""


def shape_of(flat_text: str) -> str:
    """The shape of a flat text, one letter a character."""
    return flat_text.translate(_KINDS)


_GIVEN = {
    "'": "'", '"': '"', "‚": '"', "「": "q", "『": "q", "」": ")", "』": ")", "-": "-", ".": ".", ",": ",",
    "!": "!", "?": "!", "؟": "!", "।": "!", "。": "f", "\r": "r", PARAGRAPH_BREAK: "|",
    "\n": "N", "\v": "N", "\f": "N", "\x85": "N", "\u2028": "N", "\u2029": "N",
}  # fmt: skip
# Blocks of Thai, Lao, Khmer with its symbols, Hiragana and Katakana with their extensions, Han with its marks.
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF), (0x1780, 0x17FF), (0x19E0, 0x19FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x302D),
    (0x3031, 0x3035), (0x3038, 0x303C), (0x3041, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0x16FE2, 0x16FF1), (0x1AFF0, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip


def _kind(character: str) -> str:
    given = _GIVEN.get(character)
    if given is not None:
        return given
    category = unicodedata.category(character)
    match category[0]:
        case "L" | "N" | "M" if category != "Nd" and _is_without_spaces(ord(character)):
            return "k"
        case "L":
            return _letter_kind(character)
        case "N":
            return "d" if category == "Nd" else "n"
        case "M":
            return "m"
        case "P" if category in ("Pi", "Pf"):
            # What is left of them when the usual ones are " and ': ‹ › and rarer forms, opening in one language and
            # closing in the next.
            return '"'
        case _:
            return " " if character.isspace() else ")" if category == "Pe" else "_"


def _letter_kind(character: str) -> str:
    if character.isupper() or character.istitle():
        return "A"
    return "a" if character.islower() or character.upper() != character else "c"


def _is_without_spaces(code_point: int) -> bool:
    return any(first <= code_point <= last for first, last in _WITHOUT_SPACES)


def _kind_of_code(code_point: int) -> str:
    return _kind(chr(code_point))


_KINDS = Characters(_kind_of_code)
