"""When to ask again: pure functions of what happened, and turns among those who ask one host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

BACKOFF_SECONDS_MAX = 6 * 3_600.0
GONE_SECONDS = 24 * 3_600.0
HOSTS_REMEMBERED_MAX = 10_000


def next_try(
    every_seconds: float, failures: int, chance: float, *, retry_after_seconds: float | None = None, gone: bool = False
) -> float:
    """Seconds until the next request.

    Without failures `every_seconds`, a tenth more or less. After `failures` in a row twice as long for each, at most
    six hours, of which a random part between a half and the whole counts ("equal jitter", Brooker, "Exponential
    Backoff and Jitter", AWS Architecture Blog, 2015), so that feeds of one server do not come back together. A server
    that names a later time is believed, up to a day; one that says the feed is gone is asked once a day.
    `chance`: a random number from 0 to 1.
    """
    if gone:
        return GONE_SECONDS * (0.9 + 0.2 * chance)
    if not failures:
        seconds = every_seconds * (0.9 + 0.2 * chance)
    else:
        longest = max(every_seconds, BACKOFF_SECONDS_MAX)
        seconds = min(every_seconds * 2.0 ** min(failures, 30), longest) * (0.5 + 0.5 * chance)
    return max(seconds, retry_after_seconds or 0.0)


@dataclass(slots=True)
class _Host:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0
    waiting: int = 0


class Turns:
    """One request to a host at a time, with a pause between two; `requests_max` to all hosts together."""

    def __init__(self, *, pause_seconds: float, requests_max: int) -> None:
        self._pause_seconds = pause_seconds
        self._hosts: dict[str, _Host] = {}
        self._all = asyncio.Semaphore(requests_max)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Waits for the turn; the pause begins when the block ends."""
        found = self._hosts.get(host)
        if found is None:
            self._forget()
            found = self._hosts[host] = _Host()
        found.waiting += 1
        try:
            async with found.turn:
                await asyncio.sleep(max(0.0, found.free_at - time.monotonic()))
                async with self._all:
                    yield
                found.free_at = time.monotonic() + self._pause_seconds
        finally:
            found.waiting -= 1

    def _forget(self) -> None:
        if len(self._hosts) >= HOSTS_REMEMBERED_MAX:
            now = time.monotonic()
            self._hosts = {name: host for name, host in self._hosts.items() if host.waiting or host.free_at > now}
