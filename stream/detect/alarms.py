"""When the keys of a partition have something to do next: one alarm a key, the watermark above which it is looked at.

A heap for each clock of a run has them in their order. To take one out of a heap costs too much: one that is set anew
leaves the old one behind, and many do at every control record. What was left behind is swept out when it is the larger
half: a heap is bounded by its keys, whatever comes and however long.

A key whose alarm goes off while nobody knows what to do with it (its correlation is gone, or of another version) sleeps
and keeps its alarm until the definitions change: the one that it had may be back.

A run has two clocks, of event time and of the articles' dates. By which of them a key goes is its correlation's to say,
and unknown when a snapshot was read or definitions changed: then it is looked at by whichever is further, once.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from stream.detect.moments import NEVER_US

SWEPT_LEAST = 64
"""A heap of so many entries is not worth sweeping."""


Clock = tuple[str | None, bool | None]
"""A run, and whether it is its clock of dates; None: of either."""


@dataclass(slots=True)
class Alarms:
    """The alarms of one memory."""

    _of: dict[str, int] = field(default_factory=dict)
    _heaps: dict[Clock, list[tuple[int, str]]] = field(default_factory=dict)
    _heap_max: dict[Clock, int] = field(default_factory=dict)
    _asleep: dict[str, str | None] = field(default_factory=dict)
    """Keys with an alarm that is in no heap, and their runs."""

    def __len__(self) -> int:
        """Entries of the heaps, those left behind included."""
        return sum(map(len, self._heaps.values()))

    def of(self, key: str) -> int:
        """The alarm of a key; NEVER_US: it has none."""
        return self._of.get(key, NEVER_US)

    def set(self, run: str | None, key: str, needed_us: int, by_published: bool | None = None) -> None:
        """`needed_us`: the watermark of the run above which the key has something to do. `by_published`: that of dates;
        None: it is not known of which.
        """
        if self._asleep and key in self._asleep:
            self.drop(key)
        if needed_us >= NEVER_US:
            self._of[key] = NEVER_US
        elif self._of.get(key) != needed_us:
            self._of[key] = needed_us
            clock = run, by_published
            heap = self._heaps.setdefault(clock, [])
            heapq.heappush(heap, (needed_us, key))
            if len(heap) > self._heap_max.get(clock, SWEPT_LEAST):
                self._sweep(clock, heap)

    def take(self, key: str) -> int:
        """The alarm of a key that is being looked at; it has none any more."""
        return self._of.pop(key, NEVER_US)

    def sleep(self, run: str | None, key: str, needed_us: int) -> None:
        """The key keeps an alarm that was taken, but is not due by it."""
        self._of[key] = needed_us
        self._asleep[key] = run

    def wake(self) -> None:
        """The definitions have changed: those that sleep are due again by their alarms, all by either clock."""
        heaps, self._heaps, self._heap_max = self._heaps, {}, {}
        for (run, _), heap in heaps.items():
            self._heaps.setdefault((run, None), []).extend(heap)
        for clock, heap in self._heaps.items():
            self._sweep(clock, heap)
        asleep, self._asleep = self._asleep, {}
        for key, run in asleep.items():
            self.set(run, key, self._of.pop(key))

    def drop(self, key: str) -> None:
        """The key is gone."""
        self._of.pop(key, None)
        self._asleep.pop(key, None)

    def drop_run(self, run: str | None) -> None:
        """The run is gone; its keys are dropped one by one."""
        for by_published in (False, True, None):
            self._heaps.pop((run, by_published), None)
            self._heap_max.pop((run, by_published), None)

    def due(self, run: str | None, reached_us: int, published_us: int) -> list[str]:
        """The keys whose alarm has gone off, by how far both clocks are; they have it until it is taken."""
        by_event, by_date = self._rung((run, False), reached_us), self._rung((run, True), published_us)
        return sorted({*by_event, *by_date, *self._rung((run, None), max(reached_us, published_us))})

    def _rung(self, clock: Clock, reached_us: int) -> list[str]:
        heap, found = self._heaps.get(clock, []), []
        while heap and heap[0][0] < reached_us:
            needed_us, key = heapq.heappop(heap)
            if self._of.get(key) == needed_us:
                found.append(key)
        return found

    def _sweep(self, clock: Clock, heap: list[tuple[int, str]]) -> None:
        live = {entry for entry in heap if self._of.get(entry[1]) == entry[0]}
        heap[:] = sorted(live)  # which is a heap
        self._heap_max[clock] = max(SWEPT_LEAST, 2 * len(live))
