"""A state as bytes and back: compact, and of a known format; a large one in parts, of which only new ones are written.

    1 byte format · 1 byte kind · 8 bytes offset · 8 bytes when it wakes (big-endian, signed) · marker · body

    body    j  JSON [fields, [series, …]]           z  the same, deflated
            s  JSON [[names], [[names], …]]: which parts the fields and each series are put together from

The offset is that of the record of `matches` that last changed the state: what comes again up to it changes nothing.
Format and kind are looked at first, so bytes of another version are refused with a clear error and never misread.

A part is named by its content, so it never changes: a crash between parts and head leaves the old head with all its
parts. Where a series is cut depends on its items alone (content-defined chunking, as in LBFS, Muthitacharoen et al.
2001): an item more or less changes one part, wherever it is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Literal

import orjson

FORMAT = 2
_HEAD = struct.Struct(">BBqq")
_PLAIN, _DEFLATED, _SPLIT = b"j", b"z", b"s"
_BODY_AT = _HEAD.size + 1
DEFLATE_FROM_BYTES = 16_384
DEFLATE_PART_FROM_BYTES = 4_096
"""A part is deflated once; what is written with every match is not, as long as it is small."""
INFLATED_BYTES_MAX = 64_000_000

SPLIT_FROM_BYTES = 16_384
"""A larger state is written in parts: what changes with every match is then a small part of it."""
PART_BYTES_USUAL = 8_192
PART_BYTES_MAX = 32_768
"""Before deflating; one item more may be in it. Below what any broker takes."""
NAME_BYTES = 12

NO_PARTS: Mapping[str, bytes] = MappingProxyType({})
NOTHING: Sequence[bytes] = ()
"""A series without items."""

Kind = Literal["rule", "correlation", "clocks"]
_KINDS: tuple[Kind, ...] = ("rule", "correlation", "clocks")
_KIND_NUMBERS: Mapping[Kind, int] = {kind: number for number, kind in enumerate(_KINDS)}


class SnapshotError(ValueError):
    """Bytes that are no snapshot of this version; the message says what was found and what to do."""


class Last(bytes):
    """An item behind which a part ends."""


def item(data: bytes) -> bytes:
    """An item of a series (JSON); whether a part ends behind it depends on it alone, and is found out once.

    A copy, since it is kept for as long as a window is: orjson gives its bytes the memory that it wrote them in, nine
    times as much as an event needs. Joined with nothing: that copies in a third of the time of other ways.
    """
    return Last(data) if zlib.crc32(data) * PART_BYTES_USUAL < len(data) << 32 else b"".join((data, b""))


@dataclass(slots=True)
class Packed:
    """A state on its way to bytes: fields, and series of items (see `item`) that may be long."""

    fields: list[Any]
    series: tuple[Sequence[bytes], ...] = ()


@dataclass(slots=True)
class Snapshot:
    """The bytes of a state: what stands under its key, and its parts by name, if it has any."""

    head: bytes
    parts: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """What can be told of a snapshot without decoding it."""

    kind: Kind
    offset: int
    wakes_us: int


def encode(kind: Kind, offset: int, wakes_us: int, packed: Packed, known: Mapping[str, bytes] = NO_PARTS) -> Snapshot:
    """The snapshot of a state. `known`: parts that were made before, and need not be deflated again."""
    head = _HEAD.pack(FORMAT, _KIND_NUMBERS[kind], offset, wakes_us)
    fields = orjson.dumps(packed.fields)
    series = b"],[".join(map(b",".join, packed.series))
    plain = b"".join((head, b"j[", fields, b",[[", series, b"]]]"))  # nearly always: nothing is copied again
    size = len(plain) - _BODY_AT
    if size < DEFLATE_FROM_BYTES and (size <= SPLIT_FROM_BYTES or kind == "clocks"):
        return Snapshot(plain, NO_PARTS)
    if size <= SPLIT_FROM_BYTES or kind == "clocks":
        return Snapshot(head + _packed(plain[_BODY_AT:], DEFLATE_FROM_BYTES), NO_PARTS)
    parts: dict[str, bytes] = {}
    names = [_add(parts, known, fields[at : at + PART_BYTES_MAX]) for at in range(0, len(fields), PART_BYTES_MAX)]
    of_series = [[_add(parts, known, b"[%b]" % b",".join(items)) for items in _cut(each)] for each in packed.series]
    return Snapshot(head + _SPLIT + orjson.dumps([names, of_series]), parts)


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


def part_names(snapshot: bytes) -> list[str]:
    """The parts that a snapshot is put together from. Raises `SnapshotError`."""
    head_of(snapshot)
    if snapshot[_HEAD.size : _HEAD.size + 1] != _SPLIT:
        return []
    names, of_series = _loaded(snapshot[_HEAD.size + 1 :])
    return [*names, *(name for each in of_series for name in each)]


def decode(snapshot: bytes, parts: Mapping[str, bytes]) -> tuple[list[Any], list[list[Any]]]:
    """The fields and the series that `encode` got. Raises `SnapshotError`."""
    head_of(snapshot)
    marked = snapshot[_HEAD.size :]
    if marked[:1] != _SPLIT:
        fields, series = _loaded(_unpacked(marked))
        return fields, series
    missing = [name for name in part_names(snapshot) if name not in parts]
    if missing:
        raise SnapshotError(f"found a state without {len(missing)} of its parts, expected what a worker wrote")
    names, of_series = _loaded(marked[1:])
    fields = _json(b"".join(_unpacked(parts[name]) for name in names))
    return fields, [[each for name in names for each in _json(_unpacked(parts[name]))] for names in of_series]


def _cut(items: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Runs of items of about `PART_BYTES_USUAL`; where one ends depends on its last item, unless it grows too large."""
    ends = [number for number, each in enumerate(items, 1) if type(each) is Last]
    start = 0
    for end in ends if ends and ends[-1] == len(items) else [*ends, len(items)]:
        run = items[start:end]
        start = end
        while sum(map(len, run)) > PART_BYTES_MAX and len(run) > 1:
            yield run[: len(run) // 2]
            run = run[len(run) // 2 :]
        if run:
            yield run


def _add(parts: dict[str, bytes], known: Mapping[str, bytes], content: bytes) -> str:
    name = blake2b(content, digest_size=NAME_BYTES).hexdigest()
    parts[name] = known.get(name) or _packed(content, DEFLATE_PART_FROM_BYTES)
    return name


def _packed(body: bytes, deflate_from: int) -> bytes:
    return _DEFLATED + zlib.compress(body, 1) if len(body) >= deflate_from else _PLAIN + body


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data[1:], INFLATED_BYTES_MAX) if data[:1] == _DEFLATED else data[1:]
    except zlib.error as error:
        raise _broken(error) from error


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _broken(error) from error


def _loaded(body: bytes) -> tuple[list[Any], list[list[Any]]]:
    found = _json(body)
    if not isinstance(found, list) or len(found) != 2 or not all(isinstance(each, list) for each in found):
        raise SnapshotError("found a state of another shape, expected fields and series")
    return found[0], found[1]


def _broken(error: Exception) -> SnapshotError:
    return SnapshotError(f"found a state that cannot be read ({error}), expected what a worker wrote")
