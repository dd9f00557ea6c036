"""Control records, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime

from stream.model import Record
from stream.wire.control import encode_control
from stream.wire.decode import is_control


def test_a_control_record_is_known_by_its_header() -> None:
    moment = datetime(2024, 5, 1, 12, tzinfo=UTC)
    output, partition = encode_control("end", topic="t", run="r-2", partition=3, time=moment)
    assert partition == 3
    assert output.value == b'{"run":"r-2","partition":3,"time":"2024-05-01T12:00:00Z"}'
    assert output.headers == (("redline-control", b"end"),)
    assert is_control(Record("t", 3, 0, 0, output.key, output.value, output.headers))
