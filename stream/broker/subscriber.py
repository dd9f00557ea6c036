"""Following topics: their records in order of partitions, from the start, from now on, or as a consumer group.

Delivery guarantees: without a group, every record from the chosen start while it runs, each once; nothing is
committed. With a group, at least once: the records of a poll are committed by a later one, or by `close`; not if the
reader was left by an exception, or in the middle of what `follow` hands over one by one: those come again.
`from now on` leaves out what was appended before, by offset and, where the broker's answer is not to be trusted
(see `ends`), by Kafka timestamp.

Limits: without a group, the partitions are those that exist at the start; at most RECORDS_PER_POLL_MAX records a poll.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from stream.broker.connection import (
    OVERHEAD_BYTES,
    clear_errors,
    client_options,
    never_create_topics,
    wait_until_reachable,
    whoever,
)
from stream.errors import ServiceError
from stream.model import Record
from stream.settings import Settings

RECORDS_PER_POLL_MAX = 500
_POLL_SECONDS = 0.25


class Subscriber:
    """A connection for reading. Use it as a context manager; one thread reads."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        *,
        start: Literal["earliest", "latest"] = "latest",
        group: str | None = None,
        newest: Mapping[str, int] | None = None,
        since_ms: int | None = None,
    ) -> None:
        """Connects. `topics` are full names; `start` counts for a group only where it has committed nothing.

        `newest`: of these topics, with `start` earliest and no group, about so many of the newest records at most.
        `since_ms`: without a group, in place of `start`: records from this Kafka time on (ms since 1970 UTC).

        Raises `ServiceError` if no broker can be reached in time or a topic does not exist.
        """
        self._settings = settings
        self._started_ms = time.time_ns() // 1_000_000
        self._ends: dict[TopicPartition, int] = {}
        self._owed = 0
        self._skip_old = start == "latest" and group is None and since_ms is None
        self._since_ms = since_ms or 0
        wait_until_reachable(settings)
        options = client_options(settings, client_id="redline-subscriber")
        with clear_errors(settings):
            self._consumer = KafkaConsumer(**options, **_options(settings, start, group))
            never_create_topics(self._consumer._cluster)
            try:
                self._partitions = self._existing(topics)
                if group is not None:
                    self._consumer.subscribe(list(topics))
                elif since_ms is not None:
                    self._assign_since(since_ms)
                else:
                    self._assign(start, newest or {})
            except BaseException:
                self._consumer.close(autocommit=False)
                raise

    def poll(self, seconds_max: float = _POLL_SECONDS) -> list[Record]:
        """The next records, in order inside each partition; empty if none came within `seconds_max`.

        Raises `ServiceError` if they may not be read.
        """
        with clear_errors(self._settings):
            batches = self._consumer.poll(timeout_ms=max(0, round(seconds_max * 1_000)))
        for partition in self._partitions:
            if partition not in self._ends and (end := self._highwater(partition)) is not None:
                self._ends[partition] = end
        return [
            record_of(found)
            for partition, batch in batches.items()
            for found in batch
            if found.timestamp >= self._since_ms and not (self._skip_old and self._is_old(partition, found))
        ]

    @property
    def caught_up(self) -> bool:
        """True once everything was handed over that was there when each partition was first read; without a group."""
        return self._at_end()

    def follow(self) -> Iterator[Record]:
        """Records as they come, without end."""
        while True:
            records = self.poll()
            self._owed = len(records)
            for record in records:
                self._owed -= 1
                yield record

    def read_to_end(self, *, seconds_max: float) -> Iterator[Record]:
        """Records up to where each partition ended when it was first read; only without a group.

        Raises `ServiceError` if that takes longer than `seconds_max`.
        """
        deadline = time.monotonic() + seconds_max
        while not self._at_end():
            yield from self.poll(0.1)
            if time.monotonic() > deadline and not self._at_end():
                raise ServiceError(f"reading to the end took longer than {seconds_max:g} s")

    def close(self) -> None:
        """Commits, if in a group and all that was read has been handed over, and disconnects."""
        self._consumer.close(autocommit=not self._owed, timeout_ms=3_000)

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._owed += 1  # the one in work
        self.close()

    def _existing(self, topics: Sequence[str]) -> list[TopicPartition]:
        found = {topic: self._consumer.partitions_for_topic(topic) for topic in topics}
        missing = [topic for topic, partitions in found.items() if not partitions]
        if missing:
            # Kafka hides what may not be read.
            hint = "" if self._settings.kafka_security == "PLAINTEXT" else f" that {whoever(self._settings)} may see"
            raise ServiceError(f"there is no topic {', '.join(missing)}{hint}; `redline topics create` makes it")
        return [TopicPartition(topic, number) for topic, numbers in found.items() for number in sorted(numbers)]

    def _assign(self, start: str, newest: Mapping[str, int]) -> None:
        self._consumer.assign(self._partitions)
        if start == "earliest":
            self._consumer.seek_to_beginning(*self._partitions)
            short = [partition for partition in self._partitions if partition.topic in newest]
            if short:
                self._seek_to_newest(short, newest)
            return
        # Asked for now, not at the first poll: what comes in between is new.
        for partition, offset in self._consumer.end_offsets(self._partitions).items():
            self._consumer.seek(partition, offset)

    def _assign_since(self, since_ms: int) -> None:
        since_ms = max(0, since_ms)  # to Kafka, times before 1970 mean something else
        self._consumer.assign(self._partitions)
        found = self._consumer.offsets_for_times(dict.fromkeys(self._partitions, since_ms))
        ends = self._consumer.end_offsets(self._partitions)
        for partition in self._partitions:
            # Nothing so new: read from the end on. Where the embedded broker knows nothing, it says offset 0, which
            # costs reading but nothing else: older records are left out by their time.
            at = found.get(partition)
            self._consumer.seek(partition, ends[partition] if at is None else at.offset)

    def _seek_to_newest(self, partitions: list[TopicPartition], newest: Mapping[str, int]) -> None:
        # An end that is told too low (see `ends`) only means some records more.
        width = Counter(partition.topic for partition in partitions)
        begins = self._consumer.beginning_offsets(partitions)
        for partition, end in self._consumer.end_offsets(partitions).items():
            wanted = -(-newest[partition.topic] // width[partition.topic])
            self._consumer.seek(partition, max(begins[partition], end - wanted))

    def _highwater(self, partition: TopicPartition) -> int | None:
        if partition not in self._consumer.assignment():
            return None
        end: int | None = self._consumer.highwater(partition)
        return end

    def _is_old(self, partition: TopicPartition, found: Any) -> bool:
        return bool(found.offset < self._ends.get(partition, 0) and found.timestamp < self._started_ms)

    def _at_end(self) -> bool:
        return len(self._ends) == len(self._partitions) and all(
            self._consumer.position(partition) >= end for partition, end in self._ends.items()
        )


def _options(settings: Settings, start: str, group: str | None) -> dict[str, Any]:
    return {
        "group_id": group,
        # Without a group the start is sought: what is reset later is a position that the broker has deleted meanwhile,
        # or one of a topic that was made anew, and nothing of what is there now has been read.
        "auto_offset_reset": start if group is not None else "earliest",
        "enable_auto_commit": group is not None,
        "auto_commit_interval_ms": 1_000,
        "session_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": settings.heartbeat_interval_ms,
        "fetch_max_wait_ms": 100,
        "max_partition_fetch_bytes": max(1_048_576, settings.message_bytes_max + OVERHEAD_BYTES),
        "max_poll_records": RECORDS_PER_POLL_MAX,
        "metrics_enabled": False,
    }


def record_of(found: Any) -> Record:
    """A record as the client gives it."""
    headers = tuple((name, value or b"") for name, value in found.headers)
    return Record(found.topic, found.partition, found.offset, found.timestamp, found.key, found.value, headers)
