"""Topics on a broker: created once, listed with their true ends, and compared with the table."""

from __future__ import annotations

import pytest

from stream.broker.admin import Admin
from stream.broker.fit import Shape, faults_of, grave_faults_of
from stream.broker.publisher import Publisher
from stream.errors import ServiceError
from stream.model import Output
from stream.settings import Settings
from stream.wire.topics import CHANGELOG, MATCHES, RAW, TOPICS, changelog_name, full_name

pytestmark = pytest.mark.embedded


def test_creating_is_idempotent_and_what_it_made_fits(broker_settings: Settings) -> None:
    names = [full_name(broker_settings.topic_prefix, topic) for topic in TOPICS]
    names.append(changelog_name(broker_settings.consumer_group))
    with Admin(broker_settings) as admin:
        assert admin.missing() == names
        assert admin.create([RAW]) == names[:1]
        assert admin.create() == names[1:]
        assert admin.create() == []
        assert admin.missing() == []
        assert admin.mismatches() == []
        assert set(admin.partitions().values()) == {4}


def test_mismatches_say_what_was_found_and_expected(broker_settings: Settings) -> None:
    prefix = broker_settings.topic_prefix
    with Admin(broker_settings) as admin:
        admin.create([RAW])
    other = broker_settings.model_copy(update={"topic_partitions": 6, "message_bytes_max": 2_000_000})
    with Admin(other) as admin:
        assert admin.mismatches([MATCHES, RAW]) == [
            f"{prefix}matches: missing; `redline topics create` makes it",
            f"{prefix}articles.raw: found 4 partitions, expected 6; set REDLINE_TOPIC_PARTITIONS=4, or migrate as in "
            'docs/operations.md, "Changing the number of partitions": state is kept by partition',
            f"{prefix}articles.raw: found max.message.bytes=916384, expected 2016384",
        ]
    smaller = broker_settings.model_copy(update={"message_bytes_max": 1_000})
    with Admin(smaller) as admin:
        assert admin.mismatches([RAW]) == []


def test_an_agreed_retention_is_shown_and_a_changelog_that_deletes_is_grave(broker_settings: Settings) -> None:
    shape = Shape(4, 3, {"cleanup.policy": "delete", "retention.ms": "1000"})
    assert faults_of("t", RAW, shape, broker_settings) == ["t: found retention.ms=1000, expected 604800000"]
    assert grave_faults_of("t", RAW, shape, broker_settings) == []
    assert grave_faults_of("t", CHANGELOG, shape, broker_settings) == [
        "t: found cleanup.policy=delete, expected compact; else its oldest state is deleted"
    ]
    both = Shape(4, 3, {"cleanup.policy": "compact,delete"})
    assert faults_of("t", CHANGELOG, both, broker_settings) == []
    default = Shape(4, 3, {"cleanup.policy": "compact", "segment.bytes": "1073741824", "segment.ms": "604800000"})
    assert faults_of("t", CHANGELOG, default, broker_settings) == [
        "t: found segment.ms=604800000, expected 3600000",
        "t: found segment.bytes=1073741824, expected 4194304",
    ]
    three = broker_settings.model_copy(update={"topic_replication": 3})
    (fault,) = grave_faults_of("t", RAW, Shape(4, 1), three)
    assert fault.startswith("t: found 1 replicas, expected 3; add replicas with kafka-reassign-partitions")


def test_cleanup_that_loses_records_is_grave(broker_settings: Settings) -> None:
    both = Shape(4, 3, {"cleanup.policy": "compact,delete", "retention.ms": "604800000", "retention.bytes": "-1"})
    (fault,) = grave_faults_of("t", CHANGELOG, both, broker_settings)
    assert fault == (
        "t: found cleanup.policy=compact,delete with retention.ms=604800000, expected compact alone; else its oldest "
        "state is deleted"
    )
    for_ever = Shape(4, 3, {"cleanup.policy": "compact,delete", "retention.ms": "-1", "retention.bytes": "-1"})
    assert grave_faults_of("t", CHANGELOG, for_ever, broker_settings) == []
    for policy in ("compact", "compact,delete"):
        compacted = Shape(4, 3, {"cleanup.policy": policy})
        said = [f"t: found cleanup.policy={policy}, expected delete; else all but the newest record of a key is lost"]
        assert grave_faults_of("t", MATCHES, compacted, broker_settings) == said
        assert faults_of("t", MATCHES, compacted, broker_settings) == said
    assert grave_faults_of("t", MATCHES, Shape(4, 3), broker_settings) == []


def test_end_offsets_count_whole_batches(broker_settings: Settings) -> None:
    name = full_name(broker_settings.topic_prefix, RAW)
    with Admin(broker_settings) as admin, Publisher(broker_settings) as publisher:
        admin.create([RAW, MATCHES])
        for _ in range(25):
            publisher.send(Output(name, b"same key", b"{}"), partition=2)
        assert publisher.flush(60.0) == 0
        raw, matches = admin.states([RAW, MATCHES])
    assert (raw.name, raw.partitions, raw.replication, raw.end_offsets) == (name, 4, 1, (0, 0, 25, 0))
    assert matches.end_offsets == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("bootstrap", "why"),
    [
        ("127.0.0.1:1", "127.0.0.1:1: connection refused"),
        ("nosuch.invalid:9092,127.0.0.1:1", "nosuch.invalid:9092: the host name nosuch.invalid is unknown; 127"),
    ],
)
def test_a_broker_that_cannot_be_reached_is_one_sentence(bootstrap: str, why: str) -> None:
    with pytest.raises(ServiceError) as caught:
        Admin(Settings(bootstrap=bootstrap, kafka_connect_timeout_ms=100))
    assert str(caught.value).startswith(f"cannot reach Kafka within 0.1 s ({why}")
