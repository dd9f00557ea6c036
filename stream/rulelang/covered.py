"""Items of a list that no text can reach: another item of the same list finds the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stream.clean import read_phrase
from stream.rulelang.inflect import inflections
from stream.rulelang.nodes import ListRef, Node, Phrase, Word

Reading = tuple[tuple[str, ...], bool]
"""Tokens, and whether any ending of the last one passes."""


def covered_items(items: Sequence[Node], nested: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Pairs of an item and one that finds all that it finds: a wider one, or the first of two that read alike.

    `nested` are the items of lists that `items` name; they count as written before.
    """
    readings = [_readings(item) if isinstance(item, Word | Phrase) else frozenset() for item in (*nested, *items)]
    holders: dict[Reading, set[int]] = {}
    prefixes: dict[tuple[str, ...], set[Reading]] = {}
    for number, found in enumerate(readings):
        for reading in found:
            holders.setdefault(reading, set()).add(number)
            if reading[1]:
                prefixes.setdefault(reading[0][:-1], set()).add(reading)
    for number, item in enumerate(items, len(nested)):
        found = readings[number]
        covering = [_covering(reading, holders, prefixes) for reading in found]
        others = set.intersection(*covering) - {number} if covering else set()
        # Of two that read alike the second is the one too many.
        wider = [other for other in others if other < number or readings[other] != found]
        if wider:
            yield item, (*nested, *items)[min(wider)]


def _covering(
    reading: Reading, holders: dict[Reading, set[int]], prefixes: dict[tuple[str, ...], set[Reading]]
) -> set[int]:
    """The items that find what a reading finds."""
    tokens, _ = reading
    covering = set(holders[reading])
    for wider in prefixes.get(tokens[:-1], ()):
        if tokens[-1].startswith(wider[0][-1]):
            covering |= holders[wider]
    return covering


def _readings(item: Word | Phrase) -> frozenset[Reading]:
    words = (item,) if isinstance(item, Word) else item.words
    if any(word.prefix for word in words[:-1]):
        return frozenset()
    before = [token for word in words[:-1] for token, _ in read_phrase(word.text)]
    last = words[-1]
    found = []
    for form in inflections(last.text) if last.inflected else (last.text,):
        tokens = (*before, *(token for token, _ in read_phrase(form)))
        if tokens:
            found.append((tokens, last.prefix))
    return frozenset(found)


def named_lists(items: Sequence[Node]) -> list[str]:
    """The lists that items name."""
    return [item.name for item in items if isinstance(item, ListRef)]
