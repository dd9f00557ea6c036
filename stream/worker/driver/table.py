"""Tables: writes that belong to a chunk, and changelogs on their way back into tables, a fetch at a time.

Faust takes every record through two queues, four tasks and a timer, 0.3 to 0.4 ms of processor time; a table of 100,000
keys takes a minute. Here a whole fetch goes into the table at once. Its last record goes on to Faust, which learns from
it how far recovery is, and it changes nothing any more.

    fetch  k1 k2 k1 k3 │ k2 k4
           └── table ──┘        as soon as the records are here, in their order
                    k3 ──────>  Faust: offset reached

What was taken in before a rebalance is read again, or deleted, as Faust sees fit: recovery is over when the record at
the end of the log has come, and until then nobody reads the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import faust
from faust.types import TP, AppT, ConsumerMessage, EventT
from faust.types.tuples import FutureMessage

from stream.worker.driver.chunk import Change, chunk_in_work


@dataclass(frozen=True, slots=True)
class Reached:
    """The last record of a fetch that is in the table already."""

    record: Any

    def message(self, partition: TP, generation: int) -> ConsumerMessage:
        """It as Faust passes messages on; key and value are not looked at any more."""
        found = self.record
        return TakenIn(
            found.topic,
            found.partition,
            found.offset,
            found.timestamp / 1_000,
            0,
            None,
            found.key,
            found.value,
            None,
            tp=partition,
            generation_id=generation,
        )


class TakenIn(ConsumerMessage):
    """A message that a table has already."""

    __slots__ = ()


def take_in(app: AppT, partition: TP, records: Sequence[Any]) -> Sequence[Any]:
    """Puts what a changelog says into its table; returns what Faust is to be given instead.

    Records that belong to no table in recovery are for Faust to judge; those of tables that decode are left to it.
    """
    recovery = app.tables.recovery  # type: ignore[attr-defined]  # not in the protocol
    table, seen = recovery.tp_to_table.get(partition), recovery.active_offsets.get(partition)
    if not isinstance(table, ChunkTable) or not table.is_raw or seen is None:
        return records
    new = [record for record in records if record.offset > seen]
    if not new:
        return []
    table.take_in(partition.partition, new)
    return [Reached(new[-1])]


class ChunkTable(faust.Table[Any, Any]):
    """A table whose changelog writes belong to the chunk in work: `confirm` waits for them. Set as `App(Table=…)`.

    One of bytes is recovered a fetch at a time, and what a chunk writes into it goes to the producer without a detour:
    Faust takes each write through a topic, a future, a buffer and two tasks.
    """

    def on_key_set(self, key: Any, value: Any) -> None:
        """Called by Faust for each write."""
        if not self._sent_with_chunk(key, value):
            super().on_key_set(key, value)

    def on_key_del(self, key: Any) -> None:
        """Called by Faust for each deletion."""
        if not self._sent_with_chunk(key, None):
            super().on_key_del(key)

    def _sent_with_chunk(self, key: Any, value: Any) -> bool:
        chunk = chunk_in_work()
        if chunk is None or not self.is_raw:
            return False
        partition = self.partition_for_key(key)
        assert partition is not None
        # By this Faust finds what is to be forgotten when a partition has gone to another worker.
        partition_of = self._partition_of()
        if value is None:
            partition_of.pop(key, None)
        else:
            partition_of[key] = partition
        chunk.add(Change(self.changelog_topic.get_topic_name(), partition, key, value))
        return True

    def send_changelog(self, *args: Any, **kwargs: Any) -> FutureMessage:
        """Called by Faust for each write."""
        sent = super().send_changelog(*args, **kwargs)
        chunk = chunk_in_work()
        if chunk is not None:
            chunk.wait_for(sent)
        return sent

    def partition_for_key(self, key: Any) -> int | None:
        """Called by Faust for each write: that of the chunk in work, and not of the event that was taken last."""
        chunk = chunk_in_work()
        if chunk is None:
            return super().partition_for_key(key)
        topic, partition = chunk.span.partition
        self._verify_source_topic_partitions(topic)
        return partition

    @property
    def is_raw(self) -> bool:
        """Whether keys and values are bytes, on the broker as in memory."""
        return self.key_type is bytes and self.value_type is bytes

    def take_in(self, partition: int, records: Iterable[Any]) -> None:
        """What records of the changelog say, in their order."""
        store: Any = self.data
        values, partition_of = store.data, self._partition_of()
        for record in records:
            if record.value is None:
                values.pop(record.key, None)
                partition_of.pop(record.key, None)
            else:
                values[record.key] = record.value
                partition_of[record.key] = partition

    def _partition_of(self) -> dict[Any, int]:
        store: Any = self.data
        found: dict[Any, int] = store._key_partition
        return found

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Called by Faust with what it has read."""
        super().apply_changelog_batch([event for event in batch if not isinstance(event.message, TakenIn)])
