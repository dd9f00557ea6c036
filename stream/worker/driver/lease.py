"""May this process still write? The group's coordinator has the last word, and its silence has a time limit.

A worker that was frozen, or cut off from the coordinator, for longer than its session is a zombie: its partitions have
gone to another worker, which goes on from the same state. What the zombie still holds in memory, half a chunk of state
among it, must not reach the broker: the other worker would recover it as the newest state. So the right to write is a
lease: it begins and is renewed by answers of the coordinator, is counted from the moment their requests were sent, and
ends before the session that the coordinator counts from their arrival.

    request sent ──► coordinator's session begins ──────────────────────────► partitions go to another worker
    |◄─────────────── lease: LEASE_SHARE of the session ──────►|◄── margin ──►|

Source: C. Gray, D. Cheriton, Leases, 1989. No Kafka, no Faust here; `clock` gives monotonic seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LEASE_SHARE = 0.8
"""Of the session. The rest is for what is already on its way to the broker when the lease ends."""


class Lease:
    """The right to write for the partitions that this worker holds. Read and renewed by two threads: every field is
    one word."""

    def __init__(self, session_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = session_seconds * LEASE_SHARE, clock
        self._until = float("-inf")
        self._needed = False
        self.lost = False
        """The coordinator has said that this worker is no longer a member, and it may still have work in hand."""

    def renewed(self, sent_at: float) -> None:
        """The coordinator has answered, as to a member, a request that was sent then."""
        self._until = max(self._until, sent_at + self._seconds)

    def refused(self) -> None:
        """The coordinator does not know this worker any more."""
        self.lost = self._needed

    def begin(self) -> None:
        """Partitions were dealt out: from here on writes need the lease."""
        self._needed, self.lost = True, False

    def end(self) -> None:
        """The partitions are given back, and nothing that was made for them is left to write."""
        self._needed = self.lost = False

    def holds(self) -> bool:
        """True if a write may leave now."""
        return not self._needed or (not self.lost and self._clock() < self._until)
