"""Which records `redline tap` shows: by key, and by fields of their JSON, named by the end of their path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click
import orjson

from stream.model import Record

_FILTER = re.compile(r"([\w.$-]{1,200})(!=|=|~)(.*)", re.DOTALL)
NESTED_MAX = 32


@dataclass(frozen=True, slots=True)
class FieldFilter:
    """`field` is a path (`data.article.source`) or the end of one (`source`); places in lists are no part of it."""

    field: str
    operator: Literal["=", "!=", "~"]
    value: str

    def holds(self, value: Any) -> bool:
        """= and ~ (contains, capitals aside) want one such field that fits, != that none is equal."""
        found = [text for path, text in _leaves(value, "", 0) if path == self.field or path.endswith("." + self.field)]
        match self.operator:
            case "=":
                return self.value in found
            case "!=":
                return self.value not in found
            case "~":
                return any(self.value.casefold() in text.casefold() for text in found)


class FilterType(click.ParamType):
    """FIELD=VALUE, FIELD!=VALUE or FIELD~TEXT."""

    name = "filter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> FieldFilter:
        """The filter."""
        if isinstance(value, FieldFilter):
            return value
        found = _FILTER.fullmatch(str(value))
        if found is None:
            self.fail(f"found {value!r}, expected FIELD=VALUE, FIELD!=VALUE or FIELD~TEXT", param, ctx)
        operator: Literal["=", "!=", "~"] = found[2]  # type: ignore[assignment]
        return FieldFilter(found[1], operator, found[3])


class Picker:
    """Picks records: one of `keys` (none: all), every one of `filters`. What is no JSON passes no filter but !=."""

    def __init__(self, keys: Sequence[str], filters: Sequence[FieldFilter]) -> None:
        self._keys = frozenset(key.encode() for key in keys)
        self._filters = tuple(filters)

    def picks(self, record: Record) -> bool:
        """True if it is wanted."""
        if self._keys and (record.key or b"") not in self._keys:
            return False
        if not self._filters:
            return True
        value = parsed(record.value)
        return all(one.holds(value) for one in self._filters)


def parsed(value: bytes | None) -> Any:
    """The JSON of a value; None if it is none."""
    try:
        return orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > NESTED_MAX:
        return
    match value:
        case dict():
            for name, inner in value.items():
                yield from _leaves(inner, f"{path}.{name}" if path else str(name), depth + 1)
        case list():
            for inner in value:
                yield from _leaves(inner, path, depth + 1)
        case str():
            yield path, value
        case _:
            yield path, orjson.dumps(value).decode()
