"""Reading topics as a member of a consumer group that says itself how far it is.

Delivery guarantees: at least once. Nothing is committed but what `commit` was told; after a crash, reading goes on
there. A group that is new begins at the ends of the topics, and those ends are committed before anything else is done,
so that a crash before its first commit loses nothing. Partitions added later, and such whose position the broker has
deleted, are read from their beginning. What is lost in a rebalance (`take_lost`) and comes back, or never really went,
is read again from what was committed.

Limits: at most RECORDS_PER_POLL_MAX records a poll. One thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from kafka.errors import KafkaError, RetriableError  # type: ignore[import-untyped]
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]

from stream.broker.connection import (
    OVERHEAD_BYTES,
    clear_errors,
    client_options,
    never_create_topics,
    wait_until_reachable,
)
from stream.broker.ends import end_offsets
from stream.broker.subscriber import record_of
from stream.errors import ServiceError
from stream.model import Record
from stream.settings import Settings

RECORDS_PER_POLL_MAX = 100
LOOK_SECONDS_MIN = 0.05
"""Between two looks at the group's duties; what is fetched ends such a wait."""

Slot = tuple[str, int]


class GroupReader:
    """A connection for reading. Use it as a context manager; one thread reads."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        group: str,
        *,
        client_id: str,
        start: Literal["now", "beginning"] = "now",
    ) -> None:
        """Connects and asks to be let into the group. `topics` are full names; `start` counts for a new group only.

        Raises `ServiceError` if no broker can be reached in time or a topic does not exist.
        """
        self._settings = settings
        wait_until_reachable(settings)
        if start == "now":
            _begin_now(settings, topics, group, client_id)
        self._moves = _Moves()
        self._held: set[TopicPartition] = set()
        self._unsure: set[Slot] = set()
        with clear_errors(settings):
            self._consumer = KafkaConsumer(
                **client_options(settings, client_id=client_id), **_options(settings), group_id=group
            )
            never_create_topics(self._consumer._cluster)
            _wait_between_looks(self._consumer)
            self._consumer.subscribe(list(topics), listener=self._moves)

    def poll(self, seconds_max: float) -> list[Record]:
        """The next records, in order inside each partition; empty if none came within `seconds_max`.

        A broker that is away brings nothing for now; the client connects again by itself. Raises `ServiceError` if they
        may not be read.
        """
        self._free_parked_records()
        self._go_on_joining()
        self._go_back()
        began = time.monotonic()
        with clear_errors(self._settings):
            try:
                batches = self._consumer.poll(timeout_ms=max(0, round(seconds_max * 1_000)))
            except RetriableError:  # looking for the group's coordinator, kafka-python now and then lets it out
                time.sleep(max(0.0, began + seconds_max - time.monotonic()))
                return []
        return [
            record_of(found)
            for partition, batch in batches.items()
            if _slot(partition) not in self._unsure
            for found in batch
        ]

    def _go_back(self) -> None:
        """Lost partitions that are assigned are read again from what was committed.

        kafka-python 3.0.12 says in each rebalance that all partitions go away, but of those that are given back at once
        it keeps how far it has read, and that they are paused: what was read and not committed would never come again.
        """
        for partition in [p for p in self._consumer.assignment() if _slot(p) in self._unsure]:
            try:
                committed = self._consumer.committed(partition, timeout_ms=self._settings.kafka_request_timeout_ms)
                if committed is None:
                    self._consumer.seek_to_beginning(partition)
                else:
                    self._consumer.seek(partition, committed)
                self._consumer.resume(partition)
            except (KafkaError, ValueError, AssertionError):
                continue  # it has gone away meanwhile, or the coordinator has: looked at again with the next poll
            self._unsure.discard(_slot(partition))

    def _go_on_joining(self) -> None:
        """A rejoin that has begun is ended.

        kafka-python 3.0.12 joins anew when the metadata of topics differ from those of the last assignment, and looks
        no more after the join when they are as before again meanwhile, as with a leader that is unknown for a moment:
        the member would be without partitions for ever.
        """
        coordinator = self._consumer._coordinator
        if coordinator.rejoining and not coordinator.need_rejoin():
            coordinator.request_rejoin()

    def _free_parked_records(self) -> None:
        """What was fetched of a held partition comes back once it is not held any more.

        kafka-python 3.0.12 parks it, and takes it up again only where its slot for the next records is None; after a
        read it holds used-up ones instead, and the partition would be silent for ever.
        """
        fetcher = self._consumer._fetcher
        if not fetcher._next_partition_records:
            fetcher._next_partition_records = None

    def take_lost(self) -> set[Slot]:
        """Partitions that went away since the last call; what is known of them is not ours any more.

        That counts for records that came with the last poll too. All of it comes again, here or with another member.
        """
        lost = self._moves.take()
        self._unsure |= lost
        self._held = {partition for partition in self._held if _slot(partition) not in lost}
        return lost

    def assigned(self) -> set[Slot] | None:
        """The partitions that this member reads; None until the group has let it in."""
        return {_slot(p) for p in self._consumer.assignment()} if self._moves.joined else None

    def hold(self, slots: Iterable[Slot]) -> None:
        """Reads no more from these partitions, and again from all others."""
        wanted = {TopicPartition(*slot) for slot in slots} & set(self._consumer.assignment())
        if pausing := wanted - self._held:
            self._consumer.pause(*pausing)
        if resuming := (self._held - wanted) & set(self._consumer.assignment()):
            self._consumer.resume(*resuming)
        self._held = wanted

    def commit(self, positions: Mapping[Slot, int]) -> str | None:
        """Says how far each partition is done; None if the broker has taken it, else why not: it stays as it was."""
        owned = self._consumer.assignment()
        offsets = {
            TopicPartition(*slot): OffsetAndMetadata(offset, "", -1)
            for slot, offset in positions.items()
            if TopicPartition(*slot) in owned
        }
        if not offsets:
            return None
        try:
            self._consumer.commit(offsets, timeout_ms=self._settings.kafka_request_timeout_ms)
        except KafkaError as error:
            return f"{type(error).__name__}: {error}"[:300]
        return None

    def lag(self, positions: Mapping[Slot, int]) -> int:
        """Records of the assigned partitions behind these positions (without one: behind what was read)."""
        total = 0
        for partition in self._consumer.assignment():
            end = self._consumer.highwater(partition)
            if end is not None:
                at = positions.get(_slot(partition))
                total += max(0, end - at) if at is not None else 0
        return total

    def close(self) -> None:
        """Leaves the group and disconnects; commits nothing."""
        self._consumer.close(autocommit=False, timeout_ms=3_000)

    def __enter__(self) -> GroupReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Moves(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self) -> None:
        self._lost: set[Slot] = set()
        self._assigned: set[Slot] = set()
        self._lock = threading.Lock()  # the client calls from a thread of its own
        self.joined = False

    def take(self) -> set[Slot]:
        """What went away since the last call."""
        with self._lock:
            lost, self._lost = self._lost, set()
        return lost

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Before the group is divided anew."""
        with self._lock:
            self._lost |= {_slot(partition) for partition in revoked}

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The group has let us in, or is divided anew; what was read meanwhile may be another member's."""
        with self._lock:
            self._lost |= self._assigned
            self._assigned = {_slot(partition) for partition in assigned}
            self._lost |= self._assigned
        self.joined = True


