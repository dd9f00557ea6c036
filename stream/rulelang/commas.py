"""A comma where none can stand: what was meant, and how it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHOWN_CODE_POINTS_MAX = 80

_NAME = re.compile(r"([A-Za-z]+)[ \t]*/?[ \t]*([0-9]*)\s*\Z")
_PART = re.compile(r'[^",()]+|"[^"]*"?|[,()]')
_WORDS = re.compile(r"[~@]?[^\W_][\w\-'’.*]*(?:\s+[^\W_][\w\-'’.*]*)*\Z")
_PHRASE = re.compile(r'~?"[^"]*"\Z')
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR)\b")
_NUMBER = re.compile(r"[0-9]+(?:,[0-9]+)+")
_BETWEEN = {"or": "OR", "and": "AND", "all": "AND", "either": "OR", "both": "AND"}


@dataclass(frozen=True, slots=True)
class CommaFault:
    """A finding about a comma, at `start` to `end` of the expression."""

    code: str
    start: int
    end: int
    found: str
    expected: str
    help: str


def comma_fault(text: str, position: int, opened: int | None) -> CommaFault:
    """What to say of the comma at `position`; `opened` is where the bracket around it stands, if there is one."""
    parts = _parts(text, 0 if opened is None else opened + 1)
    written = [_written(part) for part in parts]
    known = [part for part in written if part is not None]
    usable = len(known) == len(parts) >= 2
    name = _NAME.search(text[:opened]) if opened is not None else None
    word = name[1] if name is not None else ""
    if name is not None and word.upper() == "ANY":
        operands = _short(", ".join(map(_operand, parts))) if len(parts) > 1 and all(parts) else "a, b, c"
        found = f"`{' '.join(text[name.start() : opened].split())}` before a bracket"
        help_ = f"Write how many of them must hold: `ANY/1({operands})` for one or more, `ANY/2({operands})` for two."
        if name[2]:
            help_ = f"Write `ANY/{name[2]}({operands})`."
        return CommaFault("R307", name.start(), name.start() + len(name[0].rstrip()), found, "`ANY/k`", help_)
    number = next((m for m in _NUMBER.finditer(text) if m.start() < position < m.end()), None)
    if number is not None:
        help_ = f'Put a number with a comma in quotes: "{number[0]}".'
    elif usable and name is not None and word.lower() in _BETWEEN and _leads(text[: name.start()]):
        help_ = f"Write the operator between them: `({_short(f' {_BETWEEN[word.lower()]} '.join(known))})`."
    elif usable:
        either, both = (_short(f" {operator} ".join(known)) for operator in ("OR", "AND"))
        plain = ", ".join(parts)
        stands = f'as it stands `"{_short(plain)}"`' if not re.search(r'["~@*]', plain) else "with a comma in quotes"
        help_ = f"For any of them write `{either}`, for all of them `{both}`, for the text {stands}."
    else:
        help_ = "Write AND, OR or NEAR/n there; a text with a comma needs quotes. Operands of ANY/k( … ) have commas."
    return CommaFault("R301", position, position + 1, "a comma", "an operator, or a quoted phrase", help_)


def _parts(text: str, start: int) -> list[str]:
    """What commas separate from `start` to the bracket that closes, or to the end; brackets inside stay whole."""
    parts, depth = [""], 0
    for match in _PART.finditer(text, start):
        piece = match[0]
        depth += (piece == "(") - (piece == ")")
        if depth < 0:
            break
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]


def _written(part: str) -> str | None:
    """A part as an operand: a phrase gets its quotes. None for what is more than words."""
    if _PHRASE.match(part):
        return part
    if not _WORDS.match(part) or _OPERATOR.search(part):
        return None
    words = part.split()
    if len(words) == 1:
        return part
    if part.startswith("@"):
        return None
    return f'{"~" * part.startswith("~")}"{" ".join(words).removeprefix("~")}"'


def _operand(part: str) -> str:
    return _written(part) or part


def _leads(before: str) -> bool:
    """Whether what follows has no operand before it: AND( … ) is then a function, as in other tools."""
    return not before.strip() or before.rstrip().endswith(("(", ","))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CODE_POINTS_MAX else text[: SHOWN_CODE_POINTS_MAX - 1] + "…"
