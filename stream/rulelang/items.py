"""The items of a list or of `keywords`, and numbers with commas that YAML has taken apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stream.rulelang.grammar import parse_item
from stream.rulelang.nodes import Node
from stream.rulelang.source import quoted
from stream.rulelang.yamltree import Scalar

_NUMBER_GOES_ON = re.compile(r"[0-9]+\Z|[0-9]{3}\s")


def read_items(scalars: Sequence[Scalar]) -> list[Node | None]:
    """Each item's node, None where there is none; mistakes go to the scalars' source."""
    _note_numbers(scalars)
    return [parse_item(scalar) for scalar in scalars]


def _note_numbers(scalars: Sequence[Scalar]) -> None:
    """Between brackets a comma ends an item: `[1,000]` would look for 1 and for 000."""
    first = 0
    for number in range(1, len(scalars) + 1):
        if number < len(scalars) and _goes_on(scalars[number - 1], scalars[number]):
            continue
        if number - first > 1:
            _note_number(scalars[first:number])
        first = number


def _goes_on(before: Scalar, item: Scalar) -> bool:
    return (
        before.style is item.style is None
        and before.end + 1 == item.start
        and item.source.text[before.end] == ","
        and before.text[-1:].isdigit()
        and _NUMBER_GOES_ON.match(item.text) is not None
    )


def _note_number(parts: Sequence[Scalar]) -> None:
    source, start, end = parts[0].source, parts[0].start, parts[-1].end
    texts = [part.text for part in parts]
    help_ = f'A comma needs quotes: "{",".join(texts)}". Items of their own have a blank between: {", ".join(texts)}'
    found = f"{quoted(','.join(texts))}, which is read as {len(parts)} items"
    source.add("R301", source.place(start, end), found, "one item, or a blank behind the comma", help_)
