"""Everything that is remembered for one partition of `matches`: the states of its keys, and how far its runs are.

    snapshots (from the table) ──> Memory ──match──> ruling | waits | late | known
                                     │    ──control record──> detections
                                     └──changes()──> snapshots to write: parts, states, clocks

A state is decoded when it is first touched. `changes` gives the snapshots of what changed since the last call. The
clocks must be written after all others are acknowledged: they say that everything before them was taken in. The parts
of large states must be acknowledged before the states that name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson

from stream.detect import correlate, snapshot, throttle
from stream.detect.alarms import Alarms
from stream.detect.correlate import CorrelationState
from stream.detect.event import time_of
from stream.detect.limits import DetectLimits
from stream.detect.moments import NEVER_US, SECOND_US
from stream.detect.plan import Plan, RulePlan
from stream.detect.snapshot import NO_PARTS, Packed, Snapshot
from stream.detect.throttle import RuleState
from stream.detect.watermark import RunClock, Told
from stream.model import Detection, Match, Ruling
from stream.rulelang.ruleset import Correlation, Rule, RuleSet

CLOCKS = "clocks"
"""The key under which the clocks of a partition are kept; state keys begin with a bracket."""

EVICTED_SHARE = 16
"""When there are too many keys, this part of them goes at once."""

Outcome = Literal["waits", "late", "known"]


@dataclass(frozen=True, slots=True)
class Due:
    """A detection with the state key that it belongs to."""

    key: str
    detection: Detection


Writes = list[tuple[str, bytes | None]]
"""Keys of the table with their new values; None deletes."""


@dataclass(slots=True)
class Changes:
    """What is to be written, in three steps, each when the one before is acknowledged. `last`: the clocks, and parts
    that no state names any more.
    """

    parts: Writes
    states: Writes
    last: Writes

    def __iter__(self) -> Iterator[Writes]:
        """The steps that have anything to write."""
        return (step for step in (self.parts, self.states, self.last) if step)


@dataclass(slots=True)
class Definitions:
    """The rules and correlations that decide, by id."""

    rules: Mapping[str, Rule]
    correlations: Mapping[str, Correlation]

    @classmethod
    def of(cls, ruleset: RuleSet) -> Definitions:
        """Those of a rule set."""
        return cls({rule.id: rule for rule in ruleset.rules}, {c.id: c for c in ruleset.correlations})


@dataclass(slots=True)
class _Entry:
    state: RuleState | CorrelationState
    offset: int
    name: str = ""
    """The correlation's id, once it was asked for."""


