"""Records of chunked topics, made once.

aiokafka makes a frozen data class of eleven fields for every record, one record at a time through three calls, and ours
would be made of it afterwards: together more than the driver's own work. So what a fetch has brought is handed to a
reader of ours before anybody takes it. It walks the batches as aiokafka's does; checksums and the position that a fetch
leaves behind are aiokafka's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

from aiokafka.consumer.fetcher import (  # type: ignore[import-untyped]
    READ_COMMITTED,
    FetchResult,
    PartitionRecords,
)
from aiokafka.errors import CorruptRecordException  # type: ignore[import-untyped]

from stream.model import Record
from stream.worker.driver.holes import Holes

_new = tuple.__new__
_key, _value = itemgetter(Record._fields.index("key")), itemgetter(Record._fields.index("value"))


def bytes_of(records: Sequence[Record]) -> int:
    """Of keys and values together. Asked for every fetch, so nothing here is done for each record in Python."""
    return sum(map(len, filter(None, map(_value, records)))) + sum(map(len, filter(None, map(_key, records))))


def bytes_upto(records: Sequence[Record]) -> list[int]:
    """Of keys and values of the first 0, 1, 2 … records."""
    return list(accumulate((len(each.value or b"") + len(each.key or b"") for each in records), initial=0))


def as_record(found: Any) -> Record:
    """One of aiokafka's, where a fetch was not read by `read_chunked`."""
    return Record(
        found.topic, found.partition, found.offset, found.timestamp, found.key, found.value, tuple(found.headers)
    )


class ChunkRecords(PartitionRecords):  # type: ignore[misc]
    """Records of one fetch of one partition, as `Record`s. Transactions are not looked at: see `read_chunked`."""

    next_fetch_offset: int
    holes: Holes | None = None

    def __iter__(self) -> Iterator[Record]:
        """The iterator itself: aiokafka's adds a call for every record."""
        return self._records_iterator or iter(())

    def _unpack_records(self) -> Iterator[Record]:
        topic, number = self._tp
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            if not batch.is_control_batch:
                for found in batch:
                    offset = found.offset
                    if offset >= self.next_fetch_offset:  # a batch may begin before what was asked for
                        self.next_fetch_offset = offset + 1
                        headers = found.headers
                        yield _new(
                            Record,
                            (
                                topic,
                                number,
                                offset,
                                found.timestamp,
                                found.key,
                                found.value,
                                tuple(headers) if headers else (),
                            ),
                        )
            if self.holes is not None and batch.next_offset > self.next_fetch_offset:
                self.holes.note(self._tp, self.next_fetch_offset, batch.next_offset)
            self.next_fetch_offset = batch.next_offset


def read_chunked(fetcher: Any, topics: Collection[str], holes: Holes | None = None) -> None:
    """Makes a fetcher give `Record`s for these topics; for others, and where transactions count, aiokafka's own.

    `holes` is told of offsets without a record.
    """
    if fetcher._isolation_level == READ_COMMITTED:
        return
    process = fetcher._proc_fetch_request

    async def processed(*args: Any) -> Any:
        woken = await process(*args)
        for found in fetcher._records.values():  # nothing was awaited since they were put there
            if type(found) is FetchResult and type(found._partition_records) is PartitionRecords:
                records = found._partition_records
                if records._tp.topic in topics:
                    found._partition_records = _chunk_records(records, holes)
        return woken

    fetcher._proc_fetch_request = processed


def _chunk_records(records: Any, holes: Holes | None) -> ChunkRecords:
    records._records_iterator = None  # it refers back: the fetch would stay in memory until the collector comes
    made = ChunkRecords(
        records._tp,
        records._records,
        records._aborted_transactions,
        records.next_fetch_offset,
        records._key_deserializer,
        records._value_deserializer,
        records._check_crcs,
        records._isolation_level,
    )
    made.holes = holes
    return made
