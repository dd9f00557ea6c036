"""Which events count together at a moment. Events are added in the order of their time; what leaves, leaves at an
instant that is known beforehand (`leaves_us`), before the events of that instant.

    sliding, size 1h   (t - 1h, t]     event at 10:00 counts from 10:00 up to, but not at, 11:00
                         10:00 ├──────────────┤ 11:00
    tumbling, size 1h  [10:00, 11:00)  aligned to 1970-01-01T00:00Z; all leave at 11:00
    session, gap 30m   10:00 · 10:20 · 10:45 ───┤ 11:15   all leave when it has been silent for the gap,
                                                         or has lasted for `size`
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

import orjson

from stream.detect.codec import ref_fields, ref_of
from stream.detect.moments import NEVER_US
from stream.detect.plan import Plan
from stream.detect.snapshot import NOTHING, item
from stream.model import ArticleRef


@dataclass(slots=True)
class Counted:
    """One event in the window. `unit` is what counts once (None: nothing), `ref` is kept of the first few.

    `packed`: what the snapshot says of it, once it was asked for; an event that is counted does not change any more.
    """

    time_us: int
    article: str
    rule: str
    unit: str | None
    source: str | None
    values: tuple[str, ...]
    ref: ArticleRef | None
    packed: bytes = b""


class Contents:
    """The events in a window, and how many of them have each unit and value."""

    __slots__ = ("_last_us", "_rules", "_start_us", "events", "refs", "units", "values")

    def __init__(self) -> None:
        self.events: deque[Counted] = deque()
        self.units: dict[str, int] = {}
        self.values: dict[str, int] = {}
        self._rules: dict[str, int] | None = None  # counted from when it is asked for: most correlations never do
        self._start_us: int | None = None
        self._last_us = 0
        self.refs = 0  # events that have one

    @property
    def start_us(self) -> int | None:
        """When the bucket or session began; None: there is none."""
        return self._start_us

    def rules(self) -> int:
        """How many rules there are."""
        if self._rules is None:
            self._rules = {}
            for event in self.events:
                self._rules[event.rule] = self._rules.get(event.rule, 0) + 1
        return len(self._rules)

    def sources(self) -> int:
        """How many sources there are. Counted when it is asked for: alerts are few, events many."""
        return len({event.source for event in self.events} - {None})

    def leaves_us(self, plan: Plan) -> int:
        """When the next events leave (of a bucket that is kept open: when it ends); NEVER_US: nothing is in it."""
        if plan.is_sliding:
            return self.events[0].time_us + plan.size_us if self.events else NEVER_US
        if self._start_us is None:
            return NEVER_US
        if plan.correlation.window.kind == "tumbling":
            return self._start_us + plan.size_us
        return min(self._last_us + plan.gap_us, self._start_us + plan.size_us)

    def leave(self, plan: Plan, moment_us: int, *, keep_bucket: bool = False) -> None:
        """Takes out what leaves at or before the moment. `keep_bucket`: the next bucket begins, though it is empty."""
        if plan.is_sliding:
            events, before_us = self.events, moment_us - plan.size_us
            while events and events[0].time_us <= before_us:
                self._take_out(events.popleft())
            return
        if self.leaves_us(plan) <= moment_us:
            end_us = self.leaves_us(plan)
            while self.events:
                self._take_out(self.events.popleft())
            is_tumbling = plan.correlation.window.kind == "tumbling"
            self._start_us = end_us if keep_bucket and is_tumbling else None

    def add(self, plan: Plan, event: Counted, *, events_max: int) -> int:
        """Takes an event in; `leave` was called for its time before. Returns how many fell out for want of room."""
        if self._start_us is None and not plan.is_sliding:
            is_tumbling = plan.correlation.window.kind == "tumbling"
            self._start_us = event.time_us // plan.size_us * plan.size_us if is_tumbling else event.time_us
        self._last_us = event.time_us
        self._put_in(event)
        too_many = len(self.events) - events_max
        return self.drop(too_many) if too_many > 0 else 0

    def drop(self, count: int) -> int:
        """Takes the oldest out, for want of room; returns how many there were."""
        fallen = min(count, len(self.events))
        for _ in range(fallen):
            self._take_out(self.events.popleft())
        return fallen

    def _put_in(self, event: Counted) -> None:
        self.events.append(event)
        if event.ref is not None:
            self.refs += 1
        unit, rules = event.unit, self._rules
        if unit is not None:
            self.units[unit] = self.units.get(unit, 0) + 1
        if rules is not None:
            rules[event.rule] = rules.get(event.rule, 0) + 1
        for value in event.values:
            self.values[value] = self.values.get(value, 0) + 1

    def _take_out(self, event: Counted) -> None:
        if event.ref is not None:
            self.refs -= 1
        if self._rules is not None:
            _one_less(self._rules, event.rule)
        if event.unit is not None:
            _one_less(self.units, event.unit)
        for value in event.values:
            _one_less(self.values, value)

    def fields(self) -> list[Any]:
        """For the snapshot, the events apart."""
        return [self._start_us, self._last_us]

    def packed(self) -> Sequence[bytes]:
        """The events, for the snapshot; strings that repeat are written once."""
        return [event.packed or _pack(event) for event in self.events] if self.events else NOTHING

    @classmethod
    def unpacked(cls, fields: list[Any], events: list[list[Any]]) -> Contents:
        """From a snapshot."""
        contents = cls()
        start_us, last_us = fields
        for time_us, article, rule, unit, source, values, ref in events:
            unit = article if unit == 0 else unit
            shared = None if source is None else intern(source)
            contents._put_in(Counted(time_us, article, intern(rule), unit, shared, tuple(values), ref_of(ref)))
        contents._start_us, contents._last_us = start_us, last_us
        return contents


def _one_less(counts: dict[str, int], name: str) -> None:
    left = counts[name] - 1
    if left:
        counts[name] = left
    else:
        del counts[name]


def _pack(event: Counted) -> bytes:
    unit = event.unit if event.unit != event.article else 0
    ref = event.ref
    fields = (
        event.time_us,
        event.article,
        event.rule,
        unit,
        event.source,
        event.values,
        None if ref is None else ref_fields(ref),
    )
    event.packed = item(orjson.dumps(fields))
    return event.packed
