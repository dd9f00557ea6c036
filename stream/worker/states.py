"""The worker's table: snapshots of states, and one `Memory` for each partition of `matches` that is held.

A key of the table is `<partition>:<state key>`: a state lives on one partition, and is recovered with it. The order of
every chunk, one after another on a partition, is: alerts acknowledged; parts of large states, then states, then clocks
written, each acknowledged before the next; chunk confirmed. So a state never says that an alert was sent which was not,
names no part that is not there, and the clocks never run ahead of the states. What comes again after a crash meets the
states as they were, or states that know it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import faust

from stream.detect import DetectLimits, Memory
from stream.wire.topics import STATE_TABLE


class States:
    """Made inside `create_app`. Used by one agent; forgets what it remembers at every rebalance."""

    def __init__(self, app: faust.App, partitions: int, limits: DetectLimits) -> None:
        self._limits = limits
        self._memories: dict[int, Memory] = {}
        self._table: Any = app.Table(
            STATE_TABLE,
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
        )

        async def forget(_: Any, *__: Any, **___: Any) -> None:
            # The table may have changed when a partition comes back.
            self._memories.clear()

        self._connected = forget  # signals hold their receivers weakly
        for dealing in (app.on_partitions_revoked, app.on_partitions_assigned):
            dealing.connect(forget)  # type: ignore[arg-type]  # its own protocol asks for a keyword it never gives

    def remembers(self, partition: int) -> bool:
        """Whether the table need not be read."""
        return partition in self._memories

    def memory(self, partition: int) -> Memory:
        """The memory of a partition; read from the table the first time. Raises `SnapshotError`."""
        memory = self._memories.get(partition)
        if memory is None:
            prefix = _prefix(partition)
            snapshots = (
                (key[len(prefix) :].decode(), value)
                for key, value in self._table.data.items()
                if key.startswith(prefix)
            )
            memory = self._memories[partition] = Memory.restore(snapshots, self._limits)
        return memory

    def write(self, partition: int, states: Sequence[tuple[str, bytes | None]]) -> None:
        """Writes snapshots to the table, and with it to the changelog; None deletes. The chunk waits for it."""
        prefix = _prefix(partition)
        for key, value in states:
            name = prefix + key.encode()
            if value is not None:
                self._table[name] = value
            elif name in self._table.data:
                del self._table[name]

    def forget(self, partition: int) -> None:
        """The chunk was not confirmed: what is remembered may be ahead of the table."""
        self._memories.pop(partition, None)


def _prefix(partition: int) -> bytes:
    return f"{partition}:".encode()
