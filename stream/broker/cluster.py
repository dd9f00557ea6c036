"""What a cluster says about itself: brokers, version, replicas that are behind, and how its clock stands to ours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer  # type: ignore[import-untyped]
from kafka.admin import ConfigResource, ConfigResourceType  # type: ignore[import-untyped]
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code  # type: ignore[import-untyped]

from stream.broker.connection import clear_errors, client_options, describe
from stream.errors import ServiceError
from stream.settings import Settings

PROBE_TOPIC = "doctor"
"""Topic of `clock_ahead_ms`, behind the prefix."""

_PROBE_RETENTION_MS = 3_600_000
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Replicas:
    """Partitions of a topic without a leader, and those with replicas that are not in sync."""

    topic: str
    leaderless: tuple[int, ...]
    behind: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """`version` of the protocol that a broker speaks, as (major, minor); `brokers` as host:port."""

    version: tuple[int, ...]
    brokers: tuple[str, ...]
    replicas: tuple[Replicas, ...]


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A record sent and acknowledged. `ahead_ms`: the broker's clock less ours, within half the time that it took.

    None: this broker does not stamp records.
    """

    milliseconds: float
    ahead_ms: float | None


def cluster(settings: Settings, topics: Sequence[str]) -> Cluster:
    """How the cluster is; `topics` are full names. Raises `ServiceError` if it does not answer."""
    with clear_errors(settings):
        admin = KafkaAdminClient(**client_options(settings, client_id="redline-doctor"))
        try:
            told = admin.describe_cluster()["brokers"]
            version = admin.get_broker_version_data(told[0]["broker_id"]).broker_version
            described = admin.describe_topics(list(topics))
        finally:
            admin.close()
    return Cluster(
        tuple(version),
        tuple(f"{broker['host']}:{broker['port']}" for broker in told),
        tuple(_replicas(topic) for topic in described if topic["error_code"] == 0),
    )


def round_trip(settings: Settings) -> RoundTrip:
    """Sends a few bytes to a topic of its own, which is made for it and deleted again; the quickest of some tries.

    Raises `ServiceError` if the topic cannot be made or written to, or another's topic has its name.
    """
    name = settings.topic_prefix + PROBE_TOPIC
    options = client_options(settings, client_id="redline-doctor")
    with clear_errors(settings):
        admin = KafkaAdminClient(**options)
        try:
            _make(admin, name, settings)
            producer = KafkaProducer(**options, acks="all", metrics_enabled=False)
            try:
                tries = [_send(producer, name, settings.kafka_request_timeout_ms / 1_000) for _ in range(_PROBES)]
            finally:
                producer.close(timeout=1.0)
                admin.delete_topics([name])
        finally:
            admin.close()
    return min(tries, key=lambda one: one.milliseconds)


def _make(admin: Any, name: str, settings: Settings) -> None:
    configs = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(_PROBE_RETENTION_MS)}
    wanted = {"num_partitions": 1, "replication_factor": settings.topic_replication, "configs": configs}
    (made,) = admin.create_topics({name: wanted}, raise_errors=False)["topics"]
    error = for_code(made["error_code"])
    if error is TopicAlreadyExistsError:
        _require_ours(admin, name, configs)
    elif made["error_code"] != 0:
        raise ServiceError(f"the broker refused to create {name}: {made['error_message'] or error.__name__}")
    admin.wait_for_topics([name], timeout_ms=settings.kafka_connect_timeout_ms)


def _require_ours(admin: Any, name: str, configs: dict[str, str]) -> None:
    """A topic that is there already may be left of a call that was killed; another's must not be deleted."""
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    entries = found.get("topic", {}).get(name, {})
    if any(str(entries.get(key, {}).get("value")) != value for key, value in configs.items()):
        raise ServiceError(
            f"there is a topic {name} that `redline doctor` has not made; it is left as it is (delete or rename it, or "
            "choose another prefix)"
        )


def _send(producer: Any, name: str, seconds_max: float) -> RoundTrip:
    # A time of our own that no clock gives: what comes back is the broker's, or this.
    ours = 1
    began_ms, began = time.time() * 1_000, time.monotonic()
    try:
        answer = producer.send(name, b"redline doctor", timestamp_ms=ours).get(seconds_max)
    except KafkaError as error:
        raise ServiceError(f"{name} cannot be written to: {describe(error)}") from error
    took = (time.monotonic() - began) * 1_000
    return RoundTrip(took, None if answer.timestamp == ours else answer.timestamp - (began_ms + took / 2))


def _replicas(topic: dict[str, Any]) -> Replicas:
    partitions = topic["partitions"]
    return Replicas(
        topic["name"],
        tuple(p["partition_index"] for p in partitions if p["leader_id"] < 0),
        tuple(p["partition_index"] for p in partitions if len(p["isr_nodes"]) < len(p["replica_nodes"])),
    )
