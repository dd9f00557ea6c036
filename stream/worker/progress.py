"""How far the live articles of each raw partition are, told to `matches` about once a second.

    busy   the newest event time that was handled on the partition: later articles are seldom older (the grace);
           and the newest date, for windows that go by `published`
    idle   everything is handled that was there when the broker last answered, so time goes on with its answers, a
           little behind: a partition whose broker is away, or that was not asked while this process was stopped, stands

A wall clock that jumps is believed when it has said so for a minute; until then time goes on as it did.

Replays tell it themselves, by control records on the raw partitions; those are passed on at once, by the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from stream.detect import from_us
from stream.wire.control import Control

EVERY_SECONDS = 1.0
BEHIND = timedelta(seconds=1)
JUMP = timedelta(seconds=30)
"""A clock that is so far from what was to be expected has jumped."""
JUMP_BELIEVED_SECONDS = 60.0


class Progress:
    """Of one worker. `now` are seconds of any clock that does not jump."""

    def __init__(self) -> None:
        self._newest_us: dict[int, tuple[int, int]] = {}
        self._told_at: dict[int, float] = {}
        self._believed: tuple[datetime, float] | None = None
        self._jumped_at: float | None = None

    def handled(
        self, partition: int, newest_us: int | None, newest_published_us: int | None, now: float
    ) -> list[Control]:
        """A chunk was judged, whose newest live article is of `newest_us`; returns what is due to be told."""
        if newest_us is None:
            return []
        published_us = newest_us if newest_published_us is None else newest_published_us
        before_us = self._newest_us.get(partition, (newest_us, published_us))
        newest_us, published_us = max(newest_us, before_us[0]), max(published_us, before_us[1])
        self._newest_us[partition] = newest_us, published_us
        if now - self._told_at.get(partition, float("-inf")) < EVERY_SECONDS:
            return []
        self._told_at[partition] = now
        return [Control("progress", None, partition, from_us(newest_us), from_us(published_us))]

    def idle(self, ages: Mapping[int, float], wall: datetime, now: float) -> list[Control]:
        """What to tell of partitions that have nothing to do, by how many seconds ago the broker said so."""
        found, wall = [], self._steady(wall, now)
        for partition, age in ages.items():
            self._told_at[partition] = now
            answered = wall.astimezone(UTC) - timedelta(seconds=age)
            found.append(Control("progress", None, partition, answered - BEHIND))
        return found

    def _steady(self, wall: datetime, now: float) -> datetime:
        """The wall clock, or what it would say had it not jumped."""
        if self._believed is not None:
            expected = self._believed[0] + timedelta(seconds=now - self._believed[1])
            if abs(wall - expected) > JUMP:
                self._jumped_at = now if self._jumped_at is None else self._jumped_at
                if now - self._jumped_at < JUMP_BELIEVED_SECONDS:
                    return expected
        self._believed, self._jumped_at = (wall, now), None
        return wall

    def forget(self) -> None:
        """Partitions are dealt out anew."""
        self._newest_us.clear()
        self._told_at.clear()
