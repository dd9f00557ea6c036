"""How long the broker may hold a fetch. A short time is right for a broker that answers from an index.

The embedded broker reads its log from the beginning for each fetch and stops when the time is up: the longer the log,
the less a short fetch brings, at last nothing, and the partition would stand still for ever (measured: with 5 ms after
9,000 records in each of four partitions). So the time grows while fetches bring little although more is there, and is
the short one again as soon as nothing more is there. A broker with an index answers at once whatever time it is given.
"""

from __future__ import annotations

LITTLE_RECORDS = 100


class Patience:
    """The time for the next fetch in milliseconds: at first `base_ms`, at most the larger of both."""

    def __init__(self, base_ms: int, max_ms: int) -> None:
        self._base_ms, self._max_ms = base_ms, max(base_ms, max_ms)
        self.wait_ms = base_ms

    def learn(self, brought: int, behind: int) -> int:
        """A fetch brought so many records, and so many more are known to be there; returns the time for the next."""
        if not behind:
            self.wait_ms = self._base_ms
        elif brought < LITTLE_RECORDS:
            self.wait_ms = min(self._max_ms, 2 * self.wait_ms)
        return self.wait_ms
