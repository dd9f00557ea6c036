"""What a help proposes, as it is written in the file: YAML takes quotes away, and doubles or escapes those inside."""

from __future__ import annotations

import re

from stream.rulelang.yamltree import Scalar

VALUE_SHOWN_CODE_POINTS_MAX = 80

_BARE = re.compile(r"~?[^\W\d_][\w.*-]*")


def in_file(scalar: Scalar, start: int, end: int, new: str) -> str:
    """What to write for `text[start:end]` of an expression; its whole value where YAML wants quotes around that."""
    text = scalar.text
    before, behind = text[:start].strip(), text[end:].strip()
    is_whole = not before and not behind
    if is_whole and _BARE.fullmatch(new):
        return new
    if is_whole and scalar.style in ("'", '"'):
        return _single_quoted(new)
    if scalar.style is None and not before and new.startswith('"') and not _is_file(scalar):
        value = f"{new}{text[end:]}"
        return new if len(value) > VALUE_SHOWN_CODE_POINTS_MAX else _single_quoted(value)
    if scalar.style == "'":
        return new.replace("'", "''")
    if scalar.style == '"':
        return new.replace("\\", "\\\\").replace('"', '\\"')
    return new


def _is_file(scalar: Scalar) -> bool:
    """Whether the expression stands by itself, outside of any YAML."""
    return scalar.start == 0 and scalar.end == len(scalar.source.text)


def _single_quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
