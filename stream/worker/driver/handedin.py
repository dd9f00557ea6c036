"""Records that were begun without having been fetched: the client brings them all the same, a moment later.

    log      … 7 8 9 10 11 12
    client         ^ will fetch from 8
    8, 9 handed in: the position is 10; of the fetch that brings 8 to 11, 10 and 11 are new

That a fetch brings what was handed in is looked at: a broker that loses acknowledged records gives their offsets to
others, which nobody has seen then.

No Kafka, no Faust and no clock here; the ledger still judges where the rest begins. Limits: `UNFETCHED_RECORDS_MAX` of
a partition are remembered, by a hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stream.worker.driver.ledger import Partition

UNFETCHED_RECORDS_MAX = 10_000
"""Some hundred bytes each. A fetch comes within milliseconds; if none comes, the watchdog ends the process."""


class HandedIn:
    """What the client may still bring of what was handed in, for each partition."""

    def __init__(self) -> None:
        self._unfetched: dict[Partition, dict[int, int]] = {}

    def has_room(self, partition: Partition, count: int) -> bool:
        """Whether so many more may be handed in before a fetch has come."""
        return len(self._unfetched.get(partition, ())) + count <= UNFETCHED_RECORDS_MAX

    def note(self, partition: Partition, records: Sequence[Any]) -> None:
        """These, which begin where the position was, are handed in."""
        unfetched = self._unfetched.setdefault(partition, {})
        unfetched.update((each.offset, hash((each.key, each.value))) for each in records)

    def sought(self, partition: Partition) -> None:
        """The client is at the position again: what lies before it does not come any more."""
        self._unfetched.pop(partition, None)

    def new_of(self, partition: Partition, found: Sequence[Any]) -> Sequence[Any]:
        """What of a fetch was not handed in: all that lies behind. `found` has a record, in order of their `offset`.

        May be empty. Raises `LookupError` with the offset of a record that is not the one that was handed in.
        """
        unfetched = self._unfetched.get(partition)
        if not unfetched:
            return found
        passed = 0
        for each in found:
            handed = unfetched.pop(each.offset, None)
            if handed is None:
                break
            if handed != hash((each.key, each.value)):
                raise LookupError(each.offset)
            passed += 1
        if passed < len(found):
            unfetched.clear()  # the client is behind all of it
        return found[passed:]
