"""What a consumer group has read, compared with what the broker has: a log that ends before it has lost records.

kafka-python's consumer speaks for the group without joining it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from kafka.errors import KafkaError  # type: ignore[import-untyped]
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]

from stream.broker.connection import clear_errors, client_options, never_create_topics
from stream.broker.ends import end_offsets
from stream.errors import ServiceError
from stream.settings import Settings


@dataclass(frozen=True, slots=True)
class LostLog:
    """A partition that ends before the offset up to which the group has read it."""

    topic: str
    partition: int
    committed: int
    end: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] has been read up to offset {self.committed}, and ends at {self.end}"


def lost_logs(settings: Settings, partitions: Sequence[tuple[str, int]]) -> list[LostLog]:
    """Those of the partitions that end too early. Raises `ServiceError` if the broker does not answer."""
    wanted = [TopicPartition(*partition) for partition in partitions]
    with clear_errors(settings), _consumer(settings) as consumer:
        consumer.assign(wanted)
        committed = {p: offset for p in wanted if (offset := consumer.committed(p)) is not None}
        told = consumer.end_offsets(list(committed)) if committed else {}
        suspects = [partition for partition, offset in committed.items() if offset > told[partition]]
        if not suspects:
            return []
        # The embedded broker tells too small an end; a fetch tells the true one.
        ends = end_offsets(consumer, suspects, seconds_max=settings.kafka_request_timeout_ms / 1_000)
    return [LostLog(p.topic, p.partition, committed[p], ends[p]) for p in suspects if committed[p] > ends[p]]


def read_from_beginning(settings: Settings, lost: Sequence[LostLog]) -> None:
    """Sets the group's offsets of these partitions to where they begin; refused (`ServiceError`) while it works."""
    partitions = [TopicPartition(log.topic, log.partition) for log in lost]
    with clear_errors(settings), _consumer(settings) as consumer:
        consumer.assign(partitions)
        beginnings = consumer.beginning_offsets(partitions)
        try:
            consumer.commit({p: OffsetAndMetadata(offset, "", -1) for p, offset in beginnings.items()})
        except KafkaError as error:
            raise ServiceError(
                f"--accept-offset-reset: the offsets of {settings.consumer_group} cannot be set while other workers of "
                f"the group run; stop them first ({type(error).__name__})"
            ) from error


@contextmanager
def _consumer(settings: Settings) -> Iterator[Any]:
    consumer = KafkaConsumer(
        **client_options(settings, client_id="redline-check"),
        group_id=settings.consumer_group,
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
        metrics_enabled=False,
    )
    never_create_topics(consumer._cluster)
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False)
