"""Bytes on their way in and out: a record as the broker gave it, and a message to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]


class Record(NamedTuple):
    """One record of a topic. `timestamp_ms` is Kafka's, in milliseconds since 1970 UTC.

    A named tuple, because one is made for every record read: a frozen dataclass takes four times as long to make.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One message to send; `topic` is the full topic name."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()

    @property
    def size_bytes(self) -> int:
        """Key, value and headers together, without the protocol's framing."""
        return len(self.key) + len(self.value) + sum(len(k) + len(v) for k, v in self.headers)
