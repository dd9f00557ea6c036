"""The leaves of expressions: words, phrases and the values of key fields, with their mistakes."""

from __future__ import annotations

import re
import unicodedata

from lark import Token

from stream.clean import read_phrase
from stream.clean.printable import harmless
from stream.rulelang.nodes import KeyField, Phrase, Place, Word
from stream.rulelang.pasting import in_file
from stream.rulelang.source import nearest, quoted
from stream.rulelang.yamltree import Scalar

_INNER = frozenset("-'.’‘ʼ′`\u2010\u2011\u2012\u2013™®©℠")
_CHUNK = re.compile(r"\S+")
_OPERATOR = re.compile(r"(?:AND|OR|NOT|O?NEAR|SENTENCE|PARAGRAPH|CASE|LEAD|ATLEAST|ANY)(?:/.*)?\Z", re.DOTALL)
_FORMS = {
    "NEAR": "`a NEAR/3 b`",
    "ONEAR": "`a ONEAR/3 b`",
    "SENTENCE": "`SENTENCE(a AND b)`",
    "PARAGRAPH": "`PARAGRAPH(a AND b)`",
    "CASE": "`CASE(US)`",
    "LEAD": "`LEAD/50(a)`",
    "ATLEAST": "`ATLEAST/3(a)`",
    "ANY": "`ANY/2(a, b, c)` for two of them or more, `(a OR b)` for one",
}
_NUMBERED = ("near", "onear", "lead", "atleast", "any")
_BRACKETED = ("sentence", "paragraph", "case")
_EXCLUDING = ("-", "!")
_LINKS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    **dict.fromkeys(("andnot", "and-not", "and_not"), "AND NOT"),
    "near": "NEAR/n",
    "onear": "ONEAR/n",
}
# In small letters these are words like others: `nothing except peace`.
_CAPITAL_LINKS = {**dict.fromkeys(("UNLESS", "EXCEPT", "WITHOUT", "EXCLUDING", "MINUS"), "AND NOT"), "BUT": "AND"}
_GLUED = re.compile(r"(?:o?near|(?:w|adj)/?)(\d+)", re.IGNORECASE)
_SINGLE_QUOTED = re.compile(r"""'([^\s'"][^"()\n]{0,78}?)'(?=[\s()]|\Z)""")
_SIGNS_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
READS_AS_NOTHING = "It reads as nothing and cannot be looked for: delete it."
_SIGNS = {"&&": "AND", "&": "AND", "+": "AND", "||": "OR", "|": "OR", "!": "NOT", "-": "NOT"}


def is_operator(text: str) -> bool:
    """Whether a word is the name of an operator, with or without a number."""
    return _OPERATOR.match(text) is not None


def meant_operator(text: str, *, before_bracket: bool = False) -> str | None:
    """The operator that a word looks like, misspelt or in small letters: `ONAER/10`, `near/5`, `SENTANCE(`."""
    name, slash, number = text.partition("/")
    if is_operator(text) or not name.isalpha():
        return None
    if slash and number.isdecimal():
        best = nearest(name, _NUMBERED)
        return None if best is None else f"{best.upper()}/{number}"
    if not before_bracket or slash:
        return None
    if name.lower() in _BRACKETED:
        return name.upper()
    best = nearest(name, _BRACKETED) if name.isupper() else None
    return None if best is None else best.upper()


def meant_link(text: str) -> str | None:
    """The operator between two operands that a word stands for: `And`, `ANDNOT`, `NEAR5`, `W/5`. Else None."""
    found = _GLUED.fullmatch(text)
    if found is not None:
        return f"{'ONEAR' if text[:1] in 'oO' else 'NEAR'}/{found[1]}"
    return _CAPITAL_LINKS.get(text) or _LINKS.get(text.lower())


def meant_excluded(text: str) -> str | None:
    """The word that is to be left out, as search engines have it: `-peace`, `!peace`. Else None."""
    return text[1:] if text[:1] in _EXCLUDING and is_plain_word(text[1:]) else None


def is_plain_word(text: str) -> bool:
    """Whether a text is one word as expressions have it, `~` and `*` included."""
    bare = text.removeprefix("~").removesuffix("*")
    return bare[:1].isalnum() and all(_is_word_character(c) for c in bare)


def read_word(scalar: Scalar, text: str, offset: int) -> Word:
    """The word that stands at `offset` of the scalar's text; its mistakes are noted."""
    source, place = scalar.source, scalar.place_of(offset, offset + len(text))
    word = _word(text.removeprefix("~"), text.startswith("~"), place)
    if _OPERATOR.match(text):
        name = text.partition("/")[0]
        phrase = in_file(scalar, offset, offset + len(text), f'"{name}"')
        if name in _FORMS:
            help_ = f"Written so: {_FORMS[name]}. To search the word itself, quote it: {phrase}."
            source.add("R307", place, quoted(text), "the operator as it is written", help_)
        else:
            help_ = f"An operator needs something on both sides. To search the word itself, quote it: {phrase}."
            source.add("R301", place, quoted(text), "a word, a phrase, a list or a bracket", help_)
        return word
    _check_star(scalar, word, offset + text.startswith("~"))
    wrong = next((i for i, c in enumerate(word.text) if not _is_word_character(c) and c != "*"), None)
    if wrong is None and not word.text[:1].isalnum() and word.text.strip("*"):
        wrong = 0
    if wrong is not None and (meant := meant_operator(text)) is not None:
        phrase = in_file(scalar, offset, offset + len(text), f'"{text}"')
        help_ = f"Did you mean `{meant}`? To search the word itself, quote it: {phrase}."
        source.add("R307", place, quoted(text), "an operator", help_)
    elif wrong is not None:
        at = offset + text.startswith("~") + wrong
        help_ = _instead_of(scalar, text, offset)
        source.add("R304", scalar.place_of(at, at + 1), quoted(word.text[wrong]), "letters, digits, - ' or .", help_)
    elif not word.text:
        source.add("R304", place, quoted(text), "a word", "A word begins with a letter or a digit.")
    return word


