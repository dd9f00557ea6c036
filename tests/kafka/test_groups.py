"""The group of workers as Apache Kafka tells it: members, their partitions, how far behind; and the newest records."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaAdminClient, TopicPartition  # type: ignore[import-untyped]

from stream.broker.admin import Admin
from stream.broker.groups import GroupWatch
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.model import Output
from stream.settings import Settings
from stream.wire.topics import RAW, full_name
from tests.worker.kit import make_topics, running

pytestmark = pytest.mark.kafka


def test_members_partitions_and_lag_are_told(kafka_settings: Settings) -> None:
    with Admin(kafka_settings) as admin:
        admin.create([RAW])
    topic = full_name(kafka_settings.topic_prefix, RAW)
    group = kafka_settings.consumer_group
    with GroupWatch(kafka_settings, group, [topic]) as watch:
        before = watch.state()
        assert (before.members, set(before.lag.values())) == ((), {0})
        with Publisher(kafka_settings) as publisher:
            for number in range(40):
                publisher.send(Output(topic, f"k{number}".encode(), b"x"), partition=number % 4)
            assert publisher.flush(30) == 0
        assert watch.state().lag == {(topic, number): 10 for number in range(4)}
        with Subscriber(kafka_settings, [topic], start="earliest", group=group) as subscriber:
            deadline, read = time.monotonic() + 60, 0
            while read < 40 or sum(watch.state().lag.values()):
                read += len(subscriber.poll(0.2))
                assert time.monotonic() < deadline, (read, watch.state())
            (member,) = watch.state().members
            assert sorted(member.partitions) == [(topic, number) for number in range(4)]
            assert member.host
            assert watch.state().state == "Stable"


def test_records_that_are_gone_wait_for_nobody(kafka_settings: Settings) -> None:
    with Admin(kafka_settings) as admin:
        admin.create([RAW])
    topic = full_name(kafka_settings.topic_prefix, RAW)
    with Publisher(kafka_settings) as publisher:
        for _ in range(10):
            publisher.send(Output(topic, b"k", b"x"), partition=0)
        assert publisher.flush(30) == 0
    admin = KafkaAdminClient(bootstrap_servers=kafka_settings.bootstrap)
    try:
        admin.delete_records({TopicPartition(topic, 0): 7})
    finally:
        admin.close()
    with GroupWatch(kafka_settings, kafka_settings.consumer_group, [topic]) as watch:
        assert watch.state().lag[topic, 0] == 3


def test_a_pipeline_with_another_prefix_is_kept_out_of_the_group(kafka_settings: Settings) -> None:
    """Before anything was read: by the partitions of its member."""
    other = kafka_settings.model_copy(update={"topic_prefix": f"other-{kafka_settings.topic_prefix}"})
    for settings in (kafka_settings, other):
        make_topics(settings)
    with running(kafka_settings) as worker:
        worker.ready()
        with running(other) as second:
            assert second.wait_exit() == 2, second.log
            reads = f"reads {kafka_settings.topic_prefix}articles.raw; {kafka_settings.topic_prefix}matches, too: two"
            assert reads in second.log.splitlines()[-1]
        with running(kafka_settings) as third:
            third.ready()
            assert third.stop() == 0, third.log
        assert worker.stop() == 0, worker.log


def test_only_the_newest_records_are_read_where_that_is_asked_for(kafka_settings: Settings) -> None:
    with Admin(kafka_settings) as admin:
        admin.create([RAW])
    topic = full_name(kafka_settings.topic_prefix, RAW)
    with Publisher(kafka_settings) as publisher:
        for number in range(40):
            publisher.send(Output(topic, b"k", str(number).encode()), partition=number % 4)
        assert publisher.flush(30) == 0
    with Subscriber(kafka_settings, [topic], start="earliest", newest={topic: 8}) as subscriber:
        assert not subscriber.caught_up
        values = sorted(int(record.value or b"") for record in subscriber.read_to_end(seconds_max=60))
        assert values == list(range(32, 40))
        assert subscriber.caught_up
