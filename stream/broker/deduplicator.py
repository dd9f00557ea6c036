"""Dropping what was seen before: after a crash Redline may repeat an alert, always under the same id."""

from __future__ import annotations

from collections import OrderedDict


class Deduplicator:
    """Remembers the last `ids_max` (≥ 1) ids; the one not seen for longest is forgotten first."""

    def __init__(self, ids_max: int) -> None:
        if ids_max < 1:
            raise ValueError(f"found ids_max {ids_max}, expected at least 1")
        self._ids_max = ids_max
        self._seen: OrderedDict[str, None] = OrderedDict()

    def first(self, identifier: str) -> bool:
        """True if the id is new, or forgotten; it is remembered from now on."""
        if identifier in self._seen:
            self._seen.move_to_end(identifier)
            return False
        self._seen[identifier] = None
        if len(self._seen) > self._ids_max:
            self._seen.popitem(last=False)
        return True
