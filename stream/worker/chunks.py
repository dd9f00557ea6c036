"""The seam to Faust: an agent takes its records in chunks and confirms a chunk when its sends are acknowledged.

Delivery guarantees: at least once. An event is acknowledged to Faust, which makes its offset committable, only in
`Chunk.confirm` and only after the broker acknowledged every send of the chunk. A chunk that was not confirmed, because
the process ended or the agent was cancelled, is delivered again.

Limits: a chunk has at most `records_max` records and ends with the record that brings it to `bytes_max` bytes. It
takes what has already arrived and never waits for more: small and quick in quiet times, large under load.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from faust.streams import Stream
from faust.types import ChannelT, EventT, StreamT

from stream.model import Record

HELD_UP_SECONDS = 0.05
"""If Faust drops queued events (it does in a rebalance), what has been gathered is not kept waiting any longer."""


class Chunk:
    """Records as the broker gave them, in order within each partition."""

    __slots__ = ("_confirmed", "_events", "_send_timeout_seconds", "records")

    def __init__(
        self, events: list[EventT[Any]], send_timeout_seconds: float, confirmed: Callable[[Sequence[Record]], None]
    ) -> None:
        self._events = events
        self._send_timeout_seconds = send_timeout_seconds
        self._confirmed = confirmed
        self.records: Sequence[Record] = [_record(event) for event in events]

    async def confirm(self, *sends: Awaitable[object]) -> None:
        """Waits for the sends, then lets the offsets be committed. Raises what a send raised, or `TimeoutError`."""
        async with asyncio.timeout(self._send_timeout_seconds):
            await asyncio.gather(*sends)
        for event in self._events:
            event.ack()
        self._confirmed(self.records)


async def chunks(
    stream: StreamT[Any],
    *,
    records_max: int,
    bytes_max: int,
    send_timeout_seconds: float,
    confirmed: Callable[[Sequence[Record]], None],
) -> AsyncGenerator[Chunk, None]:
    """The records of an agent's stream in chunks; `confirmed` is told of each one that was confirmed."""
    assert isinstance(stream, Stream)
    quiet = stream.noack()
    events = aiter(quiet.events())
    channel = quiet.channel
    assert isinstance(channel, ChannelT)
    queue = channel.queue
    coming = asyncio.ensure_future(anext(events))
    try:
        while True:
            taken = [await coming]
            size = _size(taken[0])
            coming = asyncio.ensure_future(anext(events))
            while not queue.empty() and len(taken) < records_max and size < bytes_max:
                done, _ = await asyncio.wait((coming,), timeout=HELD_UP_SECONDS)
                if not done:
                    break
                taken.append(coming.result())
                size += _size(taken[-1])
                coming = asyncio.ensure_future(anext(events))
            yield Chunk(taken, send_timeout_seconds, confirmed)
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming


def _size(event: EventT[Any]) -> int:
    message = event.message
    return len(message.key or b"") + len(message.value or b"")


def _record(event: EventT[Any]) -> Record:
    message = event.message
    headers = message.headers or ()
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=round(message.timestamp * 1_000),
        key=message.key,
        value=message.value,
        headers=tuple(headers.items() if isinstance(headers, Mapping) else headers),
    )
