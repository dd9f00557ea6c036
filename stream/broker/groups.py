"""A consumer group as the broker sees it: members, their partitions, and how far behind they are.

Every call is made on a connection of its own choosing and may take as long as the broker does: not for event loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from kafka.errors import CoordinatorNotAvailableError, KafkaError  # type: ignore[import-untyped]

from stream.broker.connection import clear_errors, client_options, describe, wait_until_reachable
from stream.broker.ends import end_offsets
from stream.errors import ServiceError
from stream.settings import Settings


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the group, and the (topic, partition) pairs that it works on."""

    id: str
    client: str
    host: str
    partitions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class GroupState:
    """The group: its state as Kafka names it (`Stable`, `Empty`, …), members, and lag in records by partition."""

    state: str
    members: tuple[Member, ...]
    lag: dict[tuple[str, int], int]


class GroupWatch:
    """A connection for asking about one consumer group. Use it as a context manager; one thread asks."""

    def __init__(self, settings: Settings, group: str, topics: Sequence[str]) -> None:
        """Connects; lag is told for the partitions of `topics` (full names).

        Raises `ServiceError` if no broker can be reached in time.
        """
        self._settings, self._group, self._topics = settings, group, tuple(topics)
        wait_until_reachable(settings)
        self._options = client_options(settings, client_id="redline-groups")
        with clear_errors(settings):
            self._admin = KafkaAdminClient(**self._options)
            # kafka-python 3.0.12 always asks for allowed operations and trips over bits that it does not know.
            self._admin._process_acl_operations = _unchanged

    def state(self) -> GroupState:
        """How the group is now. Raises `ServiceError` if the broker does not answer."""
        try:
            described, committed = self._described()
            begins, ends = self._logs()
        except (KafkaError, ValueError) as error:
            raise ServiceError(f"the broker does not tell about the group {self._group}: {describe(error)}") from error
        lag = {}
        for partition, end in ends.items():
            done = committed.get(partition)
            # Without a commit a group begins at the oldest record that is still there; and what is gone waits no more.
            begin = begins.get(partition, 0)
            lag[partition.topic, partition.partition] = max(
                0, end - (begin if done is None else max(begin, done.offset))
            )
        members = tuple(_member(found) for found in described.get("members", ()))
        return GroupState(str(described.get("group_state", "unknown")), members, lag)

    def topics(self) -> frozenset[str]:
        """Full names of the topics that the group has read or reads, as far as we may know of them.

        Raises `ServiceError` if the broker does not answer.
        """
        try:
            described, committed = self._described()
        except (KafkaError, ValueError) as error:
            raise ServiceError(f"the broker does not tell about the group {self._group}: {describe(error)}") from error
        members = (_member(found) for found in described.get("members", ()))
        dealt = (topic for member in members for topic, _ in member.partitions)
        return frozenset(dealt) | frozenset(partition.topic for partition in committed)

    def close(self) -> None:
        """Disconnects."""
        self._admin.close()

    def __enter__(self) -> GroupWatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _described(self) -> tuple[dict[str, Any], dict[TopicPartition, Any]]:
        try:
            return (
                self._admin.describe_groups([self._group]).get(self._group, {}),
                self._admin.list_group_offsets({self._group: None}).get(self._group, {}),
            )
        except CoordinatorNotAvailableError:
            # A cluster that never had a group yet: it makes room for them now that somebody asked.
            return {}, {}

    def _logs(self) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        # A consumer of its own each time: one that is asked again would answer what it knew before.
        consumer = KafkaConsumer(**self._options, enable_auto_commit=False, fetch_max_wait_ms=50, metrics_enabled=False)
        try:
            found = {topic: consumer.partitions_for_topic(topic) or () for topic in self._topics}
            partitions = [TopicPartition(topic, n) for topic, numbers in found.items() for n in sorted(numbers)]
            ends = end_offsets(consumer, partitions, seconds_max=self._settings.kafka_request_timeout_ms / 1_000)
            return consumer.beginning_offsets(partitions) if partitions else {}, ends
        finally:
            consumer.close(autocommit=False)


def _unchanged(value: Any) -> Any:
    return value


def _member(found: dict[str, Any]) -> Member:
    assignment = found.get("member_assignment") or {}
    pairs = assignment.get("assigned_partitions", ()) if isinstance(assignment, dict) else ()
    partitions = tuple((str(p["topic"]), int(n)) for p in pairs for n in p["partitions"])
    return Member(
        str(found.get("member_id", "")),
        str(found.get("client_id", "")),
        str(found.get("client_host", "")).lstrip("/"),
        partitions,
    )
