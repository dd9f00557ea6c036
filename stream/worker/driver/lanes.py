"""An agent's chunks at work: those of one partition one after another, those of different partitions at the same time.

    stream   p0.1 p1.1 p0.2 p2.1 …       as they come
    lanes    p0: 1 ──────> 2 ──>         p0.2 begins when p0.1 is finished
             p1: 1 ──>
             p2:   1 ───>

While one chunk waits for the broker's acknowledgement, another one is judged. What order there was, there is: a chunk
begins only when the one before it on its partition is confirmed, and the books are kept by partition.

Limits: `chunks_max` of all partitions together are in work or wait here; above, nothing more is taken from the stream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

from faust.types import StreamT

from stream.worker.driver.chunk import Chunk, arriving, at_work
from stream.worker.driver.ledger import Partition


async def each_chunk(stream: StreamT[Any], work: Callable[[Chunk], Awaitable[None]], *, chunks_max: int) -> None:
    """Hands every chunk of an agent's stream to `work`, until it is cancelled or something raises (`ExceptionGroup`).

    Void chunks are passed over. What is in work when this ends is cancelled.
    """
    room = asyncio.Semaphore(chunks_max)
    waiting: dict[Partition, deque[Chunk]] = {}

    async def along(partition: Partition) -> None:
        lane = waiting[partition]
        while lane:
            try:
                chunk = lane.popleft()
                if await chunk.begin():
                    with at_work(chunk):
                        await work(chunk)
            finally:
                room.release()
        del waiting[partition]

    async with asyncio.TaskGroup() as lanes, aclosing(arriving(stream)) as found:
        async for chunk in found:
            await room.acquire()
            partition = chunk.span.partition
            if partition in waiting:
                waiting[partition].append(chunk)
            else:
                waiting[partition] = deque((chunk,))
                lanes.create_task(along(partition))