def read_words(scalar: Scalar, text: str, offset: int, span: tuple[int, int], inflected: bool) -> Phrase:
    """The words between the quotes of a phrase; `span` is the whole phrase, quotes included."""
    chunks = [(m.group(), m.start() + offset) for m in _CHUNK.finditer(text)]
    read = []
    for number, (chunk, start) in enumerate(chunks, 1):
        place = scalar.place_of(start, start + len(chunk))
        word = _word(chunk, inflected and number == len(chunks), place)
        _check_star(scalar, word, start)
        read.append(word)
    place = scalar.place_of(*span)
    if not read:
        scalar.source.add(
            "R408", place, "a phrase without words", "at least one word", "Delete it, or write the words."
        )
        read.append(Word("", place=place))
    return Phrase(tuple(read), place)


def read_key_field(scalar: Scalar, name: str, value: Token, place: Place) -> KeyField:
    """`name:value` with a bare value, a quoted one or a list."""
    text = str(value)
    if value.type == "LIST":
        return KeyField(name, "", list_name=text[1:], place=place)
    start = value.start_pos or 0
    if value.type == "STRING":
        if text.startswith("~"):
            help_ = "The values of key fields are equal as a whole; leave out the `~`."
            scalar.source.add("R304", scalar.place_of(start, start + 1), "`~` before a value", "the value", help_)
        text = text.strip('~"')
    else:
        bare = text.removesuffix("*")
        wrong = next((i for i, c in enumerate(bare) if not _is_word_character(c) and c not in "/:_"), None)
        if wrong is not None:
            at = scalar.place_of(start + wrong, start + wrong + 1)
            field = start - len(name) - 1
            written = in_file(scalar, field, start + len(text), f'{name}:"{text}"')
            help_ = f"Put the value in quotes: {written}."
            scalar.source.add("R304", at, quoted(bare[wrong]), "letters, digits and - ' . / : _", help_)
    prefix = text.endswith("*")
    if "*" in text[:-1]:
        at = scalar.place_of(start, start + len(str(value)))
        help_ = "A value that ends in a star is a prefix."
        scalar.source.add("R411", at, "a star inside a value", "one star, at its end", help_)
    return KeyField(name, text.removesuffix("*").strip(), prefix, place=place)


def meant_phrase(text: str, offset: int) -> str | None:
    """What stands in single quotes from `offset` of an expression, if that is how far it goes. Else None."""
    found = _SINGLE_QUOTED.match(text, offset)
    return None if found is None or any(map(is_operator, found[1].split())) else found[1]


def _instead_of(scalar: Scalar, text: str, offset: int) -> str:
    """What to write where a word has a character that no word has."""
    sign = _SIGNS.get(text)
    if sign:
        return f"Write {sign}."
    if (excluded := meant_excluded(text)) is not None:
        return f"To exclude the word, write AND NOT {excluded}."
    if (link := meant_link(text)) is not None:
        return f"For {text} write {link}."
    if text[:1] == "#":
        return "There are no comments inside an expression; write them above it."
    end = offset + len(text)
    text = harmless(text)
    tilde = "~" * text.startswith("~")
    phrase = meant_phrase(scalar.text, offset + len(tilde))
    if phrase is not None:
        end = offset + len(tilde) + len(phrase) + 2
        phrase = in_file(scalar, offset, end, f'{tilde}"{phrase}"')
        return f"A phrase has double quotes: write {phrase}."
    read = read_phrase(text)
    if not read:
        return READS_AS_NOTHING
    plain = _SIGNS_AROUND.sub("", text)
    if is_plain_word(plain) and not is_operator(plain) and read_phrase(plain) == read:
        word = in_file(scalar, offset, end, f"{tilde}{plain}")
        help_ = f"Signs are not read: write {word}."
        return f"{help_} The one wildcard is a star at the end of a word." if "?" in text else help_
    written = in_file(scalar, offset, end, f'{tilde}"{text.removeprefix("~")}"')
    wildcard = "`?` is no wildcard: write the words with OR between them. " if "?" in text else ""
    words = " ".join(token for token, _ in read)
    return f"{wildcard}Put it in quotes: {written}. It reads as {quoted(words)}."


def _word(text: str, inflected: bool, place: Place) -> Word:
    prefix = text.endswith("*")
    return Word(text[:-1] if prefix else text, inflected, prefix, place)


def _check_star(scalar: Scalar, word: Word, offset: int) -> None:
    star = word.text.find("*")
    if star >= 0:
        place = scalar.place_of(offset + star, offset + star + 1)
        help_ = "A prefix is written `escalat*`; there is no star before or inside a word."
        scalar.source.add("R411", place, "a star inside a word", "one star, at its end", help_)


def _is_word_character(character: str) -> bool:
    if character.isalnum() or character in _INNER:
        return True
    category = unicodedata.category(character)
    # Marks belong to letters (é as two code points, Devanagari vowels); format characters vanish when read.
    return category[0] in "LNM" or category == "Cf"
