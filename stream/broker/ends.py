"""Where a partition really ends.

The embedded broker answers ListOffsets(latest) with "base offset of the last batch + 1", so after a batch of n records
the answer is n - 1 too small. The high watermark that comes with every fetch is right on every broker: it is what
counts here, and a partition is read to its end when the position has reached it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kafka.errors import KafkaTimeoutError  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]

_POLL_MS = 100


def end_offsets(
    consumer: KafkaConsumer, partitions: Sequence[TopicPartition], *, seconds_max: float
) -> dict[TopicPartition, int]:
    """The offset that the next record of each partition gets. Assigns the consumer, and moves it.

    To be asked once of a consumer: within a session of fetches, Kafka leaves out partitions in which nothing changed.

    Raises `KafkaTimeoutError` if a partition's leader has not answered after `seconds_max`.
    """
    if not partitions:
        return {}
    consumer.unsubscribe()  # else it still knows the ends of an earlier call
    consumer.assign(list(partitions))
    for partition, offset in consumer.end_offsets(list(partitions)).items():
        consumer.seek(partition, offset)
    deadline = time.monotonic() + seconds_max
    ends: dict[TopicPartition, int] = {}
    while len(ends) < len(partitions):
        consumer.poll(timeout_ms=_POLL_MS)
        for partition in partitions:
            end = consumer.highwater(partition)
            if partition not in ends and end is not None:
                ends[partition] = end
                consumer.pause(partition)
        if len(ends) < len(partitions) and time.monotonic() > deadline:
            raise KafkaTimeoutError(f"{len(partitions) - len(ends)} partitions did not tell their end")
    return ends
