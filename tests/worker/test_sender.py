"""Messages go where every other client of Kafka sends the same key."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stream.worker.sender import partition_of

aiokafka = DefaultPartitioner()


@given(key=st.binary(max_size=64), count=st.integers(1, 50))
def test_a_key_goes_where_the_client_would_send_it(key: bytes, count: int) -> None:
    partitions = list(range(count))
    assert partition_of(key, partitions) == aiokafka(key, partitions, partitions)
    assert partition_of(key, partitions) == aiokafka(key, partitions, partitions), "remembered"


# The hashes are those that Apache Kafka's own tests expect (UtilsTest.testMurmur2), as signed 32 bits.
@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"abc", 479470107),
    ],
)
def test_a_key_goes_where_apache_kafka_sends_it(key: bytes, murmur2: int) -> None:
    assert partition_of(key, range(1_000)) == (murmur2 & 0x7FFFFFFF) % 1_000
