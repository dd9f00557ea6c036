"""Cutting a fetch, held to what its bounds say."""

from itertools import zip_longest

from hypothesis import given
from hypothesis import strategies as st

from stream.model import Record
from stream.worker.driver.cut import cut


def _bytes(record: Record) -> int:
    return len(record.key or b"") + len(record.value or b"")


@given(
    st.lists(st.tuples(st.integers(1, 3), st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=40))),
    st.integers(1, 6),
    st.integers(1, 100),
    st.integers(0, 40),
)
def test_runs_keep_their_bounds_and_none_could_be_longer(
    found: list[tuple[int, bytes | None, bytes | None]], records_max: int, bytes_max: int, alone_below: int
) -> None:
    records, offset = [], 0
    for step, key, value in found:
        offset += step  # a compacted log has gaps
        records.append(Record("raw", 0, offset, 0, key, value))
    runs = list(cut(records, records_max=records_max, bytes_max=bytes_max, alone_below=alone_below))

    assert [record for run in runs for record in run] == records
    for run, next_run in zip_longest(runs, runs[1:]):
        is_alone = run[0].offset < alone_below
        assert 1 <= len(run) <= (1 if is_alone else records_max)
        assert len(run) == 1 or sum(map(_bytes, run)) <= bytes_max
        if next_run is not None and not is_alone and len(run) < records_max:
            assert sum(map(_bytes, [*run, next_run[0]])) > bytes_max
