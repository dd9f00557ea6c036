"""Correlations of one state key: matches wait for the watermark, then are counted in the order of their time.

                    counted                          │ wait                      (event time ──>)
    ───•────•──•─────────────•───•───────────────────┼──•─────•──────────
        \\________ window ______/                      │
                                 until = watermark - grace

Everything that can happen happens at one of four kinds of instants; at the same instant in this order:
    1. events leave the window       2. an episode is resolved       3. events come, by article id
Between instants nothing changes, so it does not matter in how many steps the watermark moves (`advance`).

An episode:   condition  ____/‾‾‾‾‾‾‾‾‾‾‾\\____/‾‾\\________________
              alerts         fired   updated               resolved
                                                   └ keep_firing_for ┘
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import orjson

from stream.detect.baseline import BaselineCounts
from stream.detect.event import Content, Event, event_of, unpacked
from stream.detect.limits import DetectLimits
from stream.detect.moments import NEVER_US, from_us
from stream.detect.plan import Plan
from stream.detect.seen import Seen
from stream.detect.snapshot import NOTHING, Packed
from stream.detect.stories import Stories
from stream.detect.window import Contents, Counted
from stream.model import Detection, Group, Match, Member, Severity
from stream.model.detection import State
from stream.rulelang.ruleset import Correlation

DOUBLED = 2
"""An episode is updated each time its count has grown by this factor."""


@dataclass(slots=True)
class Episode:
    """What is going on. `ends_us`: when the condition last stopped holding; None: it holds.

    `told`: the count of the last alert; where buckets and sessions are judged, that of the last one.
    `severities`: those of its alerts so far.
    """

    start_us: int
    sequence: int
    told: int
    ends_us: int | None
    severities: list[str] = field(default_factory=list)


@dataclass(slots=True)
class CorrelationState:
    """State of one (scope, correlation, group). `first_us` is the time of the first event ever counted."""

    version: int
    run: str | None
    group: tuple[str, ...]
    exercise: bool
    waiting: list[Event] = field(default_factory=list)
    contents: Contents = field(default_factory=Contents)
    seen: Seen = field(default_factory=Seen)
    stories: Stories | None = None
    episode: Episode | None = None
    baseline: BaselineCounts | None = None
    first_us: int | None = None
    last: Event | None = None
    fallen: int = 0
    by_article: dict[tuple[str, str], Event] = field(default_factory=dict)

    def packed(self) -> Packed:
        """For the snapshot."""
        episode, baseline, last, stories = self.episode, self.baseline, self.last, self.stories
        fields = [
            self.version,
            self.run,
            self.group,
            self.exercise,
            self.contents.fields(),
            None if episode is None else _episode_fields(episode),
            None if baseline is None else baseline.fields(),
            self.first_us,
            None if last is None else orjson.Fragment(bytes(last.packed)),
            self.fallen,
        ]
        waiting = [event.packed for event in self.waiting] if self.waiting else NOTHING
        told = NOTHING if stories is None else stories.packed()
        return Packed(fields, (self.seen.packed(), told, waiting, self.contents.packed()))

    @classmethod
    def unpacked(cls, fields: list[Any], series: list[list[Any]]) -> CorrelationState:
        """From a snapshot."""
        version, run, group, exercise, contents, episode, baseline, first, last, fallen = fields
        seen, stories, waiting, counted = series
        events = [unpacked(event) for event in waiting]
        return cls(
            *(version, run, tuple(group), exercise),
            events,
            Contents.unpacked(contents, counted),
            Seen.unpacked(seen),
            Stories.unpacked(stories),
            None if episode is None else Episode(*episode),
            None if baseline is None else BaselineCounts.of_fields(baseline),
            first,
            None if last is None else unpacked(last),
            fallen,
            {(event.article, event.rule): event for event in events},
        )

    def wakes_us(self, plan: Plan) -> int:
        """The next instant at which something can happen that shows; `advance` has nothing to do before."""
        wake, episode = self.waiting[0].time_us if self.waiting else NEVER_US, self.episode
        if episode is not None and episode.ends_us is not None:
            wake = min(wake, episode.ends_us + plan.keep_us)
        if episode is not None or plan.may_begin_by_leaving:
            wake = min(wake, self.contents.leaves_us(plan))
        return wake


def receive(
    state: CorrelationState | None,
    plan: Plan,
    match: Match,
    time_us: int,
    limits: DetectLimits,
    story: str | None = None,
) -> tuple[CorrelationState, bool]:
    """Puts a match that is not late among those that wait; False: it came before. `time_us` is what `time_of` says,
    `story` is for tests.

    Of two revisions of one article the higher one waits. If too many wait, those with the latest times are dropped.
    """
    correlation = plan.correlation
    if state is None or state.version != correlation.version:
        state = CorrelationState(correlation.version, match.run, match.group, match.exercise)
    if not match.exercise:
        # Where a drill came first, before drills had keys of their own, real episodes would be marked for good.
        state.exercise = False
    article, revision, rule = match.article.id, match.article.revision, match.rule.id
    if not state.seen.first(article, revision, rule, limits.ids_max):
        return state, False
    other = state.by_article.get((article, rule))
    if other is not None:
        if other.revision > revision:
            return state, True
        state.waiting.remove(other)
    event = event_of(plan, match, story, time_us)
    state.by_article[article, rule] = event
    insort(state.waiting, event)
    if len(state.waiting) > limits.pending_max:
        _forget(state, state.waiting.pop())
        state.fallen += 1
    return state, True


def shrink(state: CorrelationState) -> int:
    """Drops the latest half of what waits, or the older half of the window; returns how many."""
    waiting = len(state.waiting)
    for event in state.waiting[waiting // 2 :]:
        _forget(state, event)
    del state.waiting[waiting // 2 :]
    fallen = waiting - len(state.waiting)
    if not fallen:
        fallen = state.contents.drop(len(state.contents.events) // 2 + 1)
        state.stories = None
    state.fallen += fallen
    return fallen


def advance(
    state: CorrelationState, plan: Plan, until_us: int, limits: DetectLimits
) -> tuple[CorrelationState, list[Detection]]:
    """Everything that happens before `until_us`, in order. The state given is used up."""
    found: list[Detection] = []
    waiting, contents = state.waiting, state.contents
    while True:
        event_us = waiting[0].time_us if waiting else NEVER_US
        episode = state.episode
        if episode is None and not plan.may_begin_by_leaving:
            # Nearly always: what leaves changes nothing but what the next event is counted with.
            if event_us >= until_us:
                contents.leave(plan, until_us - 1)
                return state, found
            contents.leave(plan, event_us)
            _event_comes(state, plan, _forget(state, waiting.pop(0)), limits, found)
            continue
        leave_us = contents.leaves_us(plan)
        resolve_us = NEVER_US if episode is None or episode.ends_us is None else episode.ends_us + plan.keep_us
        if event_us < leave_us and event_us < resolve_us:
            if event_us >= until_us:
                return state, found
            _event_comes(state, plan, _forget(state, waiting.pop(0)), limits, found)
            continue
        moment_us = min(leave_us, resolve_us)
        if moment_us >= until_us:
            return state, found
        if leave_us == moment_us:
            _events_leave(state, plan, moment_us, limits, found)
        else:
            assert episode is not None
            _resolve(state, plan, episode, moment_us, limits, found)


def _forget(state: CorrelationState, event: Event) -> Event:
    del state.by_article[event.article, event.rule]
    return event


def _event_comes(
    state: CorrelationState, plan: Plan, event: Event, limits: DetectLimits, found: list[Detection]
) -> None:
    time_us, contents = event.time_us, state.contents
    content = event.content()
    unit = event.article if plan.counts_articles else _unit(state, plan.correlation, event, content, limits)
    is_new = unit is not None and unit not in contents.units
    ref = content.ref if contents.refs < limits.members_shown_max else None
    source = None if content.source is None else intern(content.source)
    counted = Counted(time_us, event.article, event.rule, unit, source, tuple(content.values), ref)
    state.fallen += contents.add(plan, counted, events_max=limits.window_events_max)
    if state.first_us is None:
        state.first_us = time_us
    state.last = event
    baseline = plan.correlation.condition.baseline
    if baseline is not None:
        if state.baseline is None:
            state.baseline = BaselineCounts(time_us)
        if is_new:
            state.baseline.count(time_us, plan.correlation.window.size_seconds, baseline)
    if plan.judged_at_the_end:
        return
    holds = _holds(state, plan, time_us)
    if holds or state.episode is not None:
        _judge(state, plan, holds, time_us, limits, found)


def _events_leave(
    state: CorrelationState, plan: Plan, moment_us: int, limits: DetectLimits, found: list[Detection]
) -> None:
    if not plan.judged_at_the_end:
        state.contents.leave(plan, moment_us)
        if state.episode is not None or plan.may_begin_by_leaving:
            _judge(state, plan, _holds(state, plan, moment_us), moment_us, limits, found)
        return
    # A bucket or session that must stay below a number is judged when it is complete, with what was in it. The first
    # bucket is not: the key may have begun in its midst. An empty bucket after one that was not is judged as well, but
    # once: those behind it say the same.
    is_session = plan.correlation.window.kind == "session"
    start_us, was_empty = state.contents.start_us or 0, not state.contents.events
    complete = is_session or (state.first_us is not None and start_us >= state.first_us)
    holds = complete and _holds(state, plan, moment_us)
    _judge(state, plan, holds, moment_us, limits, found)
    if holds and is_session:
        _judge(state, plan, False, moment_us, limits, found)
    episode = state.episode
    if episode is not None:
        episode.told = _count(state, plan)
        if episode.ends_us is not None and episode.ends_us + plan.keep_us <= moment_us:
            _resolve(state, plan, episode, moment_us, limits, found)  # while that what it was judged by is here
    state.contents.leave(plan, moment_us, keep_bucket=not was_empty)


def _judge(
    state: CorrelationState,
    plan: Plan,
    holds: bool,
    moment_us: int,
    limits: DetectLimits,
    found: list[Detection],
) -> None:
    episode, count = state.episode, _count(state, plan)
    if not holds:
        if episode is not None and episode.ends_us is None:
            episode.ends_us = moment_us
        return
    if episode is None:
        state.episode = episode = Episode(moment_us, 0, count, None)
        found.append(_tell(state, plan, episode, "fired", moment_us, limits))
        return
    episode.ends_us = None
    if episode.told and count >= DOUBLED * episode.told and not plan.is_lower:
        episode.told = count
        found.append(_tell(state, plan, episode, "updated", moment_us, limits))


def _resolve(
    state: CorrelationState, plan: Plan, episode: Episode, moment_us: int, limits: DetectLimits, found: list[Detection]
) -> None:
    found.append(_tell(state, plan, episode, "resolved", moment_us, limits))
    state.episode = None


def _holds(state: CorrelationState, plan: Plan, moment_us: int) -> bool:
    if plan.least is not None:
        return _count(state, plan) >= plan.least
    correlation, contents, condition = plan.correlation, state.contents, plan.correlation.condition
    match correlation.type:
        case "absence":
            return not contents.events
        case "spike":
            assert condition.baseline is not None
            usual = state.baseline
            if usual is None or len(contents.units) < condition.baseline.least:
                return False
            mean = usual.mean(moment_us, correlation.window.size_seconds, condition.baseline)
            return mean is not None and len(contents.units) >= condition.baseline.factor * mean
        case "temporal":
            if contents.rules() < len(correlation.rules):
                return False
        case "temporal_ordered":
            if contents.rules() < len(correlation.rules) or not _in_order(contents, correlation.rules):
                return False
        case "event_count" | "value_count":
            # How few there are is known only once a whole window has been seen.
            too_early = state.first_us is None or moment_us < state.first_us + plan.size_us
            if plan.is_lower and plan.is_sliding and too_early:
                return False
    return _compares(_count(state, plan), condition.operator, condition.value)


def _in_order(contents: Contents, rules: tuple[str, ...]) -> bool:
    """Whether articles match the rules one after the other: the earliest of the first, the next of the second …"""
    wanted, after = 0, (-NEVER_US, "")
    for event in contents.events:
        if event.rule == rules[wanted] and (event.time_us, event.article) > after:
            after = (event.time_us, event.article)
            wanted += 1
            if wanted == len(rules):
                return True
    return False


def _compares(count: int, operator: str, value: int) -> bool:
    match operator:
        case "gt":
            return count > value
        case "gte":
            return count >= value
        case "lt":
            return count < value
        case "lte":
            return count <= value
        case _:
            return count == value


def _count(state: CorrelationState, plan: Plan) -> int:
    return len(state.contents.values if plan.counts_values else state.contents.units)


def _unit(
    state: CorrelationState, correlation: Correlation, event: Event, content: Content, limits: DetectLimits
) -> str | None:
    """What counts once, if not articles do."""
    if correlation.count == "source":
        return content.source
    if content.story is not None:
        return content.story
    if state.stories is None:
        state.stories = Stories()
    time_ms = event.time_us // 1_000
    # What is evicted here is not counted as forgotten: of most of it nothing is in a window any more.
    return state.stories.assign(event.article, state.run, content.fingerprint, time_ms, limits.stories).story


def _tell(
    state: CorrelationState,
    plan: Plan,
    episode: Episode,
    kind: State,
    moment_us: int,
    limits: DetectLimits,
) -> Detection:
    correlation, contents, last = plan.correlation, state.contents, state.last
    assert last is not None, "an episode rests on events"
    trigger = last.content()
    times = [event.time_us for event in contents.events] or [last.time_us]
    units = len(contents.units)
    count = episode.told if plan.judged_at_the_end else _count(state, plan)
    sequence, episode.sequence = episode.sequence, episode.sequence + 1
    if correlation.severity.value not in episode.severities:
        episode.severities.append(correlation.severity.value)
    members: dict[str, Member] = {}
    for event in contents.events:
        if event.ref is not None and len(members) < limits.members_shown_max:
            members.setdefault(event.article, Member(event.ref, event.rule, from_us(event.time_us)))
    articles = len({event.article for event in contents.events})
    return Detection(
        state=kind,
        correlation=correlation.id,
        version=correlation.version,
        run=state.run,
        values=state.group,
        start=from_us(episode.start_us),
        sequence=sequence,
        time=from_us(moment_us),
        count=count,
        group=Group(
            key="",
            count=count,
            stories=units if correlation.count == "story" else articles,
            sources=contents.sources(),
            first_seen=from_us(times[0]),
            last_seen=from_us(times[-1]),
            suppressed=0,
        ),
        trigger=trigger.ref,
        evidence=() if trigger.evidence is None or kind == "resolved" else (trigger.evidence,),
        members=tuple(members.values()),
        exercise=state.exercise,
        raw_timestamp_ms=trigger.raw_timestamp_ms,
        severities=tuple(map(Severity, episode.severities)),
    )


def _episode_fields(episode: Episode) -> list[Any]:
    return [episode.start_us, episode.sequence, episode.told, episode.ends_us, episode.severities]
