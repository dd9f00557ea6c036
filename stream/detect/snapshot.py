"""A state as bytes and back: compact, and of a known format.

    1 byte format · 1 byte kind · 8 bytes offset · 8 bytes when it wakes (big-endian, signed) · JSON, deflated if long

The offset is that of the record of `matches` that last changed the state: what comes again up to it changes nothing.
Format and kind are looked at first, so bytes of another version are refused with a clear error and never misread.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any, Literal

import orjson

FORMAT = 1
_HEAD = struct.Struct(">BBqq")
_PLAIN, _DEFLATED = b"j", b"z"
DEFLATE_FROM_BYTES = 16_384
INFLATED_BYTES_MAX = 64_000_000

Kind = Literal["rule", "correlation", "clocks"]
_KINDS: tuple[Kind, ...] = ("rule", "correlation", "clocks")


class SnapshotError(ValueError):
    """Bytes that are no snapshot of this version; the message says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """What can be told of a snapshot without decoding it."""

    kind: Kind
    offset: int
    wakes_us: int


def encode(kind: Kind, offset: int, wakes_us: int, fields: list[Any]) -> bytes:
    """The snapshot of a state."""
    body = orjson.dumps(fields)
    packed = _DEFLATED + zlib.compress(body, 1) if len(body) >= DEFLATE_FROM_BYTES else _PLAIN + body
    return _HEAD.pack(FORMAT, _KINDS.index(kind), offset, wakes_us) + packed


def head_of(snapshot: bytes) -> Head:
    """Raises `SnapshotError`."""
    if len(snapshot) <= _HEAD.size or snapshot[0] != FORMAT or snapshot[1] >= len(_KINDS):
        found = f"format {snapshot[0]}" if snapshot else "no bytes"
        raise SnapshotError(
            f"found a state of {found}, expected format {FORMAT}: it was written by another version of Redline; use "
            "that version, or give the worker a new consumer group, which begins without state"
        )
    _, kind, offset, wakes_us = _HEAD.unpack_from(snapshot)
    return Head(_KINDS[kind], offset, wakes_us)


def fields_of(snapshot: bytes) -> list[Any]:
    """The fields that `encode` got. Raises `SnapshotError`."""
    head_of(snapshot)
    marker, body = snapshot[_HEAD.size : _HEAD.size + 1], snapshot[_HEAD.size + 1 :]
    try:
        if marker == _DEFLATED:
            body = zlib.decompressobj().decompress(body, INFLATED_BYTES_MAX)
        fields = orjson.loads(body)
    except (zlib.error, orjson.JSONDecodeError) as error:
        raise SnapshotError(f"found a state that cannot be read ({error}), expected what a worker wrote") from error
    if not isinstance(fields, list):
        raise SnapshotError("found a state of another shape, expected a list")
    return fields
