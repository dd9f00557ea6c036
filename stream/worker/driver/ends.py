"""Where partitions really end, with aiokafka.

The embedded broker answers ListOffsets(latest) with "base offset of the last batch + 1": after a batch of n records
n - 1 are missing, and a table that is recovered up to there misses them too. The high watermark that comes with a fetch
is right on every broker, so each partition is fetched once from the offset that ListOffsets named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

POLL_MS = 50


async def true_ends(client: Any, partitions: Collection[Any], seconds_max: float) -> dict[Any, int]:
    """The offset that the next record of each partition gets. Raises `TimeoutError` if a leader does not answer.

    `client`: a started `AIOKafkaConsumer` that nobody else uses; its assignment becomes `partitions`.
    """
    if not partitions:
        return {}
    client.assign(list(partitions))
    for partition, offset in (await client.end_offsets(list(partitions))).items():
        client.seek(partition, offset)
    ends: dict[Any, int] = {}
    async with asyncio.timeout(seconds_max):
        while len(ends) < len(partitions):
            await client.getmany(timeout_ms=POLL_MS)
            ends |= {p: end for p in partitions if p not in ends and (end := client.highwater(p)) is not None}
    return ends
