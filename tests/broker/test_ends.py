"""Where partitions really end, on the embedded broker, whose own answer is wrong after a batch."""

import pytest
from kafka import KafkaConsumer, TopicPartition

from stream.broker.ends import end_offsets
from stream.settings import Settings
from tests.worker.kit import make_topics, publish

pytestmark = pytest.mark.embedded


def test_it_may_be_asked_again_of_one_consumer(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    partition = TopicPartition(broker_settings.topic_prefix + "articles.raw", 0)
    consumer = KafkaConsumer(bootstrap_servers=broker_settings.bootstrap)
    try:
        for times in range(4):
            assert end_offsets(consumer, [partition], seconds_max=30.0) == {partition: 7 * times}
            publish(broker_settings, "articles.raw", [(b"k", b"v")] * 7)
    finally:
        consumer.close()
