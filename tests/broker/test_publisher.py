"""Publishing: the ledger adds up, and every failure comes with its record and reason."""

from __future__ import annotations

import pytest

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.broker.publisher import Failure, Ledger, Publisher
from stream.broker.subscriber import Subscriber
from stream.errors import ServiceError
from stream.model import Output, Reject
from stream.settings import Settings
from stream.wire.topics import RAW, full_name

pytestmark = pytest.mark.embedded


@pytest.fixture
def topic(broker_settings: Settings) -> str:
    with Admin(broker_settings) as admin:
        admin.create([RAW])
    return full_name(broker_settings.topic_prefix, RAW)


def test_what_is_acknowledged_is_there(broker_settings: Settings, topic: str) -> None:
    outputs = [Output(topic, f"key {n}".encode(), f'{{"body": "{n}"}}'.encode(), (("h", b"v"),)) for n in range(300)]
    with Publisher(broker_settings) as publisher:
        assert publisher.partitions(topic) == 4
        for output in outputs:
            publisher.send(output)
        assert publisher.flush(60.0) == 0
        assert publisher.take_failures() == []
        size_bytes = sum(output.size_bytes for output in outputs)
        assert publisher.ledger() == Ledger(300, 300, 0, size_bytes)
    with Subscriber(broker_settings, [topic], start="earliest") as subscriber:
        records = list(subscriber.read_to_end(seconds_max=60.0))
    assert sorted((r.key, r.value, r.headers) for r in records) == sorted((o.key, o.value, o.headers) for o in outputs)
    assert len({r.partition for r in records}) == 4


def test_control_records_stand_outside_the_ledger(broker_settings: Settings, topic: str) -> None:
    with Publisher(broker_settings) as publisher:
        for partition in range(4):
            publisher.send(Output(topic, b"", b"{}"), partition=partition, counted=False)
        assert publisher.flush(60.0) == 0
        assert publisher.ledger() == Ledger()
    with Subscriber(broker_settings, [topic], start="earliest") as subscriber:
        assert sorted(r.partition for r in subscriber.read_to_end(seconds_max=60.0)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"k", b"x" * 10_000_000, "found 10000000 bytes, expected at most 900000"),
        (b"k" * 900_000, b"{}", "found 900000 bytes of key and headers, expected at most 15360"),
    ],
)
def test_a_record_too_large_is_never_sent(
    broker_settings: Settings, topic: str, key: bytes, value: bytes, reason: str
) -> None:
    with Publisher(broker_settings) as publisher:
        publisher.send(Output(topic, key, value))
        publisher.send(Output(topic, b"k", b"{}"))
        assert publisher.flush(60.0) == 0
        assert publisher.take_failures() == [
            Failure(Output(topic, key, value), reason, Reject("publish", "too_large", reason))
        ]
        assert publisher.take_failures() == []
        ledger = publisher.ledger()
    assert (ledger.sent, ledger.acknowledged, ledger.failed) == (2, 1, 1)


def test_what_the_client_or_broker_refuses_has_a_reject(broker_settings: Settings, topic: str) -> None:
    with Publisher(broker_settings) as publisher:
        publisher._producer.config["max_request_size"] = 1_000
        publisher.send(Output(topic, b"k", b"x" * 5_000))
        (failure,) = publisher.take_failures()
    assert failure.reject is not None
    assert failure.reject.code == "refused_by_broker"
    assert "5" in failure.reason


def test_a_broker_that_goes_away_fails_every_record_with_a_reason() -> None:
    with EmbeddedBroker() as broker:
        settings = Settings(**setting_overrides(broker), kafka_request_timeout_ms=3_000)
        topic = full_name(settings.topic_prefix, RAW)
        with Admin(settings) as admin:
            admin.create([RAW])
        with Publisher(settings) as publisher:
            publisher.partitions(topic)
            broker.stop()
            for number in range(5):
                publisher.send(Output(topic, str(number).encode(), b"{}"))
            assert publisher.flush(60.0) == 0
            failures = publisher.take_failures()
            assert publisher.ledger() == Ledger(sent=5, failed=5)
    assert sorted(failure.output.key for failure in failures) == [b"0", b"1", b"2", b"3", b"4"]
    assert {failure.reject for failure in failures} == {None}
    assert all(failure.reason.startswith("not acknowledged: ") for failure in failures)


def test_a_missing_topic_says_how_to_make_it(broker_settings: Settings) -> None:
    settings = broker_settings.model_copy(update={"kafka_request_timeout_ms": 300})
    with Admin(settings) as admin:
        before = admin.names()
    with (
        Publisher(settings) as publisher,
        pytest.raises(ServiceError, match="no topic nowhere; `redline topics create`"),
    ):
        publisher.partitions("nowhere")
    with Admin(settings) as admin:
        assert admin.names() == before
