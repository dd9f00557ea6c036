"""Decompressing what others sent, never beyond a limit: 200 MB of zeros are 194 KB of gzip."""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
ENCODINGS = ("gzip", "x-gzip", "deflate", "identity", "")


class TooLarge(Exception):  # noqa: N818 - a finding about the input, caught where it is read
    """There is more than allowed."""


class Damaged(Exception):  # noqa: N818
    """It is not what its encoding says."""


class Inflater:
    """Takes a body piece by piece and gives it decompressed, at most `bytes_max` bytes in all.

    `encoding` is one of ENCODINGS. Raises `TooLarge` before it holds more than the limit, `Damaged` on bad data.
    """

    def __init__(self, encoding: str, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._taken = bytearray()
        self._inflate = None if encoding in ("identity", "") else zlib.decompressobj(_GZIP_OR_ZLIB)
        self._raw_possible = encoding == "deflate"

    def feed(self, data: bytes) -> None:
        """The next piece as received."""
        if self._inflate is None:
            self._keep(data)
            return
        while data:
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
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                if not self._inflate.unused_data:
                    return
                data = self._inflate.unused_data
                # gzip may have several members; anything else behind the end is dropped, as browsers do.
                if not data.startswith(b"\x1f\x8b"):
                    return
                self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)

    def finish(self) -> bytes:
        """All of it; raises `Damaged` if the end is missing."""
        if self._inflate is not None and not self._inflate.eof:
            raise Damaged("the compressed data ends too early")
        return bytes(self._taken)

    def _keep(self, piece: bytes) -> None:
        if len(self._taken) + len(piece) > self._bytes_max:
            raise TooLarge
        self._taken += piece
