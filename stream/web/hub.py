"""Server-sent events to many readers, of whom none can slow the others.

Every event has an id `<start>-<number>`. The hub keeps the newest EVENTS_KEPT_MAX: a reader that comes back with the
id that it saw last gets what it missed, or a `gap` event when that is not there any more. A reader's queue is bounded;
when it is full the oldest events in it go, and a `gap` says how many.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import Any

import orjson

EVENTS_KEPT_MAX = 2_000

PIECE_BYTES_MAX = 16_384
"""Queued events are shared by all readers, a piece of a stream is a copy for one: it ends with the event that reaches
this size."""


class Reader:
    """One connection's queue."""

    def __init__(self, queue_max: int) -> None:
        self._queue: deque[bytes] = deque()
        self._queue_max = queue_max
        self._missed = 0
        self._ready = asyncio.Event()

    def put(self, event: bytes) -> int:
        """Queues an event; returns how many old ones had to go for it."""
        dropped = 0
        if len(self._queue) >= self._queue_max:
            self._queue.popleft()
            self._missed += 1
            dropped = 1
        self._queue.append(event)
        self._ready.set()
        return dropped

    def wake(self) -> None:
        """Ends a wait for events."""
        self._ready.set()

    async def take(self) -> bytes:
        """The oldest of what waits, as one piece of the stream; waits for something."""
        await self._ready.wait()
        missed, self._missed = self._missed, 0
        events: list[bytes] = []
        if missed:
            events.append(_frame("gap", {"missed": missed, "reason": "this reader was too slow"}, None))
        size = 0
        while self._queue and size < PIECE_BYTES_MAX:
            events.append(self._queue.popleft())
            size += len(events[-1])
        if not self._queue:
            self._ready.clear()
        return b"".join(events)


class Hub:
    """Where events are published."""

    def __init__(self, *, queue_max: int) -> None:
        self._queue_max = queue_max
        self._start = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=EVENTS_KEPT_MAX)
        self._readers: set[Reader] = set()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._readers)

    @property
    def cursor(self) -> str:
        """The id of the newest event: what comes after it is new."""
        return f"{self._start}-{self._number}"

    def publish(self, name: str, data: Any) -> None:
        """Sends an event to every reader, and keeps it for those who come back."""
        self._number += 1
        frame = _frame(name, data, self.cursor)
        self._kept.append((self._number, frame))
        self._send(frame)

    def tell(self, name: str, data: Any) -> None:
        """Sends an event that is only true now, such as the state of the connection; it has no id."""
        self._send(_frame(name, data, None))

    def greeting(self, retry_ms: int, status: Any) -> bytes:
        """The first piece of a stream: how it is now, and when to come back after a break."""
        return f"retry: {retry_ms}\n".encode() + _frame("status", status, None)

    def wake(self) -> None:
        """Lets every reader look up, so that it sees that the page ends."""
        for reader in self._readers:
            reader.wake()

    def join(self, last: str | None) -> Reader:
        """A new reader, given what it missed since the event `last`."""
        reader = Reader(max(self._queue_max, EVENTS_KEPT_MAX))
        for frame in self._since(last):
            reader.put(frame)
        reader._queue_max = self._queue_max
        self._readers.add(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """Forgets a reader."""
        self._readers.discard(reader)

    def _send(self, frame: bytes) -> None:
        for reader in self._readers:
            self.dropped += reader.put(frame)

    def _since(self, last: str | None) -> list[bytes]:
        if not last:
            return []
        start, _, number = last.partition("-")
        if start != self._start or not number.isdecimal() or len(number) > 15 or int(number) > self._number:
            return [_frame("gap", {"missed": None, "reason": "the page's server was started again"}, self.cursor)]
        oldest = self._kept[0][0] if self._kept else self._number + 1
        if int(number) + 1 < oldest:
            missed = oldest - int(number) - 1
            return [_frame("gap", {"missed": missed, "reason": "too long away"}, self.cursor)]
        return [frame for at, frame in self._kept if at > int(number)]


def _frame(name: str, data: Any, identifier: str | None) -> bytes:
    # JSON has no raw line breaks, so the data is one line.
    head = "" if identifier is None else f"id: {identifier}\n"
    return f"{head}event: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
