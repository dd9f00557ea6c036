"""Articles from standard input, one JSON object a line.

Delivery guarantees: as in `stream.sources.contract`; every line ends on the broker or as a dead letter. A line that
the broker does not acknowledge is offered again until it does, and the next line is read only then: the pipe fills,
and the program before it waits. Ends at the end of the input. There is nothing to resume: a pipe cannot be read twice.

Limits: a line is at most `line_bytes_max` bytes, a longer one is refused; LINES_MAX lines are offered at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

from stream.model import Reject
from stream.sources.configs import StdinConfig
from stream.sources.contract import Outlet, Unacknowledged, pause
from stream.sources.folder import read_line
from stream.sources.item import Item, Origin, Refused
from stream.telemetry.sourcing import SourceTried

LINES_MAX = 200
RETRY_SECONDS = 2.0
_CHUNK_BYTES = 262_144


class StdinSource:
    """The source. `descriptor` is where it reads."""

    type = "stdin"

    def __init__(self, config: StdinConfig, *, line_bytes_max: int, descriptor: int | None = None) -> None:
        self.id, self.place = config.id, config.place
        self._line_bytes_max = line_bytes_max
        self._descriptor = descriptor

    async def run(self, outlet: Outlet) -> bool:
        """See `contract.Source`."""
        outlet.emit(SourceTried(self.id, None, first=False))
        descriptor = sys.stdin.fileno() if self._descriptor is None else self._descriptor
        reader = asyncio.ensure_future(anext(chunks := _chunks(descriptor)))
        stopping = asyncio.ensure_future(outlet.stopping.wait())
        lines = _Lines(self._line_bytes_max)
        try:
            while not outlet.stopping.is_set():
                await asyncio.wait((reader, stopping), return_when=asyncio.FIRST_COMPLETED)
                if not reader.done():
                    return False
                try:
                    items = lines.feed(reader.result())
                except StopAsyncIteration:
                    await _offer(outlet, lines.finish())
                    return True
                reader = asyncio.ensure_future(anext(chunks))
                if not await _offer(outlet, items):
                    return False
            return False
        finally:
            stopping.cancel()
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await reader


async def _offer(outlet: Outlet, items: list[Item]) -> bool:
    """Offers the items until each has its answer; False if it was stopped before."""
    while items:
        batch, items = items[:LINES_MAX], items[LINES_MAX:]
        while batch:
            outcomes = await outlet.offer(batch)
            batch = [item for item, outcome in zip(batch, outcomes, strict=True) if isinstance(outcome, Unacknowledged)]
            if batch and await pause(outlet.stopping, RETRY_SECONDS):
                return False
    return True


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    # A thread of its own would be joined at the end of the process, which may be before the end of the input.
    while True:
        arrived: asyncio.Future[bytes] = loop.create_future()

        def read(future: asyncio.Future[bytes] = arrived) -> None:
            try:
                data = os.read(descriptor, _CHUNK_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not future.done():
                future.set_result(data)

        try:
            loop.add_reader(descriptor, read)
        except (PermissionError, NotImplementedError):
            # A regular file cannot be waited for, and need not.
            data = os.read(descriptor, _CHUNK_BYTES)
        else:
            try:
                data = await arrived
            finally:
                loop.remove_reader(descriptor)
        if not data:
            return
        yield data


class _Lines:
    """Bytes to items, line by line."""

    def __init__(self, line_bytes_max: int) -> None:
        self._bytes_max = line_bytes_max
        self._rest = bytearray()
        self._number = 0
        self._skipping = 0

    def feed(self, data: bytes) -> list[Item]:
        items: list[Item] = []
        *whole, rest = data.split(b"\n")
        for line in whole:
            items += self._end(line)
        self._keep(rest)
        return items

    def finish(self) -> list[Item]:
        return self._end(b"") if self._rest or self._skipping else []

    def _end(self, last: bytes) -> list[Item]:
        self._keep(last)
        self._number += 1
        origin = Origin("stdin", self._number)
        line, skipped = bytes(self._rest).removesuffix(b"\r"), self._skipping
        self._rest.clear()
        self._skipping = 0
        if skipped:
            reason = f"found a line of {skipped} bytes, expected at most {self._bytes_max}"
            return [Refused(origin, Reject("read", "too_large", reason))]
        return [read_line(origin, line)] if line.strip() else []

    def _keep(self, data: bytes) -> None:
        size = len(self._rest) + len(data)
        if self._skipping or size > self._bytes_max:
            self._skipping = max(self._skipping + len(data), size)
            self._rest.clear()
        else:
            self._rest += data
