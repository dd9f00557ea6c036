"""Circles among names: of lists that name each other, of rules that wait for each other's topics."""

from __future__ import annotations

from collections.abc import Mapping


def circles_of(named: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    """Circles among names, each of which names at least one of the others or itself."""
    circles: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for start in named:
        path: dict[str, int] = {}
        name = start
        while name not in seen and name not in path:
            path[name] = len(path)
            name = next(inner for inner in named[name] if inner in named)
        if name in path:
            circle = list(path)[path[name] :]
            circles.append((*circle, name))
        seen.update(path)
    return circles
