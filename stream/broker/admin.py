"""The topics on the broker: creating, listing, and finding out whether existing ones fit.

Topics are never left to a broker's auto-creation, which would give them its default partitions and retention.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from kafka.admin import ConfigResource, ConfigResourceType  # type: ignore[import-untyped]
from kafka.errors import (  # type: ignore[import-untyped]
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from stream.broker.connection import clear_errors, client_options, describe, wait_until_reachable, whoever
from stream.broker.ends import end_offsets
from stream.broker.fit import Shape, configs_wanted, faults_of, grave_faults_of
from stream.broker.rights import Right, Role, rights
from stream.errors import ServiceError
from stream.settings import Settings
from stream.wire.topics import ALL_TOPICS, Topic, name_on_broker


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic as it is on the broker; `end_offsets` has one number a partition, the offset the next record gets."""

    name: str
    partitions: int
    replication: int
    end_offsets: tuple[int, ...]


def require_topics(settings: Settings, topics: Sequence[Topic], role: Role) -> None:
    """Returns if all these topics exist and, where there are logins, this role has its rights.

    Raises `ServiceError` with what is missing, or if no broker answers.
    """
    with Admin(settings) as admin:
        lacking = [] if settings.kafka_security == "PLAINTEXT" else admin.lacking(rights(role, settings))
        missing = admin.missing(topics)
    if lacking:
        raise ServiceError(
            f"{whoever(settings)} is not allowed to {', '.join(lacking)}; "
            f"`redline topics acls {role} User:NAME` prints what to allow"
        )
    if missing:
        raise ServiceError(f"there is no topic {', '.join(missing)}; `redline topics create` makes it")


