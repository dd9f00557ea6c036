"""The ids of the records seen last: one that comes again, at whatever offset, changes nothing."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from stream.detect.snapshot import item

ID_BYTES = 8
BLOCK_IDS = 256
"""Ids are forgotten, and written into snapshots, by so many at a time."""

_HASH = blake2b(digest_size=ID_BYTES)  # copied for each id: a new one costs more than the hashing


class Seen:
    """A bounded set of short hashes, in the order in which they came."""

    __slots__ = ("_blocks", "_ids", "_packed", "_text")

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self._blocks: list[bytearray] = [bytearray()]
        self._packed: list[bytes] = []  # of the blocks that are full
        self._text = bytearray()  # base64 of the last block, as far as it was asked for and more ids do not change it

    def __len__(self) -> int:
        return len(self._ids)

    def first(self, article: str, revision: int, rule: str, ids_max: int) -> bool:
        """False if this is among the last `ids_max`; a block of them less may be remembered."""
        hashed = _HASH.copy()
        hashed.update(f"{revision}\n{rule}\n{article}".encode())
        name = hashed.digest()
        if name in self._ids:
            return False
        self._ids.add(name)
        block = self._blocks[-1]
        block += name
        if len(block) == BLOCK_IDS * ID_BYTES:
            self._packed.append(item(_pack(block)))
            self._blocks.append(bytearray())
            self._text = bytearray()
        while len(self._ids) > ids_max and len(self._blocks) > 1:
            self._ids.difference_update(_ids(self._blocks.pop(0)))
            del self._packed[0]
        return True

    def packed(self) -> list[bytes]:
        """The blocks as JSON, for the snapshot."""
        block, text = self._blocks[-1], self._text
        new = block[len(text) // 4 * 3 :]
        encoded = b2a_base64(new, newline=False)
        packed = b"".join((b'"', text, encoded, b'"'))
        text += encoded[: len(new) // 3 * 4]  # three bytes are four characters; what is left over may still change
        return [*self._packed, packed]

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
