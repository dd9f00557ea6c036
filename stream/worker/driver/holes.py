"""Where a log ends in offsets that no record has.

Kafka writes a marker where a producer's transaction ends. It has an offset, and no reader gets to see it: who counts up
to the high watermark waits for it for ever. So what was read of batches beyond their last record is remembered.
"""

from __future__ import annotations

from stream.worker.driver.ledger import Partition


class Holes:
    """The newest one of each partition. Noted by the thread that fetches, asked by the event loop; a look takes one
    value."""

    def __init__(self) -> None:
        self._newest: dict[Partition, tuple[int, int]] = {}

    def note(self, partition: Partition, start: int, end: int) -> None:
        """The offsets [start, end) were read, and hold no record."""
        before = self._newest.get(partition)
        if before is not None and before[0] <= start <= before[1]:
            start, end = before[0], max(end, before[1])
        self._newest[partition] = start, end

    def end(self, partition: Partition, watermark: int | None) -> int | None:
        """The offset after the last record below the high watermark, as far as is known."""
        start, end = self._newest.get(partition, (0, 0))
        return start if watermark is not None and start < watermark <= end else watermark
