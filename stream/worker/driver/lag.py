"""How far a worker is behind what the broker has, as its last answers to fetches say.

Not up to ListOffsets(latest), which is wrong on Tansu after a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from faust.types import TP

from stream.worker.driver.holes import Holes
from stream.worker.driver.ledger import Ledger, Partition


class Lag:
    """Of the partitions that are asked for and that the ledger holds. `client` gives aiokafka's consumer."""

    def __init__(self, ledger: Ledger, holes: Holes, client: Callable[[], Any]) -> None:
        self._ledger = ledger
        self._holes = holes
        self._client = client

    def records(self, partitions: Collection[TP]) -> dict[Partition, int]:
        """Up to the high watermark of the last fetch, how many records are not confirmed."""
        ends = {partition: self._end(partition) for partition in partitions if partition in self._ledger}
        return {
            (p.topic, p.partition): 0 if end is None else max(0, end - self._ledger.confirmed(p))
            for p, end in ends.items()
        }

    def caught_up(self, partitions: Collection[TP]) -> dict[Partition, int]:
        """Where everything is confirmed that the broker had when it last answered a fetch, with the moment of that
        answer in milliseconds since 1970. One that it has not answered for may have more."""
        held = [partition for partition in partitions if partition in self._ledger]
        answers = {(p.topic, p.partition): (self._end(p), self._client().last_poll_timestamp(p)) for p in held}
        return {
            partition: answered_ms
            for partition, (end, answered_ms) in answers.items()
            if end is not None and answered_ms is not None and end <= self._ledger.confirmed(partition)
        }

    def last_fetch_ms(self, partitions: Collection[TP]) -> int:
        """When the broker last answered a fetch for any of them, in milliseconds since 1970; 0: not yet."""
        client = self._client()
        return max((client.last_poll_timestamp(partition) or 0 for partition in partitions), default=0)

    def _end(self, partition: TP) -> int | None:
        return self._holes.end(partition, self._client().highwater(partition))
