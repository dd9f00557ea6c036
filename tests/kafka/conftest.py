from __future__ import annotations

from collections.abc import Iterator

import pytest

from stream.settings import Settings
from tests.kafka.broker import KafkaBroker
from tests.kafka.secure import SecureBroker


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """One real Apache Kafka for all tests; give each test topics of its own."""
    with KafkaBroker() as broker:
        yield broker


@pytest.fixture
def kafka_settings(kafka_broker: KafkaBroker, topic_prefix: str) -> Settings:
    """Settings for it, with a prefix, a consumer group and free ports of this test's own."""
    return Settings(
        bootstrap=kafka_broker.bootstrap,
        topic_prefix=topic_prefix,
        consumer_group=f"{topic_prefix}worker",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_000,
        metrics_port=0,
        replay_metrics_port=0,
    )


@pytest.fixture(scope="session")
def secure_broker() -> Iterator[SecureBroker]:
    """One real Apache Kafka with TLS, logins and rights."""
    with SecureBroker() as broker:
        yield broker
