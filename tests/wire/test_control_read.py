"""Control records: what is written is what is read, and what cannot be read is nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Record
from stream.wire.control import Control, control_output, decode_control, encode_control
from stream.wire.decode import CONTROL_HEADER, is_control

NOW = datetime(2024, 5, 1, 12, 0, 0, 250, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def record(value: bytes | None, kind: bytes = b"progress") -> Record:
    return Record("t", 0, 0, 0, b"", value, ((CONTROL_HEADER, kind),))


@given(st.none() | st.text(max_size=20), st.integers(0, 1_000), moments, st.none() | moments, st.integers(0, 64))
def test_it_reads_back(run: str | None, partition: int, time: datetime, published: datetime | None, of: int) -> None:
    for kind in ("progress", "end"):
        control = Control(kind, run, partition, time, published, of)  # type: ignore[arg-type]
        output = control_output(control, topic="t")
        read = Record("t", 0, 0, 0, output.key, output.value, output.headers)
        assert is_control(read)
        assert decode_control(read) == control


def test_the_replayer_names_the_partition_to_send_to() -> None:
    output, partition = encode_control("end", topic="t", run="r", partition=3, time=NOW)
    assert partition == 3
    assert decode_control(record(output.value, b"end")) == Control("end", "r", 3, NOW)


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"{", b"[]", b"{}"),
        b'{"run": 3, "partition": 0, "time": "2024-01-01T00:00:00Z"}',
        b'{"run": "r", "partition": "0", "time": "2024-01-01T00:00:00Z"}',
        b'{"run": "r", "partition": 0, "time": "x"}',
    ],
)
def test_what_is_no_control_record_is_nothing(value: bytes | None) -> None:
    assert decode_control(record(value)) is None


def test_another_kind_is_nothing() -> None:
    assert decode_control(record(b'{"run": "r", "partition": 0, "time": "2024-01-01T00:00:00Z"}', b"pause")) is None
