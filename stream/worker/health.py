"""What /livez and /readyz answer, from what the worker's event loop reports.

Written by the event loop and the watchdog, read by the health server's threads: every field is one word, so no lock is
needed.

    live    the event loop beats; the group deals out partitions and tables recover; the broker's answers come in;
            where there is lag, chunks are confirmed. Each within `stall_timeout_ms`, or the worker must start again
    ready   the partitions are dealt out (none is fine), tables are recovered, the broker answers, and nobody has asked
            the worker to stop
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BROKER_SILENCE_SECONDS_MAX = 15.0
"""Fetches are answered within `fetch_wait_ms_max`; after so long without an answer the broker counts as away."""


class Vitals:
    """Signs of life of one worker. `clock` gives monotonic seconds."""

    def __init__(
        self,
        stall_timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        join_seconds_max: float = 0.0,
    ) -> None:
        """`join_seconds_max`: how long the group may take to deal out partitions when all is well."""
        self._stall, self._clock, self._join = stall_timeout_seconds, clock, join_seconds_max
        self._beat_at = self._moved_at = self._fetched_at = self._heard_at = self._excused_at = clock()
        self._assigned = self._stopping = False
        self.has_met_broker = False
        self._waits_for = "the broker"
        self._recovered = 0
        self._lag = 0
        self.chunks_in_work = 0

    # Told by the event loop ----------------------------------------------------------------------------------------

    def beat(self) -> None:
        """The event loop runs."""
        self._beat_at = self._clock()

    def joining(self) -> None:
        """The broker answers, the topics are there: the worker asks its group for partitions."""
        self.has_met_broker = True
        self._waits_for = "the consumer group to deal out the partitions"
        self._moved_at = self._heard_at = self._clock()

    def recovering(self, remaining: int) -> None:
        """The partitions are dealt out; so many records of changelogs are yet to be read."""
        self._waits_for = f"its tables: {remaining} records of their changelogs are yet to be read"
        if remaining != self._recovered:
            self._recovered = remaining
            self._moved_at = self._heard_at = self._clock()

    def assigned(self) -> None:
        """The partitions are dealt out, tables are recovered, and records flow."""
        self._assigned = True
        self._lag = 0
        self._moved_at = self._fetched_at = self._heard_at = self._clock()

    def revoked(self) -> None:
        """The group takes partitions back."""
        self._assigned = False
        self.joining()

    def stopping(self) -> None:
        """What is in work is finished, and nothing else begun."""
        self._stopping = True

    def fetched(self) -> None:
        """The broker answered a fetch."""
        self._fetched_at = self._heard_at = self._clock()

    def idle(self) -> None:
        """No partition is held: nothing is fetched."""
        self._fetched_at = self._clock()

    def lag(self, records: int) -> None:
        """So many records are not yet finished."""
        self._lag = records
        if records == 0:
            self._moved_at = self._clock()

    def confirmed(self) -> None:
        """A chunk is finished."""
        self._moved_at = self._fetched_at = self._heard_at = self._clock()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Around the work on a chunk, up to its confirmation."""
        self.chunks_in_work += 1
        try:
            yield
        finally:
            self.chunks_in_work -= 1

    # Told by the watchdog ------------------------------------------------------------------------------------------

    def heard(self) -> None:
        """The broker answers somebody who asks."""
        self._heard_at = self._clock()

    def excuse(self, *, beat: bool = False) -> None:
        """There was nothing the worker could have done: the broker is away, or (`beat`) the process was stopped."""
        self._excused_at = self._clock()
        if beat:
            self._beat_at = self._excused_at

    def silence_seconds(self) -> float:
        """How long the broker has answered nothing."""
        return self._clock() - self._heard_at

    # Asked ---------------------------------------------------------------------------------------------------------

    def live(self) -> str | None:
        """None, or why the worker should be killed and started again."""
        stuck, still = self._since(self._beat_at), self._since(self._moved_at, self._excused_at)
        if stuck > self._stall:
            return f"the event loop has been stuck for {stuck:.0f} s"
        if not self._assigned:
            return f"waiting for {self._waits_for}, for {still:.0f} s" if still > self._stall + self._join else None
        if self._lag > 0:
            why = f"{self._lag} records are waiting, none was finished for {still:.0f} s"
            return why if still > self._stall else None
        silence = self._since(self._fetched_at, self._excused_at)
        return f"no fetch was answered for {silence:.0f} s" if silence > self._stall else None

    def ready(self) -> str | None:
        """None, or why the worker does no work at the moment."""
        if self._stopping:
            return "stopping"
        if self.silence_seconds() > BROKER_SILENCE_SECONDS_MAX:
            return f"the broker has not answered for {self.silence_seconds():.0f} s"
        if not self._assigned:
            return f"waiting for {self._waits_for}"
        return self.live()

    def _since(self, *moments: float) -> float:
        return self._clock() - max(moments)
