"""Records that were begun without having been fetched: the client brings them all the same, a moment later.

    log      … 7 8 9 10 11 12
    client         ^ will fetch from 8
    8, 9 handed in: the position is 10; of the fetch that brings 8 to 11, 10 and 11 are new

No Kafka, no Faust and no clock here; the ledger still judges where the rest begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stream.worker.driver.ledger import Partition


class HandedIn:
    """From which offset on the client may still bring what was handed in, for each partition."""

    def __init__(self) -> None:
        self._since: dict[Partition, int] = {}

    def note(self, partition: Partition, first: int) -> None:
        """Records from this offset on, where the position was, are handed in."""
        self._since.setdefault(partition, first)

    def sought(self, partition: Partition) -> None:
        """The client is at the position again: what lies before it does not come any more."""
        self._since.pop(partition, None)

    def new_of(self, partition: Partition, position: int, found: Sequence[Any]) -> Sequence[Any]:
        """What of a fetch was not handed in; `found` has a record, in order of their `offset`. May be empty."""
        since = self._since.get(partition)
        if since is None:
            return found
        if found[-1].offset >= position - 1:
            del self._since[partition]
        if not since <= found[0].offset < position:
            return found
        return [each for each in found if each.offset >= position]
