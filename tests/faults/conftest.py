"""Fault tests run on the real Kafka of tests/kafka."""

from tests.kafka.conftest import kafka_broker, kafka_settings

__all__ = ["kafka_broker", "kafka_settings"]
