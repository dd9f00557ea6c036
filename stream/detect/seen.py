"""The ids of the records seen last: one that comes again, at whatever offset, changes nothing."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from hashlib import blake2b

ID_BYTES = 8


class Seen:
    """A bounded set of short hashes, in the order in which they came."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def first(self, article: str, revision: int, rule: str, ids_max: int) -> bool:
        """False if this is among the last `ids_max`."""
        name = blake2b(f"{revision}\n{rule}\n{article}".encode(), digest_size=ID_BYTES).digest()
        if name in self._ids:
            return False
        self._ids[name] = None
        while len(self._ids) > ids_max:
            del self._ids[next(iter(self._ids))]
        return True

    def encode(self) -> str:
        """All of it as text."""
        return b2a_base64(b"".join(self._ids), newline=False).decode()

    @classmethod
    def decode(cls, text: str) -> Seen:
        """What `encode` gave."""
        seen = cls()
        data = a2b_base64(text)
        seen._ids = dict.fromkeys(data[at : at + ID_BYTES] for at in range(0, len(data), ID_BYTES))
        return seen
