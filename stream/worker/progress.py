"""How far the live articles of each raw partition are, told to `matches` about once a second.

    busy   the newest event time that was handled on the partition: later articles are seldom older (the grace)
    idle   everything is handled, so time goes on with the wall clock, a little behind it: a fetch may be under way

Replays tell it themselves, by control records on the raw partitions; those are passed on at once, by the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from stream.detect import from_us
from stream.wire.control import Control

EVERY_SECONDS = 1.0
BEHIND = timedelta(seconds=1)


class Progress:
    """Of one worker. `now` are seconds of any clock that does not jump."""

    def __init__(self) -> None:
        self._newest_us: dict[int, int] = {}
        self._told_at: dict[int, float] = {}

    def handled(self, partition: int, newest_us: int | None, now: float) -> list[Control]:
        """A chunk was judged, whose newest live article is of `newest_us`; returns what is due to be told."""
        if newest_us is None:
            return []
        newest_us = self._newest_us[partition] = max(newest_us, self._newest_us.get(partition, newest_us))
        if now - self._told_at.get(partition, float("-inf")) < EVERY_SECONDS:
            return []
        self._told_at[partition] = now
        return [Control("progress", None, partition, from_us(newest_us))]

    def idle(self, lags: Mapping[int, int], wall: datetime, now: float) -> list[Control]:
        """What to tell of the partitions that are held, by how many records wait on each."""
        found = []
        for partition, lag in lags.items():
            if lag == 0:
                self._told_at[partition] = now
                found.append(Control("progress", None, partition, wall.astimezone(UTC) - BEHIND))
        return found

    def forget(self) -> None:
        """Partitions are dealt out anew."""
        self._newest_us.clear()
        self._told_at.clear()