@dataclass(slots=True)
class Memory:
    """The memory of one partition. Not safe to use after a chunk that was not confirmed: make it anew."""

    limits: DetectLimits = field(default_factory=DetectLimits)
    forgotten: int = 0
    """Groups, events, keys and runs that fell out because a limit was reached, since it was last set to 0."""

    _snapshots: dict[str, bytes] = field(default_factory=dict)
    _parts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    _unused: list[tuple[str, str]] = field(default_factory=list)
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _offsets: dict[str, int] = field(default_factory=dict)
    _changed: dict[str, None] = field(default_factory=dict)
    _deleted: dict[str, None] = field(default_factory=dict)
    _clocks: dict[str | None, RunClock] = field(default_factory=dict)
    _clocks_changed: bool = False
    _clocks_offset: int = -1
    _alarms: Alarms = field(default_factory=Alarms)
    _definitions: Definitions | None = None
    _plans: dict[str, Plan] = field(default_factory=dict)
    _rule_plans: dict[str, RulePlan] = field(default_factory=dict)

    @classmethod
    def restore(cls, snapshots: Iterable[tuple[str, bytes]], limits: DetectLimits | None = None) -> Memory:
        """From what `changes` gave. Raises `SnapshotError`."""
        memory = cls(limits or DetectLimits())
        for key, data in snapshots:
            if (of := of_part(key)) is not None:
                memory._parts.setdefault(of[0], {})[of[1]] = data
                continue
            head = snapshot.head_of(data)
            if key == CLOCKS:
                memory._clocks_offset = head.offset
                for run, fields in snapshot.decode(data, {})[0][0]:
                    memory._clocks[run] = RunClock.of_fields(fields)
                continue
            memory._snapshots[key] = data
            memory._offsets[key] = head.offset
            if head.kind == "correlation":
                memory._alarms.set(_run_of(key), key, head.wakes_us)
        memory._part_with_leftovers()
        return memory

    def __len__(self) -> int:
        return len(self._offsets)

    def reached(self, run: str | None) -> float | None:
        """The watermark of a run in seconds since 1970 UTC; None: there is none yet."""
        clock = self._clocks.get(run)
        return None if clock is None or clock.reached_us == -NEVER_US else clock.reached_us / SECOND_US

    def rule(self, rule: Rule, match: Match, offset: int, story: str | None = None) -> Ruling | None:
        """What becomes of a match of a rule with a throttle or groups; None: it is known."""
        if offset <= self._offsets.get(match.key, -1):
            return None
        entry = self._entries.get(match.key) or self._decoded(match.key)
        state = None if entry is None else entry.state
        assert state is None or isinstance(state, RuleState)
        plan = self._rule_plans.get(rule.id)
        if plan is None or plan.rule is not rule:
            plan = self._rule_plans[rule.id] = RulePlan.of(rule)
        state, ruling, forgotten = throttle.step(state, plan, match, self.limits, story)
        if forgotten:
            self.forgotten += forgotten
        self._keep(match.key, entry, state, offset)
        return ruling

    def correlation(self, correlation: Correlation, match: Match, offset: int, story: str | None = None) -> Outcome:
        """Takes a match in for a correlation."""
        key = match.key
        if offset <= self._offsets.get(key, -1):
            return "known"
        entry, plan = self._entries.get(key) or self._decoded(key), self._plans.get(correlation.id)
        if plan is None or plan.correlation is not correlation:
            plan = self._plan(correlation)
        state = None if entry is None else entry.state
        assert state is None or isinstance(state, CorrelationState)
        clock, time_us = self._clocks.get(match.run), time_of(match, plan)
        if clock is not None and time_us < clock.until_us(plan.grace_us, plan.by_published):
            # What was counted may come again; what was not has come too late, and that is told once.
            is_first = state is None or state.seen.first(
                match.article.id, match.article.revision, match.rule.id, self.limits.ids_max
            )
            if state is not None and is_first:
                self._keep(key, entry, state, offset)
            return "late" if is_first else "known"
        fallen = 0 if state is None else state.fallen
        state, is_new = correlate.receive(state, plan, match, time_us, self.limits, story)
        if state.fallen > fallen:
            self.forgotten += state.fallen - fallen
        self._keep(key, entry, state, offset)
        self._alarms.set(match.run, key, state.wakes_us(plan) + plan.grace_us, plan.by_published)
        return "waits" if is_new else "known"

    def hear(self, told: Told, offset: int, definitions: Definitions) -> list[Due]:
        """Everything that has become certain with a control record, in the order of event time and key."""
        clock = self._clocks.get(told.run)
        if clock is None:
            clock = self._clocks[told.run] = RunClock()
            self._forget_runs()
        if offset > self._clocks_offset:
            clock.hear(told, offset)
            self._clocks_offset, self._clocks_changed = offset, True
        if definitions is not self._definitions:
            self._definitions = definitions
            self._alarms.wake()
        found: list[Due] = []
        entries, entries_max = self._entries, 2 * self.limits.decoded_max
        for key in self._due(told.run, clock):
            found += self._advance(key, clock, offset, definitions)
            if len(entries) >= entries_max:
                self._fold()
        found.sort(key=lambda due: (due.detection.time, due.key))
        return found

    def changes(self) -> Changes:
        """What is to be written since the last call."""
        changes = Changes([], [(key, None) for key in self._deleted], [])
        entries, snapshots, states = self._entries, self._snapshots, changes.states
        for key in self._changed:
            if key not in entries:
                states.append((key, snapshots[key]))
                continue
            made = self._encoded(key, entries[key])
            if made.parts or key in self._parts:
                made = self._partly(key, made, changes)
            snapshots[key] = made.head
            states.append((key, made.head))
        # A decoded state is several times as large as its snapshot: those touched first go.
        while len(self._entries) > self.limits.decoded_max:
            del self._entries[next(iter(self._entries))]
        self._changed.clear()
        self._deleted.clear()
        # What was left over may have been put to use again.
        changes.last += [
            (part_key(key, name), None) for key, name in self._unused if name not in self._parts.get(key, {})
        ]
        self._unused.clear()
        if self._clocks_changed:
            fields = [[run, clock.fields()] for run, clock in self._clocks.items()]
            made = snapshot.encode("clocks", self._clocks_offset, NEVER_US, Packed([fields]))
            changes.last.append((CLOCKS, made.head))
            self._clocks_changed = False
        return changes

    def _fold(self) -> None:
        """Makes snapshots of the states that were touched first: many keys may wake at one moment."""
        for key in list(self._entries)[: -self.limits.decoded_max]:
            if key in self._changed:
                made = self._encoded(key, self._entries[key])
                if made.parts or key in self._parts:
                    continue  # what it is put together from must be written with it
                self._snapshots[key] = made.head
            del self._entries[key]

    def _partly(self, key: str, made: Snapshot, changes: Changes) -> Snapshot:
        """The snapshot of a state that is, or was, in parts; these are among the changes."""
        while sum(map(len, made.parts.values())) > self.limits.snapshot_bytes_max:
            # Memory, and the time that writing it takes, would have no bound.
            fallen = _shrink(self._entries[key].state)
            self.forgotten += fallen
            made = self._encoded(key, self._entries[key])
            if not fallen:
                break
        before = self._parts.pop(key, {})
        if made.parts:
            self._parts[key] = dict(made.parts)
        changes.parts += [(part_key(key, n), data) for n, data in made.parts.items() if n not in before]
        changes.last += [(part_key(key, name), None) for name in before if name not in made.parts]
        return made

    def _encoded(self, key: str, entry: _Entry) -> Snapshot:
        state, known = entry.state, self._parts.get(key, NO_PARTS)
        if isinstance(state, CorrelationState):
            return snapshot.encode("correlation", entry.offset, self._alarms.of(key), state.packed(), known)
        return snapshot.encode("rule", entry.offset, NEVER_US, state.packed(), known)

    # States --------------------------------------------------------------------------------------------------------

    def _decoded(self, key: str) -> _Entry | None:
        data = self._snapshots.get(key)
        if data is None:
            return None
        fields, series = snapshot.decode(data, self._parts.get(key, {}))
        is_rule = snapshot.head_of(data).kind == "rule"
        state = RuleState.unpacked(fields, series) if is_rule else CorrelationState.unpacked(fields, series)
        entry = self._entries[key] = _Entry(state, self._offsets[key])
        return entry

    def _keep(self, key: str, entry: _Entry | None, state: RuleState | CorrelationState, offset: int) -> None:
        if entry is None:
            self._entries[key] = _Entry(state, offset)
        else:
            entry.state, entry.offset = state, offset
        self._offsets[key] = offset
        self._changed[key] = None
        if self._deleted:
            self._deleted.pop(key, None)
        if len(self._offsets) > self.limits.keys_max:
            oldest = sorted(self._offsets, key=lambda k: (self._offsets[k], k))
            for old in oldest[: max(1, self.limits.keys_max // EVICTED_SHARE)]:
                self._delete(old)

    def _part_with_leftovers(self) -> None:
        """Parts that no state names are left over from a crash, before or after their state was written."""
        for key, parts in list(self._parts.items()):
            named = set(snapshot.part_names(self._snapshots[key])) if key in self._snapshots else set()
            for name in parts.keys() - named:
                del parts[name]
                self._unused.append((key, name))
            if not parts:
                del self._parts[key]
        self._unused.sort()

    def _delete(self, key: str) -> None:
        self._unused += [(key, name) for name in self._parts.pop(key, {})]
        for kept in (self._offsets, self._snapshots, self._entries, self._changed):
            kept.pop(key, None)
        self._alarms.drop(key)
        self._deleted[key] = None
        self.forgotten += 1

    def _forget_runs(self) -> None:
        """Of too many runs, those go that were heard of longest ago; live articles stay."""
        replays = sorted((c.offset, run) for run, c in self._clocks.items() if run is not None)
        for _, run in replays[1 : len(replays) - self.limits.runs_max + 1]:
            del self._clocks[run]
            self._alarms.drop_run(run)
            for key in [key for key in self._offsets if _run_of(key) == run]:
                self._delete(key)

    # Time ----------------------------------------------------------------------------------------------------------

    def _plan(self, correlation: Correlation) -> Plan:
        plan = self._plans[correlation.id] = Plan.of(correlation)
        return plan

    def _due(self, run: str | None, clock: RunClock) -> list[str]:
        """The keys whose alarm has gone off; at the end of a run, all that have one."""
        reached = (NEVER_US, NEVER_US) if clock.ended else (clock.reached_us, clock.published_us)
        return self._alarms.due(run, *reached)

    def _advance(self, key: str, clock: RunClock, offset: int, definitions: Definitions) -> list[Due]:
        entry = self._entries.get(key) or self._decoded(key)
        if entry is None:
            return []
        state = entry.state
        assert isinstance(state, CorrelationState)
        alarm_us = self._alarms.take(key)
        entry.name = entry.name or orjson.loads(key)[1]
        correlation = definitions.correlations.get(entry.name)
        if correlation is None or correlation.version != state.version:
            # The rules have changed: the key sleeps until it is touched, or they change again.
            self._alarms.sleep(state.run, key, alarm_us)
            return []
        plan = self._plans.get(correlation.id)
        if plan is None or plan.correlation is not correlation:
            plan = self._plan(correlation)
        wakes_us, until_us = state.wakes_us(plan), clock.until_us(plan.grace_us, plan.by_published)
        if wakes_us >= until_us:
            self._alarms.set(state.run, key, wakes_us + plan.grace_us, plan.by_published)
            return []
        fallen = state.fallen
        state, detections = correlate.advance(state, plan, until_us, self.limits)
        if state.fallen > fallen:
            self.forgotten += state.fallen - fallen
        self._keep(key, entry, state, max(offset, entry.offset))
        self._alarms.set(state.run, key, state.wakes_us(plan) + plan.grace_us, plan.by_published)
        return [Due(key, detection) for detection in detections] if detections else []


def part_key(key: str, name: str) -> str:
    """The table's key of a part of a state; state keys end with a bracket."""
    return f"{key}#{name}"


def of_part(key: str) -> tuple[str, str] | None:
    """The state's key and the part's name, if a key of the table is that of a part."""
    of, _, name = key.rpartition("#")
    return (of, name) if of.endswith("]") and not name.endswith("]") else None


def _run_of(key: str) -> str | None:
    """Whose clock it goes by: exercises without a run go by that of live articles."""
    scope = orjson.loads(key)[0]
    return scope if isinstance(scope, str) else None


def _shrink(state: RuleState | CorrelationState) -> int:
    return throttle.shrink(state) if isinstance(state, RuleState) else correlate.shrink(state)
