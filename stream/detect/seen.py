"""The ids of the records seen last: one that comes again, at whatever offset, changes nothing."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from stream.detect.snapshot import item

ID_BYTES = 8
BLOCK_IDS = 256
"""Ids are forgotten, and written into snapshots, by so many at a time."""


class Seen:
    """A bounded set of short hashes, in the order in which they came."""

    __slots__ = ("_blocks", "_ids", "_packed")

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self._blocks: list[bytearray] = [bytearray()]
        self._packed: list[bytes] = []  # of the blocks that are full

    def __len__(self) -> int:
        return len(self._ids)

    def first(self, article: str, revision: int, rule: str, ids_max: int) -> bool:
        """False if this is among the last `ids_max`; a block of them less may be remembered."""
        name = blake2b(f"{revision}\n{rule}\n{article}".encode(), digest_size=ID_BYTES).digest()
        if name in self._ids:
            return False
        self._ids.add(name)
        block = self._blocks[-1]
        block += name
        if len(block) == BLOCK_IDS * ID_BYTES:
            self._packed.append(item(_pack(block)))
            self._blocks.append(bytearray())
        while len(self._ids) > ids_max and len(self._blocks) > 1:
            self._ids.difference_update(_ids(self._blocks.pop(0)))
            del self._packed[0]
        return True

    def packed(self) -> list[bytes]:
        """The blocks as JSON, for the snapshot."""
        return [*self._packed, _pack(self._blocks[-1])]

    @classmethod
    def unpacked(cls, blocks: Iterable[str]) -> Seen:
        """What `packed` gave, decoded from JSON."""
        seen = cls()
        seen._blocks = [bytearray(a2b_base64(text)) for text in blocks]
        seen._ids = {name for block in seen._blocks for name in _ids(block)}
        seen._packed = [item(_pack(block)) for block in seen._blocks[:-1]]
        return seen


def _ids(block: bytearray) -> Iterator[bytes]:
    return (bytes(block[at : at + ID_BYTES]) for at in range(0, len(block), ID_BYTES))


def _pack(block: bytearray) -> bytes:
    return b'"%b"' % b2a_base64(block, newline=False)
