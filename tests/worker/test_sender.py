"""Messages go where every other client of Kafka sends the same key."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stream.worker.sender import KEY_BYTES_REMEMBERED_MAX, _hashed, partition_of

aiokafka = DefaultPartitioner()


@given(key=st.binary(max_size=64), count=st.integers(1, 50))
def test_a_key_goes_where_the_client_would_send_it(key: bytes, count: int) -> None:
    partitions = list(range(count))
    assert partition_of(key, partitions) == aiokafka(key, partitions, partitions)
    assert partition_of(key, partitions) == aiokafka(key, partitions, partitions), "remembered"


def test_long_keys_go_there_too_and_are_not_kept() -> None:
    before = _hashed.cache_info().currsize
    for length in (KEY_BYTES_REMEMBERED_MAX + 1, 100_000):
        key = b"\xff" * length
        assert partition_of(key, range(50)) == aiokafka(key, list(range(50)), list(range(50)))
    assert _hashed.cache_info().currsize == before


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
