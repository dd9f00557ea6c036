"""Texts as YAML scalars: plain where that is safe, quoted where it is not, folded where they are long."""

from __future__ import annotations

import re
from collections.abc import Sequence

LINE_CODE_POINTS_MAX = 120

# First characters that mean something else in YAML; letters, digits and the rest begin a plain text.
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`~")
_UNSAFE = re.compile(r":(?=\s|\Z)|\s#|\s\s|[^\S ]|^\s|\s\Z")
_FLOW_SIGNS = re.compile(r"[,\[\]{}]|:(?=[^\s\w/])")
_SHORT_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_BREAKS = re.compile(r"(?<=\S) (?=\S)")


def is_plain(text: str, *, in_flow: bool, was_plain: bool = False) -> bool:
    """Whether a text can stand without quotes. One that was plain keeps its right to begin with an indicator."""
    if not text or _UNSAFE.search(text) or not _printable(text) or text.startswith(("---", "...")):
        return False
    if in_flow and _FLOW_SIGNS.search(text):
        return False
    return was_plain or text[0] not in _INDICATORS


def quote(text: str) -> str:
    """The text in quotes, on one line."""
    if _printable(text) and ("\\" in text or '"' in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def in_line(text: str, style: str | None, *, in_flow: bool) -> str:
    """The text on one line: plain texts stay plain where they can, others are quoted."""
    if style is None and (not text or is_plain(text, in_flow=in_flow, was_plain=True)):
        return text
    return quote(text)


def can_fold(text: str) -> bool:
    """Whether a text can be the content of a `>-` block: lines without blanks at their ends, none empty at the ends."""
    lines = text.split("\n")
    return bool(lines[0] and lines[-1]) and all(line == line.strip() and _printable(line) for line in lines)


def folded(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` where single blanks allow; a line break of the text is an empty line."""
    rows: list[str] = []
    for number, line in enumerate(text.split("\n")):
        rows += [""] * (number > 0)
        rows += fill(_BREAKS.split(line), width, "") if line else []
    return rows


def fill(words: Sequence[str], width: int, comma: str) -> list[str]:
    """Words in lines of at most `width`, each but the last followed by `comma` and, on its line, a blank."""
    lines: list[str] = []
    line = ""
    for number, word in enumerate(words, 1):
        piece = word + (comma if number < len(words) else "")
        if line and len(line) + 1 + len(piece) > width:
            lines.append(line)
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, line]


def _printable(text: str) -> bool:
    return all(character.isprintable() for character in text) and "\ufeff" not in text


def _escaped(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if character.isprintable() and character != "\ufeff":
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