class Admin:
    """A connection for managing topics. Use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        """Connects. Raises `ServiceError` if no broker can be reached within `kafka_connect_timeout_ms`."""
        self._settings = settings
        wait_until_reachable(settings)
        self._options = client_options(settings, client_id="redline-admin")
        with clear_errors(settings):
            self._client = KafkaAdminClient(**self._options)

    def create(self, topics: Sequence[Topic] = ALL_TOPICS) -> list[str]:
        """Creates the topics that do not exist; returns their full names. Existing ones stay as they are.

        Returns when all have leaders. Raises `ServiceError` with every topic that the broker refused.
        """
        names = {self._name(topic): topic for topic in topics}
        with clear_errors(self._settings):
            existing = self._described(list(names))
            missing = {name: self._wanted(topic) for name, topic in names.items() if name not in existing}
            if not missing:
                return []
            answer = self._client.create_topics(missing, raise_errors=False)
            created, refused = [], []
            for topic in answer["topics"]:
                error = for_code(topic["error_code"])
                if topic["error_code"] == 0:
                    created.append(topic["name"])
                elif error is not TopicAlreadyExistsError:  # somebody else was quicker: all is well
                    refused.append(f"{topic['name']}: {topic['error_message'] or error.__name__}")
            if refused:
                raise ServiceError("the broker refused to create topics: " + "; ".join(refused))
            self._client.wait_for_topics(list(names), timeout_ms=self._settings.kafka_connect_timeout_ms)
            return created

    def states(self, topics: Sequence[Topic] = ALL_TOPICS) -> list[TopicState]:
        """Those of the topics that exist, in the same order."""
        names = [self._name(topic) for topic in topics]
        with clear_errors(self._settings):
            described = self._described(names)
            partitions = [
                TopicPartition(n, p["partition_index"]) for n, t in described.items() for p in t["partitions"]
            ]
            ends = self._ends(partitions)
        return [
            TopicState(
                name,
                len(topic["partitions"]),
                min(len(p["replica_nodes"]) for p in topic["partitions"]),
                tuple(ends[TopicPartition(name, p)] for p in range(len(topic["partitions"]))),
            )
            for name in names
            if (topic := described.get(name)) is not None
        ]

    def names(self) -> set[str]:
        """Full names of all topics on the broker, ours or not."""
        with clear_errors(self._settings):
            return set(self._client.list_topics())

    def missing(self, topics: Sequence[Topic] = ALL_TOPICS) -> list[str]:
        """Full names of the topics that do not exist."""
        names = [self._name(topic) for topic in topics]
        with clear_errors(self._settings):
            described = self._described(names)
        return [name for name in names if name not in described]

    def partitions(self, topics: Sequence[Topic] = ALL_TOPICS) -> dict[str, int]:
        """How many partitions each of the topics that exist has, by full name."""
        names = [self._name(topic) for topic in topics]
        with clear_errors(self._settings):
            return {name: len(topic["partitions"]) for name, topic in self._described(names).items()}

    def mismatches(self, topics: Sequence[Topic] = ALL_TOPICS) -> list[str]:
        """What does not fit the table of topics and the settings, a sentence each; missing topics first."""
        return self._faults(topics, faults_of)

    def grave_faults(self, topics: Sequence[Topic] = ALL_TOPICS) -> list[str]:
        """The mismatches that a worker must not start with; sizes and cleanup only where the broker tells them."""
        return self._faults(topics, grave_faults_of, or_without_configs=True)

    def lacking(self, needed: Sequence[Right]) -> list[str]:
        """Of these rights, those that whoever is connected does not have: `Read group x`. Unknown ones are not named.

        Whether a group that does not exist yet may be read and not only described, Kafka does not tell.
        """
        topics = [right.name for right in needed if right.kind == "topic"]
        with clear_errors(self._settings):
            found = {topic["name"]: topic for topic in self._client.describe_topics(topics)}
        allowed = {("topic", name): _allowed(topic) for name, topic in found.items()}
        for right in needed:
            if right.kind == "group" and not right.prefixed:
                allowed["group", right.name] = self._allowed_group(right.name)
        return [
            f"{operation} {right.kind} {right.name}"
            for right in needed
            for operation in right.operations
            if (granted := allowed.get((right.kind, right.name))) is not None and operation.upper() not in granted
        ]

    def close(self) -> None:
        """Disconnects."""
        self._client.close()

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _name(self, topic: Topic) -> str:
        return name_on_broker(topic, prefix=self._settings.topic_prefix, consumer_group=self._settings.consumer_group)

    def _wanted(self, topic: Topic) -> dict[str, Any]:
        return {
            "num_partitions": self._settings.topic_partitions,
            "replication_factor": self._settings.topic_replication,
            "configs": configs_wanted(topic, self._settings),
        }

    def _faults(
        self,
        topics: Sequence[Topic],
        judge: Callable[[str, Topic, Shape, Settings], list[str]],
        *,
        or_without_configs: bool = False,
    ) -> list[str]:
        names = {self._name(topic): topic for topic in topics}
        with clear_errors(self._settings):
            described = self._described(list(names))
            try:
                configs = self._configs(list(described))
            except ServiceError:
                if not or_without_configs:
                    raise
                configs = {}
        faults = [f"{name}: missing; `redline topics create` makes it" for name in names if name not in described]
        for name, topic in described.items():
            replication = min(len(p["replica_nodes"]) for p in topic["partitions"])
            shape = Shape(len(topic["partitions"]), replication, configs.get(name, {}))
            faults.extend(judge(name, names[name], shape, self._settings))
        return faults

    def _allowed_group(self, group: str) -> set[str] | None:
        deadline = time.monotonic() + self._settings.kafka_connect_timeout_ms / 1_000
        while True:
            try:
                return _allowed(self._client.describe_groups([group])[group])
            except GroupAuthorizationFailedError:
                return set()
            except CoordinatorNotAvailableError:  # the first group of a new cluster
                if time.monotonic() > deadline:
                    return None
                Event().wait(0.2)

    def _described(self, names: list[str]) -> dict[str, dict[str, Any]]:
        found = self._client.describe_topics(names)
        return {topic["name"]: topic for topic in found if topic["error_code"] == 0 and topic["partitions"]}

    def _configs(self, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        try:
            found = self._client.describe_configs(resources, config_filter="all")
        except KafkaError as error:
            raise ServiceError(f"the broker does not tell the topics' settings: {describe(error)}") from error
        return {
            name: {key: str(entry["value"]) for key, entry in entries.items() if entry["value"] is not None}
            for name, entries in found.get("topic", {}).items()
        }

    def _ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        consumer = KafkaConsumer(**self._options, enable_auto_commit=False, fetch_max_wait_ms=50, metrics_enabled=False)
        try:
            return end_offsets(consumer, partitions, seconds_max=self._settings.kafka_request_timeout_ms / 1_000)
        finally:
            consumer.close(autocommit=False)


def _allowed(resource: dict[str, Any]) -> set[str] | None:
    """Operations in capitals; None: not known."""
    if resource.get("error_code") == TopicAuthorizationFailedError.errno:
        return set()
    operations = resource.get("authorized_operations")
    return None if operations is None else set(operations)
