"""A bracket behind a field that has one value, `lang:(en OR de)`: how it is written."""

from __future__ import annotations

import re

from stream.rulelang.expressions import KEY_FIELDS

SHOWN_VALUES_MAX = 10

_FIELD = re.compile(rf"\b({'|'.join((*KEY_FIELDS, 'regex'))}):\s*\Z")
_LINK = re.compile(r"\s+OR\s+|\s*,\s*")
_VALUE = re.compile(r'[^\s(),"@~“”„«»]+|"[^"]*"|@[\w.]+')
_OPERATORS = frozenset(("AND", "OR", "NOT"))


def bracket_help(text: str, position: int) -> str | None:
    """What to write instead of the bracket at `position`; None where no such field stands before it."""
    field = _FIELD.search(text[:position])
    if field is None:
        return None
    name = field[1]
    if name == "regex":
        return 'Write regex:"…" with the pattern in double quotes.'
    values = _LINK.split(text[position + 1 :].partition(")")[0].strip())
    if len(values) > SHOWN_VALUES_MAX or not all(_VALUE.fullmatch(v) and v not in _OPERATORS for v in values):
        values = ["…", "…"]
    written = " OR ".join(f"{name}:{value}" for value in values)
    return f"The field stands before each value: write `{written if len(values) == 1 else f'({written})'}`."
