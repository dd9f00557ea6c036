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

import base64
from bisect import insort
from dataclasses import dataclass, field
from typing import Any

import orjson

from stream.detect.baseline import BaselineCounts
from stream.detect.codec import evidence_fields, evidence_of, ref_fields, ref_of, shortened, shortened_ref
from stream.detect.limits import DetectLimits
from stream.detect.moments import NEVER_US, SECOND_US, from_us, to_us
from stream.detect.seen import Seen
from stream.detect.snapshot import Packed, item
from stream.detect.stories import Stories
from stream.detect.window import Contents, Counted
from stream.model import ArticleRef, Detection, Evidence, Group, Match, Member, Severity
from stream.model.detection import State
from stream.rulelang.ruleset import Correlation

DOUBLED = 2
"""An episode is updated each time its count has grown by this factor."""


@dataclass(slots=True, eq=False)
class Event:
    """A match that waits; ordered by time, article and rule. `packed`: what the snapshot says of it, once asked for."""

    time_us: int
    article: str
    rule: str
    revision: int
    ref: ArticleRef
    source: str | None
    values: tuple[str, ...]
    fingerprint: bytes
    story: str | None
    evidence: Evidence | None
    raw_timestamp_ms: int
    packed: bytes = b""

    def __lt__(self, other: Event) -> bool:
        if self.time_us != other.time_us:  # nearly always: no tuples are made
            return self.time_us < other.time_us
        return (self.article, self.rule, self.revision) < (other.article, other.rule, other.revision)


@dataclass(slots=True)
class Episode:
    """What is going on. `ends_us`: when the condition last stopped holding; None: it holds.

    `severities`: those of its alerts so far.
    """

    start_us: int
    sequence: int
    told: int
    ends_us: int | None
    severities: list[str] = field(default_factory=list)


@dataclass(slots=True)
class CorrelationState:
    """State of one (run, correlation, group). `first_us` is the time of the first event ever counted."""

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
        episode = self.episode
        fields = [
            *(self.version, self.run, self.group, self.exercise),
            self.contents.fields(),
            None if episode is None else _episode_fields(episode),
            None if self.baseline is None else self.baseline.fields(),
            self.first_us,
            None if self.last is None else orjson.Fragment(bytes(self.last.packed or _pack(self.last))),
            self.fallen,
        ]
        waiting = [event.packed or _pack(event) for event in self.waiting]
        stories = [] if self.stories is None else self.stories.packed()
        return Packed(fields, (self.seen.packed(), stories, waiting, self.contents.packed()))

    @classmethod
    def unpacked(cls, fields: list[Any], series: list[list[Any]]) -> CorrelationState:
        """From a snapshot."""
        version, run, group, exercise, contents, episode, baseline, first, last, fallen = fields
        seen, stories, waiting, counted = series
        events = [_event_of(event) for event in waiting]
        return cls(
            *(version, run, tuple(group), exercise),
            events,
            Contents.unpacked(contents, counted),
            Seen.unpacked(seen),
            Stories.unpacked(stories),
            None if episode is None else Episode(*episode),
            None if baseline is None else BaselineCounts.of_fields(baseline),
            first,
            None if last is None else _event_of(last),
            fallen,
            {(event.article, event.rule): event for event in events},
        )

    def wakes_us(self, correlation: Correlation) -> int:
        """The next instant at which something can happen that shows; `advance` has nothing to do before."""
        wake = self.waiting[0].time_us if self.waiting else NEVER_US
        if self.episode is not None and self.episode.ends_us is not None:
            wake = min(wake, self.episode.ends_us + correlation.keep_firing_seconds * SECOND_US)
        if self.episode is not None or _may_begin_when_events_leave(correlation):
            wake = min(wake, self.contents.leaves_us(correlation.window))
        return wake


