"""Does a topic on the broker fit the table of topics and the settings? And what to do if not.

The number of partitions is never changed on the way: articles and state are spread over partitions by their keys, so
with another number a key would look for its state where it never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream.broker.connection import OVERHEAD_BYTES
from stream.settings import Settings
from stream.wire.topics import Topic

MIGRATE = 'docs/operations.md, "Changing the number of partitions"'

SEGMENT_BYTES = 4_194_304
"""Of a compacted topic; or four messages, if that is more.

Kafka compacts no segment that is still written to, and by default that is a gigabyte or a week: whoever reads the topic
from its beginning, as a worker does with its changelog, would read all of it.
"""
SEGMENTS_TOLERATED = 4
COMPACTION = {
    "segment.ms": "3600000",
    "min.cleanable.dirty.ratio": "0.2",
    "delete.retention.ms": "3600000",  # a reader from the beginning must be through by then to see what was deleted
}

_RETENTION = ("retention.ms", "retention.bytes")


@dataclass(frozen=True, slots=True)
class Shape:
    """A topic as it is on the broker; `configs` is empty where the broker does not tell."""

    partitions: int
    replication: int
    configs: Mapping[str, str] = field(default_factory=dict)


def configs_wanted(topic: Topic, settings: Settings) -> dict[str, str]:
    """What the topic is created with."""
    configs = {
        "cleanup.policy": topic.cleanup,
        "max.message.bytes": str(settings.message_bytes_max + OVERHEAD_BYTES),
    }
    if topic.retention_ms is not None:
        configs["retention.ms"] = str(topic.retention_ms)
    if topic.cleanup == "compact":
        largest = settings.message_bytes_max + OVERHEAD_BYTES
        configs |= COMPACTION | {"segment.bytes": str(max(SEGMENT_BYTES, 4 * largest))}
    return configs


def faults_of(name: str, topic: Topic, found: Shape, settings: Settings) -> list[str]:
    """What does not fit, a sentence each, the worst first."""
    faults = grave_faults_of(name, topic, found, settings)
    for key, wanted in configs_wanted(topic, settings).items():
        value = found.configs.get(key, wanted)
        if value == wanted or key == "cleanup.policy":  # that is grave, or harmless
            continue
        if key == "max.message.bytes" and value.isdigit():
            continue
        if key == "segment.bytes" and value.isdigit() and int(value) <= SEGMENTS_TOLERATED * int(wanted):
            continue
        faults.append(f"{name}: found {key}={value}, expected {wanted}")
    return faults


def grave_faults_of(name: str, topic: Topic, found: Shape, settings: Settings) -> list[str]:
    """What a worker must not start with: state that goes astray, records that get lost or are refused."""
    faults = []
    if found.partitions != settings.topic_partitions:
        faults.append(
            f"{name}: found {found.partitions} partitions, expected {settings.topic_partitions}; set "
            f"REDLINE_TOPIC_PARTITIONS={found.partitions}, or migrate as in {MIGRATE}: state is kept by partition"
        )
    if found.replication < settings.topic_replication:
        faults.append(
            f"{name}: found {found.replication} replicas, expected {settings.topic_replication}; add replicas with "
            f"kafka-reassign-partitions, or set REDLINE_TOPIC_REPLICATION={found.replication}"
        )
    if fault := _cleanup_fault(topic, found.configs):
        faults.append(f"{name}: {fault}")
    wanted = settings.message_bytes_max + OVERHEAD_BYTES
    largest = found.configs.get("max.message.bytes", "")
    if largest.isdigit() and int(largest) < wanted:
        faults.append(f"{name}: found max.message.bytes={largest}, expected {wanted}")
    return faults


def _cleanup_fault(topic: Topic, configs: Mapping[str, str]) -> str | None:
    cleanup = configs.get("cleanup.policy", topic.cleanup)
    if topic.cleanup == "delete":
        if "compact" not in cleanup:
            return None
        return f"found cleanup.policy={cleanup}, expected delete; else all but the newest record of a key is lost"
    if "compact" not in cleanup:
        return f"found cleanup.policy={cleanup}, expected compact; else its oldest state is deleted"
    # With both, Kafka deletes what is old even where it is the newest of its key.
    limits = [f"{key}={value}" for key in _RETENTION if (value := configs.get(key, "-1")) != "-1"]
    if "delete" not in cleanup or not limits:
        return None
    return (
        f"found cleanup.policy={cleanup} with {' and '.join(limits)}, expected compact alone; else its oldest state is "
        "deleted"
    )
