"""Reading as a member of a group that commits for itself."""

from __future__ import annotations

import os
import signal
import time

import pytest
from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from kafka.errors import KafkaConnectionError  # type: ignore[import-untyped]
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker
from stream.broker.groupreader import LOOK_SECONDS_MIN, RECORDS_PER_POLL_MAX, GroupReader
from stream.broker.publisher import Publisher
from stream.errors import ServiceError
from stream.model import Output, Record
from stream.settings import Settings
from stream.wire.topics import ALERTS, full_name

pytestmark = pytest.mark.embedded
DEADLINE_SECONDS = 60.0
TOPICS = tuple(ALERTS.values())[:2]


@pytest.fixture
def settings(broker_settings: Settings) -> Settings:
    with Admin(broker_settings) as admin:
        admin.create(TOPICS)
    return broker_settings


def names(settings: Settings) -> list[str]:
    return [full_name(settings.topic_prefix, topic) for topic in TOPICS]


def publish(settings: Settings, topic: str, numbers: range, *, partition: int = 0) -> None:
    with Publisher(settings) as publisher:
        for number in numbers:
            publisher.send(Output(topic, b"k", str(number).encode()), partition=partition)
        assert publisher.flush(30.0) == 0


def collect(reader: GroupReader, count: int) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count}"
        found += reader.poll(0.1)
    return found


def reader_of(settings: Settings, *, start: str = "now") -> GroupReader:
    group = f"{settings.topic_prefix}group"
    return GroupReader(settings, names(settings), group, client_id="test", start=start)  # type: ignore[arg-type]


def values(records: list[Record]) -> list[int]:
    return [int(record.value or b"") for record in records]


def test_it_begins_now_and_goes_on_where_it_said(settings: Settings) -> None:
    topic = names(settings)[0]
    publish(settings, topic, range(3))
    with reader_of(settings) as reader:
        assert reader.assigned() is None
        publish(settings, topic, range(3, 6))
        found = collect(reader, 3)
        assert reader.assigned() == {(name, number) for name in names(settings) for number in range(4)}
        assert values(found) == [3, 4, 5]
        assert reader.commit({(topic, 0): found[0].offset + 1}) is None
        assert reader.lag({(topic, 0): found[0].offset + 1}) == 2
    with reader_of(settings) as reader:
        assert values(collect(reader, 2)) == [4, 5]


def test_what_came_before_the_first_commit_is_not_lost(settings: Settings) -> None:
    topic = names(settings)[0]
    publish(settings, topic, range(3))
    reader_of(settings).close()
    publish(settings, topic, range(3, 5))
    with reader_of(settings) as reader:
        assert values(collect(reader, 2)) == [3, 4]


def test_partitions_that_were_added_are_read_from_their_beginning(settings: Settings) -> None:
    """Of the second topic the group has no position: there it begins now."""
    topic, other = names(settings)
    for number in range(4):
        publish(settings, topic, range(10 * number, 10 * number + 2), partition=number)
        publish(settings, other, range(100, 102), partition=number)
    before = KafkaConsumer(bootstrap_servers=settings.bootstrap, group_id=f"{settings.topic_prefix}group")
    before.assign([TopicPartition(topic, 0)])
    before.commit({TopicPartition(topic, 0): OffsetAndMetadata(1, "", -1)})
    before.close(autocommit=False)
    with reader_of(settings) as reader:
        publish(settings, other, range(200, 201))
        assert sorted(values(collect(reader, 8))) == [1, 10, 11, 20, 21, 30, 31, 200]


def test_a_held_partition_waits_and_comes_back_whole(settings: Settings) -> None:
    held, other = names(settings)
    count = 5 * RECORDS_PER_POLL_MAX
    publish(settings, held, range(count))
    with reader_of(settings, start="beginning") as reader:
        first = collect(reader, 1)
        for _ in range(3):
            reader.hold({(held, 0)})
            for _ in range(3):
                assert reader.poll(0.05) == []
            publish(settings, other, range(1))
            assert {record.topic for record in collect(reader, 1)} == {other}
            reader.hold(set())
            first += collect(reader, 1)
        first += collect(reader, count - len(first))
        assert values(first) == list(range(count))


