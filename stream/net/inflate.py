"""Decompressing what others sent, never beyond a limit: 200 MB of zeros are 194 KB of gzip.

What is sent has a limit too, since it may come to nothing: empty members, and what stands behind the last one.
"""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_MEMBER = b"\x1f\x8b"
_SLICE_BYTES = 16_384
"""At the end of a member what is behind it is copied: with many small ones, so much of a piece and no more."""

ENCODINGS = ("gzip", "x-gzip", "deflate", "identity", "")


class TooLarge(Exception):  # noqa: N818 - a finding about the input, caught where it is read
    """There is more than allowed."""


class Damaged(Exception):  # noqa: N818
    """It is not what its encoding says."""


class Inflater:
    """Takes a body piece by piece and gives it decompressed, at most `bytes_max` bytes in all.

    `encoding` is one of ENCODINGS. Raises `TooLarge` before it holds more than the limit, or when it is given more than
    any data of this size is when compressed; `Damaged` on bad data.
    """

    def __init__(self, encoding: str, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._left = 2 * bytes_max + 4_096
        self._taken = bytearray()
        self._plain = encoding in ("identity", "")
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._raw_possible = encoding == "deflate"
        self._behind: bytes | None = b""
        """Of what is behind a member, so much that does not tell yet whether it is another; None: it was none."""

    def feed(self, data: bytes) -> None:
        """The next piece as received."""
        if self._plain:
            self._keep(data)
            return
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge
        for start in range(0, len(data), _SLICE_BYTES):
            self._expand(data[start : start + _SLICE_BYTES])

    def finish(self) -> bytes:
        """All of it; raises `Damaged` if the end is missing."""
        if not self._plain and not self._inflate.eof:
            raise Damaged("the compressed data ends too early")
        return bytes(self._taken)

    def _expand(self, data: bytes) -> None:
        while data:
            if self._inflate.eof:
                data = self._next_member(data)
                continue
            room = self._bytes_max - len(self._taken)
            try:
                # One byte more than there is room for tells that it is too much.
                piece = self._inflate.decompress(data, room + 1)
            except zlib.error as error:
                if not self._raw_possible or self._taken:
                    raise Damaged(str(error)) from error
                # `deflate` should be zlib's format, and is sent without its header by some.
                self._inflate, self._raw_possible = zlib.decompressobj(-zlib.MAX_WBITS), False
                continue
            self._raw_possible = False
            self._keep(piece)
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def _next_member(self, data: bytes) -> bytes:
        """What to decompress of the data behind an end: gzip may have several members; else nothing, as in browsers."""
        if self._behind is None:
            return b""
        data = self._behind + data
        if data == _MEMBER[:1]:
            self._behind = data
            return b""
        if not data.startswith(_MEMBER):
            self._behind = None
            return b""
        self._behind, self._inflate = b"", zlib.decompressobj(_GZIP_OR_ZLIB)
        return data

    def _keep(self, piece: bytes) -> None:
        if len(self._taken) + len(piece) > self._bytes_max:
            raise TooLarge
        self._taken += piece
