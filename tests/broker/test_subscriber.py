"""Following topics: from the start, from now on, to the end, and as a group."""

from __future__ import annotations

import time

import pytest

from stream.broker.admin import Admin
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.errors import ServiceError
from stream.model import Output, Record
from stream.settings import Settings
from stream.wire.topics import ALERTS, RAW, full_name

pytestmark = pytest.mark.embedded


@pytest.fixture
def topics(broker_settings: Settings) -> list[str]:
    """Two topics that exist."""
    wanted = [RAW, next(iter(ALERTS.values()))]
    with Admin(broker_settings) as admin:
        admin.create(wanted)
    return [full_name(broker_settings.topic_prefix, topic) for topic in wanted]


def test_reading_to_the_end_reads_whole_batches_of_all_topics(broker_settings: Settings, topics: list[str]) -> None:
    _publish(broker_settings, topics[0], range(700))
    _publish(broker_settings, topics[1], range(3))
    with Subscriber(broker_settings, topics, start="earliest") as subscriber:
        records = list(subscriber.read_to_end(seconds_max=60.0))
        assert list(subscriber.read_to_end(seconds_max=60.0)) == []
    assert sorted(int(r.key or b"") for r in records if r.topic == topics[0]) == list(range(700))
    assert sorted(int(r.key or b"") for r in records if r.topic == topics[1]) == [0, 1, 2]
    places = [(r.topic, r.partition, r.offset) for r in records]
    assert len(set(places)) == len(places)
    assert abs(records[0].timestamp_ms - time.time() * 1_000) < 60_000


def test_from_now_on_leaves_out_the_rest_of_the_last_batch(broker_settings: Settings, topics: list[str]) -> None:
    _publish(broker_settings, topics[0], range(100))
    time_passes = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == time_passes:
        continue
    with Subscriber(broker_settings, topics) as subscriber:
        assert subscriber.poll(0.3) == []
        _publish(broker_settings, topics[0], range(1_000, 1_020))
        assert sorted(int(r.key or b"") for r in _collect(subscriber, 20)) == list(range(1_000, 1_020))


def test_a_group_goes_on_where_it_stopped(broker_settings: Settings, topics: list[str]) -> None:
    _publish(broker_settings, topics[0], range(10))
    with Subscriber(broker_settings, topics, start="earliest", group=f"{topics[0]}.group") as subscriber:
        assert sorted(int(r.key or b"") for r in _collect(subscriber, 10)) == list(range(10))
    _publish(broker_settings, topics[0], range(10, 15))
    with Subscriber(broker_settings, topics, start="earliest", group=f"{topics[0]}.group") as subscriber:
        assert sorted(int(r.key or b"") for r in _collect(subscriber, 5)) == list(range(10, 15))


class Noting(Subscriber):
    """Knows what came with the last poll."""

    last: list[Record]

    def poll(self, seconds_max: float = 0.2) -> list[Record]:
        self.last = super().poll(seconds_max)
        return self.last


def test_a_group_reads_again_what_was_not_worked_off(broker_settings: Settings, topics: list[str]) -> None:
    _publish(broker_settings, topics[0], range(10))

    def subscriber() -> Noting:
        return Noting(broker_settings, topics, start="earliest", group=f"{topics[0]}.group")

    def fails(reader: Subscriber) -> None:
        _collect(reader, 1)
        raise LookupError

    with pytest.raises(LookupError), subscriber() as reader:
        fails(reader)
    noting = subscriber()
    with noting:
        next(noting.follow())
        done = 1 if len(noting.last) == 1 else 0  # where it came alone, it was all that was read
    with subscriber() as reader:
        assert len({r.key for r in _collect(reader, 10 - done)}) == 10 - done


def test_a_missing_topic_says_how_to_make_it(broker_settings: Settings) -> None:
    with pytest.raises(ServiceError, match="no topic nowhere, nirgends; `redline topics create` makes it"):
        Subscriber(broker_settings, ["nowhere", "nirgends"])
    with Admin(broker_settings) as admin:
        assert not {"nowhere", "nirgends"} & admin.names()


def _publish(settings: Settings, topic: str, numbers: range) -> None:
    with Publisher(settings) as publisher:
        for number in numbers:
            publisher.send(Output(topic, str(number).encode(), b"{}"))
        assert publisher.flush(60.0) == 0


def _collect(subscriber: Subscriber, count: int, seconds_max: float = 60.0) -> list[Record]:
    deadline = time.monotonic() + seconds_max
    records: list[Record] = []
    while len(records) < count:
        records.extend(subscriber.poll(0.2))
        assert time.monotonic() < deadline, f"found {len(records)} records, expected {count}"
    return records