def _wait_between_looks(consumer: KafkaConsumer) -> None:
    """Keeps `poll` from spinning while a heartbeat is due that the broker does not answer.

    kafka-python 3.0.12 waits for records no longer than until the next heartbeat is due, which then is no time at all:
    below a broker that is frozen it takes a whole core, and every round leaves something in memory.
    """
    coordinator = consumer._coordinator
    until_due = coordinator.time_to_next_poll
    coordinator.time_to_next_poll = lambda: max(LOOK_SECONDS_MIN, until_due())


def _begin_now(settings: Settings, topics: Sequence[str], group: str, client_id: str) -> None:
    """Commits the ends of the topics that the group has no position on; what is added to others was never read."""
    with clear_errors(settings):
        consumer = KafkaConsumer(**client_options(settings, client_id=client_id), **_options(settings), group_id=group)
        try:
            never_create_topics(consumer._cluster)
            found = {topic: consumer.partitions_for_topic(topic) for topic in topics}
            missing = [topic for topic, numbers in found.items() if not numbers]
            if missing:
                raise ServiceError(f"there is no topic {', '.join(missing)}; `redline topics create` makes it")
            partitions = [TopicPartition(topic, n) for topic, numbers in found.items() for n in sorted(numbers)]
            consumer.assign(partitions)
            begun = {partition.topic for partition in partitions if consumer.committed(partition) is not None}
            fresh = [partition for partition in partitions if partition.topic not in begun]
            if not fresh:
                return
            ends = end_offsets(consumer, fresh, seconds_max=settings.kafka_request_timeout_ms / 1_000)
            offsets = {partition: OffsetAndMetadata(end, "", -1) for partition, end in ends.items()}
            try:
                consumer.commit(offsets)
            except KafkaError as error:
                # Another member of the group is at work: it began the same way.
                if any(consumer.committed(partition) is None for partition in fresh):
                    raise ServiceError(f"the first positions of {group} were not kept: {error}") from error
        finally:
            consumer.close(autocommit=False)


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "session_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": settings.heartbeat_interval_ms,
        "fetch_max_wait_ms": 100,
        "max_partition_fetch_bytes": max(1_048_576, settings.message_bytes_max + OVERHEAD_BYTES),
        "max_poll_records": RECORDS_PER_POLL_MAX,
        "metrics_enabled": False,
    }


def _slot(partition: TopicPartition) -> Slot:
    return partition.topic, partition.partition