def receive(
    state: CorrelationState | None,
    correlation: Correlation,
    match: Match,
    limits: DetectLimits,
    story: str | None = None,
    time_us: int | None = None,
) -> tuple[CorrelationState, bool]:
    """Puts a match that is not late among those that wait; False: it came before. `story` is for tests, `time_us` is
    what `time_of` says, if that is known.

    Of two revisions of one article the higher one waits. If too many wait, those with the latest times are dropped.
    """
    if state is None or state.version != correlation.version:
        state = CorrelationState(correlation.version, match.run, match.group, match.exercise)
    rule, article = match.rule.id, match.article
    if not state.seen.first(article.id, article.revision, rule, limits.ids_max):
        return state, False
    event = _event(correlation, match, story, time_of(match, correlation) if time_us is None else time_us)
    other = state.by_article.get((event.article, event.rule))
    if other is not None:
        if other.revision > event.revision:
            return state, True
        state.waiting.remove(other)
    state.by_article[event.article, event.rule] = event
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
    state: CorrelationState, correlation: Correlation, until_us: int, limits: DetectLimits
) -> tuple[CorrelationState, list[Detection]]:
    """Everything that happens before `until_us`, in order. The state given is used up."""
    found: list[Detection] = []
    keep_us = correlation.keep_firing_seconds * SECOND_US
    while True:
        event_us = state.waiting[0].time_us if state.waiting else NEVER_US
        leave_us = state.contents.leaves_us(correlation.window)
        episode = state.episode
        resolve_us = NEVER_US if episode is None or episode.ends_us is None else episode.ends_us + keep_us
        moment_us = min(event_us, leave_us, resolve_us)
        if moment_us >= until_us:
            return state, found
        if leave_us == moment_us:
            _events_leave(state, correlation, moment_us, limits, found)
        elif resolve_us == moment_us:
            assert episode is not None
            found.append(_tell(state, correlation, episode, "resolved", moment_us, limits))
            state.episode = None
        else:
            _event_comes(state, correlation, _forget(state, state.waiting.pop(0)), limits, found)


def _forget(state: CorrelationState, event: Event) -> Event:
    del state.by_article[event.article, event.rule]
    return event


def _event_comes(
    state: CorrelationState, correlation: Correlation, event: Event, limits: DetectLimits, found: list[Detection]
) -> None:
    unit = _unit(state, correlation, event, limits)
    counted = Counted(event.time_us, event.article, event.rule, unit, event.source, event.values, event.ref)
    is_new = unit is not None and unit not in state.contents.units
    state.fallen += state.contents.add(
        correlation.window, counted, events_max=limits.window_events_max, refs_max=limits.members_shown_max
    )
    if state.first_us is None:
        state.first_us = event.time_us
    state.last = event
    baseline = correlation.condition.baseline
    if baseline is not None:
        if state.baseline is None:
            state.baseline = BaselineCounts(event.time_us)
        if is_new:
            state.baseline.count(event.time_us, correlation.window.size_seconds, baseline)
    holds = False if _is_judged_at_the_end(correlation) else _holds(state, correlation, event.time_us)
    _judge(state, correlation, holds, event.time_us, limits, found)


def _events_leave(
    state: CorrelationState, correlation: Correlation, moment_us: int, limits: DetectLimits, found: list[Detection]
) -> None:
    window = correlation.window
    if not _is_judged_at_the_end(correlation):
        state.contents.leave(window, moment_us)
        if state.episode is not None or _may_begin_when_events_leave(correlation):
            _judge(state, correlation, _holds(state, correlation, moment_us), moment_us, limits, found)
        return
    # A bucket or session that must stay below a number is judged when it is complete. The first bucket is not: the
    # key may have begun in its midst. An empty bucket after one that did not hold is judged as well, but once.
    start_us, was_empty = state.contents.start_us or 0, not state.contents.events
    complete = window.kind == "session" or (state.first_us is not None and start_us >= state.first_us)
    holds = complete and _holds(state, correlation, moment_us)
    state.contents.leave(window, moment_us, keep_bucket=not was_empty)
    _judge(state, correlation, holds, moment_us, limits, found)
    if holds and window.kind == "session":
        _judge(state, correlation, False, moment_us, limits, found)


def _judge(
    state: CorrelationState,
    correlation: Correlation,
    holds: bool,
    moment_us: int,
    limits: DetectLimits,
    found: list[Detection],
) -> None:
    episode, count = state.episode, _count(state, correlation)
    if not holds:
        if episode is not None and episode.ends_us is None:
            episode.ends_us = moment_us
        return
    if episode is None:
        state.episode = episode = Episode(moment_us, 0, count, None)
        found.append(_tell(state, correlation, episode, "fired", moment_us, limits))
        return
    episode.ends_us = None
    if episode.told and count >= DOUBLED * episode.told and not _is_lower(correlation):
        episode.told = count
        found.append(_tell(state, correlation, episode, "updated", moment_us, limits))


