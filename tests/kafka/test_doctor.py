"""`redline doctor` on Apache Kafka, which stamps records: its clock, its replicas; and records since a time."""

from __future__ import annotations

import time

import pytest

from stream.broker.admin import Admin
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.cli.checkup import kafka
from stream.model import Output
from stream.settings import Settings
from stream.wire.topics import RAW, full_name

pytestmark = pytest.mark.kafka


def test_the_brokers_clock_is_measured(kafka_settings: Settings) -> None:
    with Admin(kafka_settings) as admin:
        admin.create()
    write, clock = kafka.written(kafka_settings)
    assert "acknowledged in" in write.found
    assert (clock.level, "the broker's clock is" in clock.found) == ("ok", True)
    found = {one.check: one for one in [*kafka.version(kafka_settings), *kafka.topics(kafka_settings)]}
    assert {one.level for one in found.values()} == {"ok"}
    assert found["version"].found.startswith("Kafka 4")
    with Admin(kafka_settings) as admin:
        assert kafka_settings.topic_prefix + "doctor" not in admin.names()


def test_records_since_a_time(kafka_settings: Settings) -> None:
    with Admin(kafka_settings) as admin:
        admin.create([RAW])
    topic = full_name(kafka_settings.topic_prefix, RAW)

    def send(key: bytes) -> None:
        with Publisher(kafka_settings) as publisher:
            publisher.send(Output(topic, key, b"x"), partition=1)
            assert publisher.flush(30) == 0

    send(b"old")
    since_ms = time.time_ns() // 1_000_000 + 1
    time.sleep(0.01)
    send(b"new")
    with Subscriber(kafka_settings, [topic], since_ms=since_ms) as subscriber:
        assert [record.key for record in subscriber.read_to_end(seconds_max=60)] == [b"new"]
