"""Where the records of a fetch are cut into chunks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from stream.model import Record
from stream.worker.driver.records import bytes_of, bytes_upto


def cut(records: Sequence[Record], *, records_max: int, bytes_max: int, alone_below: int) -> Iterator[Sequence[Record]]:
    """Records of one partition, in order, as runs of at most `records_max` records and `bytes_max` bytes of keys and
    values; a record that is larger is alone, and so is each one at an offset below `alone_below`."""
    upto = bytes_upto(records) if bytes_of(records) > bytes_max else None
    start = 0
    while start < len(records):
        end = start + records_max
        if records[start].offset < alone_below:
            end = start + 1
        elif upto is not None:
            fitting = bisect_right(upto, upto[start] + bytes_max) - 1
            end = min(end, max(start + 1, fitting))
        yield records[start:end]
        start = end
