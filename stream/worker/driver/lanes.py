"""An agent's chunks at work: of different partitions at the same time, of one partition in order.

    stream   p0.1 p1.1 p0.2 p2.1 …       as they come
    lanes    p0: 1 ──>.....|             sends handed over, then waiting for their acknowledgements
                 2    ──>......|         p0.2 begins when p0.1 lets it, and is confirmed when p0.1 has been
             p1: 1 ──────>..|
             p2:   1 ──────────>...|

While chunks wait for the broker's acknowledgements, another one is judged. What order there was, there is: a chunk
begins only when the one before it on its partition has sent everything, and is confirmed only after that one; the books
are kept by partition.

Limits: `chunks_max` of all partitions together are in work or wait here; above, nothing more is taken from the stream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from contextvars import copy_context
from typing import Any

from faust.types import StreamT

from stream.worker.driver.chunk import Chunk, arriving, at_work
from stream.worker.driver.ledger import Partition


class Inlet:
    """A way into the lanes beside an agent's stream, for chunks that were handed out without a fetch."""

    def __init__(self) -> None:
        self._take: Callable[[Sequence[Chunk]], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether an agent is there to take chunks."""
        return self._take is not None

    def put(self, chunks: Sequence[Chunk]) -> None:
        """Into the lanes, in this order, and before whatever is handed out later. The inlet must be open."""
        assert self._take is not None
        self._take(chunks)

    @contextmanager
    def open(self, take: Callable[[Sequence[Chunk]], None]) -> Iterator[None]:
        """For `each_chunk`."""
        self._take = take
        try:
            yield
        finally:
            self._take = None


async def each_chunk(
    stream: StreamT[Any],
    work: Callable[[Chunk], Awaitable[None]],
    *,
    chunks_max: int,
    inlet: Inlet | None = None,
) -> None:
    """Hands every chunk of an agent's stream to `work`, until it is cancelled or something raises (`ExceptionGroup`).

    A chunk's partition goes on when `work` returns, or when it calls `let_next_begin`. Void chunks are passed over.
    What is in work when this ends is cancelled. What is put into the inlet meanwhile is handed over as well.
    """
    room, entrance = asyncio.Semaphore(chunks_max), asyncio.Lock()
    context = copy_context()  # who puts something into the inlet has another one
    waiting: dict[Partition, deque[Chunk]] = {}
    finished: dict[Partition, asyncio.Event] = {}

    async def blamelessly(chunk: Chunk) -> None:
        try:
            await work(chunk)
        except Exception as error:
            await chunk.acquit_of(error)  # a message that could not even be handed over
            raise

    async def one(chunk: Chunk) -> None:
        try:
            if await chunk.begin():
                with at_work(chunk):
                    await blamelessly(chunk)
        finally:
            chunk.let_next_begin()
            chunk.finished.set()
            room.release()

    async def along(partition: Partition) -> None:
        lane = waiting[partition]
        while lane:
            chunk = lane.popleft()
            chunk.before, finished[partition] = finished.get(partition), chunk.finished
            lanes.create_task(one(chunk))
            await chunk.followed.wait()
        del waiting[partition]

    async def take(chunks: Sequence[Chunk]) -> None:
        async with entrance:  # what is handed out later waits behind, also if there is no room for all of these
            for chunk in chunks:
                await room.acquire()
                partition = chunk.span.partition
                if partition in waiting:
                    waiting[partition].append(chunk)
                else:
                    waiting[partition] = deque((chunk,))
                    lanes.create_task(along(partition))

    def beside(chunks: Sequence[Chunk]) -> None:
        entering = take(chunks)
        try:
            lanes.create_task(entering, context=context)
        except RuntimeError:
            entering.close()  # something has raised: nothing begins any more

    async with asyncio.TaskGroup() as lanes, aclosing(arriving(stream)) as found:
        with (inlet or Inlet()).open(beside):
            async for chunk in found:
                await take((chunk,))