def _holds(state: CorrelationState, correlation: Correlation, moment_us: int) -> bool:
    contents, condition = state.contents, correlation.condition
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
            if len(contents.rules) < len(correlation.rules):
                return False
        case "temporal_ordered":
            if len(contents.rules) < len(correlation.rules) or not _in_order(contents, correlation.rules):
                return False
        case "event_count" | "value_count":
            # How few there are is known only once a whole window has been seen.
            size_us = correlation.window.size_seconds * SECOND_US
            too_early = state.first_us is None or moment_us < state.first_us + size_us
            if _is_lower(correlation) and correlation.window.kind == "sliding" and too_early:
                return False
    return _compares(_count(state, correlation), condition.operator, condition.value)


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


def _is_lower(correlation: Correlation) -> bool:
    return correlation.type in ("event_count", "value_count") and correlation.condition.operator in ("lt", "lte")


def _is_judged_at_the_end(correlation: Correlation) -> bool:
    return _is_lower(correlation) and correlation.window.kind != "sliding"


def _may_begin_when_events_leave(correlation: Correlation) -> bool:
    return correlation.type == "absence" or correlation.condition.operator in ("lt", "lte", "eq")


def _count(state: CorrelationState, correlation: Correlation) -> int:
    return len(state.contents.values if correlation.type == "value_count" else state.contents.units)


def _unit(state: CorrelationState, correlation: Correlation, event: Event, limits: DetectLimits) -> str | None:
    """What counts once."""
    match correlation.count:
        case "article":
            return event.article
        case "source":
            return event.source
        case "story":
            if event.story is not None:
                return event.story
            if state.stories is None:
                state.stories = Stories()
            time_ms = event.time_us // 1_000
            return state.stories.assign(event.article, state.run, event.fingerprint, time_ms, limits.stories).story


def _tell(
    state: CorrelationState,
    correlation: Correlation,
    episode: Episode,
    kind: State,
    moment_us: int,
    limits: DetectLimits,
) -> Detection:
    contents, last = state.contents, state.last
    assert last is not None, "an episode rests on events"
    times = [event.time_us for event in contents.events] or [last.time_us]
    units = len(contents.units)
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
        count=_count(state, correlation),
        group=Group(
            key="",
            count=_count(state, correlation),
            stories=units if correlation.count == "story" else articles,
            sources=len(contents.sources),
            first_seen=from_us(times[0]),
            last_seen=from_us(times[-1]),
            suppressed=0,
        ),
        trigger=last.ref,
        evidence=() if last.evidence is None or kind == "resolved" else (last.evidence,),
        members=tuple(members.values()),
        exercise=state.exercise,
        raw_timestamp_ms=last.raw_timestamp_ms,
        severities=tuple(map(Severity, episode.severities)),
    )


def _episode_fields(episode: Episode) -> list[Any]:
    return [episode.start_us, episode.sequence, episode.told, episode.ends_us, episode.severities]


def time_of(match: Match, correlation: Correlation) -> int:
    """The time by which a correlation orders a match, in microseconds since 1970 UTC."""
    if correlation.window.time == "published":
        return to_us(match.published or match.article.published or match.time)
    return to_us(match.time)


def _event(correlation: Correlation, match: Match, story: str | None, time_us: int) -> Event:
    values = dict(match.values)
    counted = values.get(correlation.condition.field or "", "")
    return Event(
        time_us=time_us,
        article=match.article.id,
        rule=match.rule.id,
        revision=match.article.revision,
        ref=shortened_ref(match.article),
        source=values.get("source") or match.article.source or None,
        values=tuple(counted.split(","))
        if counted and correlation.condition.field == "topic"
        else ((counted,) if counted else ()),
        fingerprint=match.fingerprint if correlation.count == "story" else b"",
        story=story,
        evidence=shortened(match.evidence[0]) if match.evidence else None,
        raw_timestamp_ms=match.raw_timestamp_ms,
    )


def _pack(event: Event) -> bytes:
    fields = [
        *(event.time_us, event.article, event.rule, event.revision, ref_fields(event.ref), event.source, event.values),
        base64.b64encode(event.fingerprint).decode(),
        *(event.story, evidence_fields(event.evidence), event.raw_timestamp_ms),
    ]
    event.packed = item(orjson.dumps(fields))
    return event.packed


def _event_of(fields: list[Any]) -> Event:
    time_us, article, rule, revision, ref, source, values, print_, story, evidence, raw_ms = fields
    article_ref = ref_of(ref)
    assert article_ref is not None
    return Event(
        *(time_us, article, rule, revision, article_ref, source, tuple(values)),
        base64.b64decode(print_),
        *(story, evidence_of(evidence), raw_ms),
    )
