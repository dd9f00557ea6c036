"""How far runs have come, from control records: nothing with an earlier event time is still to come.

    raw partition 0   ──────────────────── 10:07
    raw partition 1   ───────────── 10:03 ◄─┐
    raw partition 2   ─────────────────── 10:06
                                            └ the watermark of the run: the minimum

A run has no watermark before each of its raw partitions was heard of. It never goes back. When all have told of their
end, everything up to the newest of their times counts as come, whatever the grace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stream.detect.moments import NEVER_US


@dataclass(frozen=True, slots=True)
class Told:
    """A control record of `matches`: how far raw partition `partition` of `partitions` has come in a run."""

    run: str | None
    partition: int
    partitions: int
    time_us: int
    published_us: int
    ended: bool


@dataclass(slots=True)
class RunClock:
    """What is known of one run. `heard`: (time, published, ended) by raw partition; `offset` of the last record."""

    heard: dict[int, tuple[int, int, bool]] = field(default_factory=dict)
    partitions: int = 1
    reached_us: int = -NEVER_US
    published_us: int = -NEVER_US
    ended: bool = False
    offset: int = -1

    def hear(self, told: Told, offset: int) -> None:
        """Takes a control record in."""
        time_us, published_us, ended = self.heard.get(told.partition, (-NEVER_US, -NEVER_US, False))
        self.heard[told.partition] = (
            max(time_us, told.time_us),
            max(published_us, told.published_us),
            ended or told.ended,
        )
        self.partitions, self.offset = max(self.partitions, told.partitions), offset
        if len(self.heard) < self.partitions:
            return
        self.ended = all(ended for _, _, ended in self.heard.values())
        # The end is told with the newest time of the run; what is before it is complete, and it itself is.
        pick = max if self.ended else min
        self.reached_us = max(self.reached_us, pick(time for time, _, _ in self.heard.values()) + self.ended)
        self.published_us = max(self.published_us, pick(p for _, p, _ in self.heard.values()) + self.ended)

    def until_us(self, grace_us: int, by_published: bool) -> int:
        """Events before this moment are complete for a correlation with this grace."""
        reached = self.published_us if by_published else self.reached_us
        return reached if self.ended else reached - grace_us

    def fields(self) -> list[Any]:
        """For the snapshot."""
        heard = [[number, *values] for number, values in self.heard.items()]
        return [heard, self.partitions, self.reached_us, self.published_us, self.ended, self.offset]

    @classmethod
    def of_fields(cls, fields: list[Any]) -> RunClock:
        """From a snapshot."""
        heard, partitions, reached_us, published_us, ended, offset = fields
        return cls({n: (t, p, e) for n, t, p, e in heard}, partitions, reached_us, published_us, ended, offset)
