"""Records of chunked topics are read from batches as aiokafka reads them, and made once."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, Fetcher, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Record
from stream.worker.driver.holes import Holes
from stream.worker.driver.records import ChunkRecords, bytes_of, bytes_upto, read_chunked

RAW = TopicPartition("raw", 3)
PLAIN, GZIP = 0, 1
Rows = Sequence[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]]

rows = st.lists(
    st.tuples(
        st.none() | st.binary(max_size=9),
        st.none() | st.binary(max_size=40),
        st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=3)), max_size=2),
    ),
    min_size=1,
    max_size=8,
)


def batch(first: int, values: Rows, compression: int = PLAIN) -> bytes:
    """As a producer writes it, at `first` of the log."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    for number, (key, value, headers) in enumerate(values):
        builder.append(number, 1_700_000_000_000 + number, key, value, headers)
    written = bytearray(builder.build())
    written[:8] = first.to_bytes(8, "big")
    return bytes(written)


def reader(kind: type[PartitionRecords], log: bytes, start: int) -> Any:
    return kind(RAW, MemoryRecords(log), [], start, None, None, True, READ_UNCOMMITTED)


@given(st.lists(st.tuples(rows, st.integers(0, 3), st.sampled_from([PLAIN, GZIP])), min_size=1, max_size=4), st.data())
def test_the_same_records_and_positions_as_aiokafkas(batches: list[tuple[Rows, int, int]], data: st.DataObject) -> None:
    log, end = b"", 0
    for values, hole, compression in batches:
        log += batch(end + hole, values, compression)
        end += hole + len(values)
    start = data.draw(st.integers(0, end))
    ours, theirs = reader(ChunkRecords, log, start), reader(PartitionRecords, log, start)
    for found, wanted in zip(ours, theirs, strict=True):
        assert type(found) is Record
        assert found == (
            wanted.topic,
            wanted.partition,
            wanted.offset,
            wanted.timestamp,
            wanted.key,
            wanted.value,
            wanted.headers,
        )
        assert ours.next_fetch_offset == theirs.next_fetch_offset
    assert ours.next_fetch_offset == theirs.next_fetch_offset


def marker(at: int) -> bytes:
    """As Kafka writes it at the end of a transaction."""
    written = bytearray(batch(at, [(b"\0\0\0\1", b"\0\0\0\0\0\0", [])]))
    written[22] |= 0x20  # a control batch, in the lower byte of its attributes
    written[17:21] = calc_crc32c(bytes(written[21:])).to_bytes(4, "big")
    return bytes(written)


def test_the_end_of_a_log_is_behind_its_last_record_not_behind_markers() -> None:
    one, holes = [(b"k", b"v", [])], Holes()
    log = batch(0, one) + marker(1) + batch(2, one * 2) + marker(4) + marker(5)
    records = reader(ChunkRecords, log, 0)
    records.holes = holes
    assert [record.offset for record in records] == [0, 2, 3]
    assert [holes.end(RAW, watermark) for watermark in (None, 4, 5, 6, 7)] == [None, 4, 4, 4, 7]
    again = reader(ChunkRecords, marker(5) + batch(6, one), 5)  # it may be read from within
    again.holes = holes
    assert [record.offset for record in again] == [6]
    assert [holes.end(RAW, watermark) for watermark in (6, 7)] == [4, 7]


@given(rows)
def test_sizes_are_those_of_keys_and_values(values: Rows) -> None:
    records = [Record("raw", 3, n, 0, key, value) for n, (key, value, _) in enumerate(values)]
    sizes = [len(key or b"") + len(value or b"") for key, value, _ in values]
    assert bytes_upto(records) == [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    assert bytes_of(records) == sum(sizes)


def test_a_damaged_batch_is_an_error() -> None:
    log = bytearray(batch(0, [(b"k", b"value", [])]))
    log[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        list(reader(ChunkRecords, bytes(log), 0))


def test_a_fetch_may_be_taken_in_parts() -> None:
    log = batch(5, [(None, b"%d" % n, []) for n in range(7)])
    positions: list[int] = []
    assignment = SimpleNamespace(
        active=True,
        state_value=lambda _: SimpleNamespace(paused=False, position=positions[-1], consumed_to=positions.append),
    )
    positions.append(5)
    result = FetchResult(RAW, assignment=assignment, partition_records=reader(ChunkRecords, log, 5), backoff=0)
    taken = [[record.offset for record in result.getall(3)] for _ in range(3)]
    assert taken == [[5, 6, 7], [8, 9, 10], [11]]
    assert positions == [5, 8, 11, 12]
    assert not result.has_more()


class FakeFetcher:
    def __init__(self, isolation: int = READ_UNCOMMITTED) -> None:
        self._isolation_level = isolation
        self._records: dict[TopicPartition, Any] = {}
        self.made: list[weakref.ref[PartitionRecords]] = []

    async def _proc_fetch_request(self, *topics: str) -> bool:
        for topic in topics:
            tp = TopicPartition(topic, 0)
            records = PartitionRecords(tp, MemoryRecords(b""), [], 0, None, None, True, self._isolation_level)
            self.made.append(weakref.ref(records))
            self._records[tp] = FetchResult(tp, assignment=None, partition_records=records, backoff=0)
        return True


def test_only_chunked_topics_are_read_so() -> None:
    fetcher = FakeFetcher()
    read_chunked(fetcher, {"raw"})
    assert asyncio.run(fetcher._proc_fetch_request("raw", "changelog"))
    kinds = {tp.topic: type(found._partition_records) for tp, found in fetcher._records.items()}
    assert kinds == {"raw": ChunkRecords, "changelog": PartitionRecords}


def test_a_fetch_that_was_taken_leaves_memory_at_once() -> None:
    fetcher = FakeFetcher()
    read_chunked(fetcher, {"raw"})
    gc.collect()
    gc.disable()
    try:
        asyncio.run(fetcher._proc_fetch_request("raw"))
        (found,) = fetcher._records.values()
        fetcher.made.append(weakref.ref(found._partition_records))
        assert list(found._partition_records) == []
        fetcher._records.clear()
        del found
        assert [made() for made in fetcher.made] == [None, None]
    finally:
        gc.enable()


def test_where_transactions_are_followed_aiokafka_reads() -> None:
    fetcher = FakeFetcher(READ_COMMITTED)
    read_chunked(fetcher, {"raw"})
    asyncio.run(fetcher._proc_fetch_request("raw"))
    (found,) = fetcher._records.values()
    assert type(found._partition_records) is PartitionRecords


def test_aiokafka_has_such_a_fetcher() -> None:
    names = Fetcher._proc_fetch_request.__code__.co_names
    assert {"PartitionRecords", "FetchResult", "_records", "_isolation_level"} <= set(names)
    assert "_proc_fetch_request" in Fetcher._fetch_requests_routine.__code__.co_names
