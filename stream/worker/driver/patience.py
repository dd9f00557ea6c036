"""How long the broker may hold a fetch. A short time is right for a broker that answers from an index.

The embedded broker reads its log from the beginning for each fetch and stops when the time is up: the longer the log,
the less a short fetch brings, at last nothing, and the partition would stand still for ever (measured: with 5 ms after
9,000 records in each of four partitions). So the time grows when a fetch has taken all of it and brought little,
although a partition that it asked for was known to have more; it is the short one again when none of them has.

Only what the fetch itself asked for counts. A fetch leaves out the partitions of which records wait in this process,
and there is one at a time: on Kafka a long one for partitions that have nothing keeps the others waiting for as long
(measured: matches of a backlog 1.5 s, while the worker had nothing to do).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from aiokafka import TopicPartition  # type: ignore[import-untyped]

LITTLE_BYTES = 100_000


class Patience:
    """The time for the next fetch in milliseconds: at first `base_ms`, at most the larger of both."""

    def __init__(self, base_ms: int, max_ms: int) -> None:
        self._base_ms, self._max_ms = base_ms, max(base_ms, max_ms)
        self.wait_ms = base_ms

    def learn(self, *, behind: int, took_ms: float, brought_bytes: int) -> int:
        """A fetch was answered that asked for partitions known to have `behind` more records; returns the time for the
        next one."""
        if not behind:
            self.wait_ms = self._base_ms
        elif took_ms >= self.wait_ms and brought_bytes < LITTLE_BYTES:
            self.wait_ms = min(self._max_ms, 2 * self.wait_ms)
        return self.wait_ms


def learn_from(fetcher: Any, patience: Patience) -> None:
    """Lets every fetch that is answered say how long the next one may take."""
    process = fetcher._proc_fetch_request

    async def processed(assignment: Any, node: Any, request: Any) -> Any:
        asked = [(partition, offset, assignment.state_value(partition)) for partition, offset in _asked(request)]
        states = [(offset, state, state.timestamp) for _, offset, state in asked if state is not None]
        behind = sum(max(0, (state.highwater or 0) - offset) for offset, state, _ in states)
        began = time.monotonic()
        woken = await process(assignment, node, request)
        if any(state.timestamp != before for _, state, before in states):  # else it was not answered
            took_ms = (time.monotonic() - began) * 1_000
            brought = sum(_bytes(fetcher._records.get(partition)) for partition, *_ in asked)
            wait_ms = patience.learn(behind=behind, took_ms=took_ms, brought_bytes=brought)
            fetcher._fetch_max_wait_ms = wait_ms
        return woken

    fetcher._proc_fetch_request = processed


def _asked(request: Any) -> Iterator[tuple[TopicPartition, int]]:
    for topic, partitions in request.topics:
        for partition, offset, _ in partitions:
            yield TopicPartition(topic, partition), offset


def _bytes(found: Any) -> int:
    """Of the records that wait for whoever reads the partition; 0 if there are none, or an error waits."""
    records = getattr(getattr(found, "_partition_records", None), "_records", None)
    return 0 if records is None else int(records.size_in_bytes())
