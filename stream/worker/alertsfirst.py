"""What is begun is finished first: while few articles wait, the next one waits for the alerts of the one before.

An article that raises alerts goes to the broker and back as matches. Whatever is judged meanwhile holds the interpreter
that the fetch, the alerts and their acknowledgement need. Under a backlog nothing waits: it would cost throughput.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

WAITING_RECORDS_MAX = 8
"""So many articles behind are no backlog. If they filled what an agent and its queue hold, no match could be read."""


class AlertsFirst:
    """Knows how far the alerts of each partition of `topic` are, that of matches; waits at most `seconds_max`."""

    def __init__(self, topic: str, seconds_max: float) -> None:
        self._topic, self._seconds_max = topic, seconds_max
        self._behind: dict[int, int] = {}
        self._moved = asyncio.Event()

    def alerted(self, partition: int, behind: int) -> None:
        """The alerts of all matches below an offset are acknowledged."""
        self._behind[partition] = max(behind, self._behind.get(partition, 0))
        self._moved.set()

    async def wait_for(self, sends: Sequence[asyncio.Future[Any]], comes_here: Callable[[int], bool]) -> bool:
        """Waits until what was sent is acknowledged, and the alerts of those matches that come to this worker, by their
        partition. False: that took too long, or was not to be waited for.

        The sends are neither cancelled nor asked for their errors: that is for those who confirm.
        """
        if not self._seconds_max or not sends:
            return False
        try:
            async with asyncio.timeout(self._seconds_max):
                await asyncio.wait(sends)
                written = [each.result() for each in sends if not each.cancelled() and each.exception() is None]
                matches = [(each.partition, each.offset) for each in written if each.topic == self._topic]
                while any(comes_here(partition) and self._is_due(partition, offset) for partition, offset in matches):
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def _is_due(self, partition: int, offset: int) -> bool:
        return self._behind.get(partition, 0) <= offset