def test_what_was_read_and_not_committed_comes_again_after_a_rebalance(settings: Settings) -> None:
    topics = names(settings)
    for partition in range(4):
        publish(settings, topics[0], range(partition * 10, partition * 10 + 10), partition=partition)
    with reader_of(settings, start="beginning") as first:
        collect(first, 40)
        first.take_lost()
        first.hold({(topics[0], 0), (topics[0], 1)})
        with reader_of(settings, start="beginning") as second:
            kept: dict[int, set[int]] = {0: set(), 1: set()}
            deadline = time.monotonic() + DEADLINE_SECONDS
            while kept[0] | kept[1] != set(range(40)):
                assert time.monotonic() < deadline, kept
                for number, reader in enumerate((first, second)):
                    found = reader.poll(0.05)
                    lost = reader.take_lost()
                    if lost:
                        kept[number].clear()  # as one does who keeps the promise of take_lost
                    kept[number] |= set(values([r for r in found if (r.topic, r.partition) not in lost]))
        # The second one has left, and committed nothing.
        again: set[int] = set()
        while again != set(range(40)):
            assert time.monotonic() < deadline, again
            found = first.poll(0.05)
            lost = first.take_lost()
            if lost:
                again.clear()
            again |= set(values([r for r in found if (r.topic, r.partition) not in lost]))


def test_metadata_that_change_for_a_moment_leave_nobody_without_partitions(settings: Settings) -> None:
    topic = names(settings)[0]
    with reader_of(settings) as reader:
        publish(settings, topic, range(3))
        found = collect(reader, 3)
        assert reader.commit({(topic, 0): found[-1].offset + 1}) is None
        coordinator = reader._consumer._coordinator
        taken = coordinator._assignment_snapshot
        coordinator._assignment_snapshot = {}
        deadline = time.monotonic() + DEADLINE_SECONDS
        while coordinator.stable():
            assert time.monotonic() < deadline, "no rejoin begins"
            reader.poll(0.0)
        coordinator._assignment_snapshot = taken
        assert not coordinator.need_rejoin()
        publish(settings, topic, range(3, 6))
        assert values(collect(reader, 3)) == [3, 4, 5]


def test_topics_that_are_not_there(settings: Settings) -> None:
    with pytest.raises(ServiceError, match="redline topics create"):
        GroupReader(settings, ["no.such.topic"], "group", client_id="test")


def test_a_broker_that_is_away_while_the_group_is_looked_for_brings_nothing_and_is_asked_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reader_of(settings) as reader:
        with monkeypatch.context() as away:

            def refused(**_: object) -> None:
                raise KafkaConnectionError("111 ECONNREFUSED")

            away.setattr(reader._consumer, "poll", refused)
            assert reader.poll(0.01) == []
        while reader.assigned() is None:
            reader.poll(0.1)
        publish(settings, names(settings)[0], range(3))
        assert len(collect(reader, 3)) == 3


def test_below_a_frozen_broker_it_waits_instead_of_spinning(settings: Settings) -> None:
    with EmbeddedBroker() as broker:
        short = {"session_timeout_ms": 1_500, "heartbeat_interval_ms": 300}
        alone = settings.model_copy(update={"bootstrap": broker.bootstrap, **short})
        with Admin(alone) as admin:
            admin.create(TOPICS)
        publish(alone, names(alone)[0], range(3))
        with reader_of(alone, start="beginning") as reader:
            assert values(collect(reader, 3)) == [0, 1, 2]
            looks = count_looks(reader)
            os.kill(broker.pid, signal.SIGSTOP)
            try:
                deadline = time.monotonic() + 2 * alone.session_timeout_ms / 1_000
                while time.monotonic() < deadline:
                    began, before = time.monotonic(), len(looks)
                    assert reader.poll(0.25) == []
                    most = (time.monotonic() - began) / LOOK_SECONDS_MIN + 2
                    assert len(looks) - before <= most, "it looks no oftener than it says"
            finally:
                os.kill(broker.pid, signal.SIGCONT)
            publish(alone, names(alone)[0], range(3, 5))
            found: list[Record] = []
            while 4 not in values(found):  # behind those that come again, if it lost its place
                found += collect(reader, 1)


def count_looks(reader: GroupReader) -> list[float]:
    """Grows with each round that the client makes inside of a poll."""
    looks: list[float] = []
    consumer = reader._consumer
    look = consumer._poll_once

    def counted(*arguments: object, **more: object) -> object:
        looks.append(time.monotonic())
        return look(*arguments, **more)

    consumer._poll_once = counted
    return looks
