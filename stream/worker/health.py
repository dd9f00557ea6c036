"""What /livez and /readyz answer, from what the worker's event loop reports.

Written by the event loop, read by the health server's threads: every field is one word, so no lock is needed.

    live    the event loop beats, and where there is lag, chunks are confirmed (`stall_timeout_ms`)
    ready   the group has dealt out the partitions (none is fine), and the broker answers
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BROKER_SILENCE_SECONDS_MAX = 15.0
"""Fetches are answered within `fetch_wait_ms_max`; after so long without an answer the broker counts as away."""


class Vitals:
    """Signs of life of one worker. `clock` gives monotonic seconds."""

    def __init__(self, stall_timeout_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stall, self._clock = stall_timeout_seconds, clock
        self._beat_at = self._moved_at = self._heard_at = clock()
        self._assigned = False
        self._lag = 0
        self.chunks_in_work = 0

    def beat(self) -> None:
        """The event loop runs."""
        self._beat_at = self._clock()

    def assigned(self) -> None:
        """The group has dealt out the partitions, and records flow."""
        self._assigned = True
        self._moved_at = self._heard_at = self._clock()

    def revoked(self) -> None:
        """The group takes partitions back."""
        self._assigned = False

    def heard(self) -> None:
        """The broker answered a fetch."""
        self._heard_at = self._clock()

    def lag(self, records: int) -> None:
        """So many records are not yet finished."""
        self._lag = records
        if records == 0:
            self._moved_at = self._clock()

    def confirmed(self) -> None:
        """A chunk is finished."""
        self._moved_at = self._heard_at = self._clock()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Around the work on a chunk, up to its confirmation."""
        self.chunks_in_work += 1
        try:
            yield
        finally:
            self.chunks_in_work -= 1

    def live(self) -> str | None:
        """None, or why the worker should be killed and started again."""
        now = self._clock()
        if now - self._beat_at > self._stall:
            return f"the event loop has been stuck for {now - self._beat_at:.0f} s"
        if self._assigned and self._lag > 0 and now - self._moved_at > self._stall:
            return f"{self._lag} records are waiting, none was finished for {now - self._moved_at:.0f} s"
        return None

    def ready(self) -> str | None:
        """None, or why the worker does no work at the moment."""
        if not self._assigned:
            return "waiting for the consumer group to deal out the partitions"
        silence = self._clock() - self._heard_at
        if silence > BROKER_SILENCE_SECONDS_MAX:
            return f"the broker has not answered for {silence:.0f} s"
        return self.live()
