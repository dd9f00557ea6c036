"""Topics, publisher and subscriber on a real Apache Kafka: what the embedded broker answers otherwise or not at all."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaAdminClient, TopicPartition

from stream.broker.admin import Admin
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.errors import ServiceError
from stream.model import Output, Record
from stream.settings import Settings
from stream.wire.topics import ALL_TOPICS, RAW, full_name

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka_settings: Settings) -> str:
    """The raw topic, created with all others."""
    with Admin(kafka_settings) as admin:
        assert len(admin.create()) == len(ALL_TOPICS)
    return full_name(kafka_settings.topic_prefix, RAW)


def test_topics_are_created_as_the_table_says(kafka_settings: Settings, topic: str) -> None:
    with Admin(kafka_settings) as admin:
        assert admin.create() == []
        assert admin.mismatches() == []
        assert [state.end_offsets for state in admin.states([RAW])] == [(0, 0, 0, 0)]
    larger = kafka_settings.model_copy(update={"message_bytes_max": 2_000_000})
    with Admin(larger) as admin:
        assert admin.mismatches([RAW]) == [f"{topic}: found max.message.bytes=916384, expected 2016384"]


def test_impossible_topics_are_one_sentence(kafka_settings: Settings) -> None:
    with (
        Admin(kafka_settings.model_copy(update={"topic_replication": 3})) as admin,
        pytest.raises(ServiceError, match=r"refused to create topics: .*articles\.raw: .*replica"),
    ):
        admin.create()


def test_a_record_that_the_broker_refuses_is_a_reject_and_the_others_get_through(kafka_settings: Settings) -> None:
    with Admin(kafka_settings.model_copy(update={"message_bytes_max": 1_000})) as admin:
        admin.create([RAW])
    topic = full_name(kafka_settings.topic_prefix, RAW)
    with Publisher(kafka_settings) as publisher:
        for number in range(20):
            value = b"x" * (100_000 if number == 7 else 100)
            publisher.send(Output(topic, b"same partition", value), origin=f"line {number}")
        assert publisher.flush(20.0) == 0
        (failure,) = publisher.take_failures()
        ledger = publisher.ledger()
    assert (ledger.sent, ledger.acknowledged, ledger.failed) == (20, 19, 1)
    assert failure.origin == "line 7"
    assert failure.reject is not None
    assert failure.reject.code == "refused_by_broker"


def test_reading_to_the_end_from_now_on_and_as_a_group(kafka_settings: Settings, topic: str) -> None:
    _publish(kafka_settings, topic, range(2_000))
    with Subscriber(kafka_settings, [topic], start="earliest") as subscriber:
        assert sorted(_numbers(list(subscriber.read_to_end(seconds_max=30.0)))) == list(range(2_000))
    with Subscriber(kafka_settings, [topic]) as subscriber:
        _publish(kafka_settings, topic, range(2_000, 2_050))
        assert sorted(_numbers(_collect(subscriber, 50))) == list(range(2_000, 2_050))
    group = kafka_settings.consumer_group
    with Subscriber(kafka_settings, [topic], start="earliest", group=group) as subscriber:
        assert len(_collect(subscriber, 2_050)) == 2_050
    _publish(kafka_settings, topic, range(3))
    with Subscriber(kafka_settings, [topic], start="earliest", group=group) as subscriber:
        assert sorted(_numbers(_collect(subscriber, 3))) == [0, 1, 2]


def test_what_is_deleted_before_it_is_read_skips_no_more_than_that(kafka_settings: Settings, topic: str) -> None:
    with Subscriber(kafka_settings, [topic]) as subscriber:
        _publish(kafka_settings, topic, range(40))
        admin = KafkaAdminClient(bootstrap_servers=kafka_settings.bootstrap)
        try:
            admin.delete_records({TopicPartition(topic, number): 1 for number in range(4)})
        finally:
            admin.close()
        assert len(set(_numbers(_collect(subscriber, 36)))) == 36


def test_a_missing_topic_stays_missing(kafka_settings: Settings) -> None:
    name = f"{kafka_settings.topic_prefix}nowhere"
    settings = kafka_settings.model_copy(update={"kafka_request_timeout_ms": 1_000})
    with Publisher(settings) as publisher, pytest.raises(ServiceError, match="there is no topic"):
        publisher.partitions(name)
    with pytest.raises(ServiceError, match="there is no topic"):
        Subscriber(settings, [name])
    with Admin(settings) as admin:
        assert name not in admin.names()


def _publish(settings: Settings, topic: str, numbers: range) -> None:
    with Publisher(settings) as publisher:
        for number in numbers:
            publisher.send(Output(topic, str(number).encode(), b"{}"))
        assert publisher.flush(20.0) == 0
        assert publisher.take_failures() == []


def _collect(subscriber: Subscriber, count: int, seconds_max: float = 30.0) -> list[Record]:
    deadline = time.monotonic() + seconds_max
    records: list[Record] = []
    while len(records) < count:
        records.extend(subscriber.poll(0.2))
        assert time.monotonic() < deadline, f"found {len(records)} records, expected {count}"
    return records


def _numbers(records: list[Record]) -> list[int]:
    return [int(record.key or b"") for record in records]
