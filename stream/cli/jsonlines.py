"""JSON for programs that a terminal can show as well: one object a line, nothing in it that a terminal would obey."""

from __future__ import annotations

import re
from typing import Any

import click
import orjson

# orjson escapes what stands below a blank. The rest that terminals obey, or that reorders text, can only stand inside
# strings, where an escape means the same character.
_OBEYED = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def json_line(value: Any) -> str:
    """The value (dicts, lists, dataclasses, datetimes …) as one line of JSON, without the line's end."""
    return escaped(orjson.dumps(value).decode())


def escaped(json: str) -> str:
    """The same JSON with the characters escaped that a terminal might obey."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def echo_json(value: Any) -> None:
    """Prints it on stdout."""
    click.echo(json_line(value))
