"""The obvious way to evaluate a correlation, slow: at every instant the window is made anew by its definition."""

from __future__ import annotations

from dataclasses import dataclass

from stream.rulelang import Correlation

Event = tuple[float, str, str, str]
"""Seconds, article, rule, source."""


@dataclass(frozen=True)
class Step:
    """A detection: seconds, state, count."""

    at: float
    state: str
    count: int


def window_at(events: list[Event], moment: float, window: tuple[str, float, float]) -> list[Event]:
    """The events that count at a moment, of those that have come (all at or before it)."""
    kind, size, gap = window
    if kind == "sliding":
        return [event for event in events if moment - size < event[0] <= moment]
    if kind == "tumbling":
        return [event for event in events if event[0] // size == moment // size]
    begins, last = 0, None
    for index, event in enumerate(events):
        if last is None or event[0] - last >= gap or event[0] - events[begins][0] >= size:
            begins = index
        last = event[0]
    if last is None or moment - last >= gap or moment - events[begins][0] >= size:
        return []
    return events[begins:]


def evaluate(correlation: Correlation, events: list[Event], until: float) -> list[Step]:
    """All detections before `until`. For event_count, value_count, temporal and absence that ask for at least."""
    window = correlation.window
    shape = (window.kind, float(window.size_seconds), float(window.gap_seconds or window.size_seconds))
    ordered = sorted(events)
    instants: set[float] = set()
    for event in ordered:
        instants.update((event[0], event[0] + shape[1], event[0] + shape[2], (event[0] // shape[1] + 1) * shape[1]))
    steps: list[Step] = []
    episode: list[float] = []  # told count, and when it stopped holding
    keep = correlation.keep_firing_seconds

    def resolve(before: float, *, at_it: bool) -> None:
        if len(episode) == 2:
            end = episode[1] + keep
            if (end < before or (at_it and end == before)) and end < until:
                had = [e for e in ordered if e[0] < end or (e[0] == end and False)]
                steps.append(Step(end, "resolved", count_of(correlation, window_at(had, end, shape))))
                episode.clear()

    def judge(moment: float, come: list[Event]) -> None:
        inside = window_at(come, moment, shape)
        count, holds = count_of(correlation, inside), holds_at(correlation, come, inside)
        if not holds:
            if len(episode) == 1:
                episode.append(moment)
        elif not episode:
            episode.append(count)
            steps.append(Step(moment, "fired", count))
        else:
            del episode[1:]
            if episode[0] and count >= 2 * episode[0]:
                episode[0] = count
                steps.append(Step(moment, "updated", count))

    for moment in sorted(instants):
        if moment >= until:
            break
        resolve(moment, at_it=False)
        before = [event for event in ordered if event[0] < moment]
        if before:
            judge(moment, before)
        resolve(moment, at_it=True)
        for event in (event for event in ordered if event[0] == moment):
            before.append(event)
            judge(moment, before)
            resolve(moment, at_it=True)
    resolve(until, at_it=False)
    return steps


def evaluate_whole(correlation: Correlation, events: list[Event], until: float) -> list[Step]:
    """All detections before `until`, of a count that must stay below a number in whole buckets or sessions: only where
    one ends is anything decided, by all that was in it."""
    steps: list[Step] = []
    began = False
    ends: float | None = None
    told, keep = 0, correlation.keep_firing_seconds
    is_session = correlation.window.kind == "session"
    value = correlation.condition.value + (correlation.condition.operator == "lte")
    for moment, inside in [*(_sessions if is_session else _buckets)(correlation, sorted(events), until), (until, None)]:
        if began and ends is not None and ends + keep < moment:
            steps.append(Step(ends + keep, "resolved", told))
            began = False
        if inside is None:
            break
        told = count_of(correlation, inside)
        if told < value:
            if not began:
                steps.append(Step(moment, "fired", told))
            began, ends = True, moment if is_session else None
        elif began and ends is None:
            ends = moment
        if began and ends is not None and ends + keep == moment:
            steps.append(Step(moment, "resolved", told))
            began = False
    return steps


def _buckets(correlation: Correlation, events: list[Event], until: float) -> list[tuple[float, list[Event] | None]]:
    """Ends and contents of all whole buckets since the first event."""
    size, found = float(correlation.window.size_seconds), list[tuple[float, list[Event] | None]]()
    begin = -(-events[0][0] // size) * size if events else until
    while begin + size < until:
        found.append((begin + size, [event for event in events if begin <= event[0] < begin + size]))
        begin += size
    return found


def _sessions(correlation: Correlation, events: list[Event], until: float) -> list[tuple[float, list[Event] | None]]:
    """Ends and contents of all sessions that are over."""
    size, gap = float(correlation.window.size_seconds), float(correlation.window.gap_seconds or 0)
    found, inside = list[tuple[float, list[Event] | None]](), list[Event]()
    for event in [*events, (float("inf"), "", "", "")]:
        end = min(inside[-1][0] + gap, inside[0][0] + size) if inside else event[0]
        if inside and end <= event[0]:
            if end < until:
                found.append((end, inside))
            inside = []
        inside.append(event)
    return found


def count_of(correlation: Correlation, inside: list[Event]) -> int:
    """What is compared."""
    if correlation.type == "value_count" or correlation.count == "source":
        return len({event[3] for event in inside if event[3]})
    return len({event[1] for event in inside})


def holds_at(correlation: Correlation, come: list[Event], inside: list[Event]) -> bool:
    """Whether the condition holds."""
    match correlation.type:
        case "absence":
            return bool(come) and not inside
        case "temporal":
            return {event[2] for event in inside} == set(correlation.rules)
        case "temporal_ordered":
            firsts = sorted(inside)
            return any(
                x[2] == correlation.rules[0] and y[2] == correlation.rules[1] and x[:2] < y[:2]
                for x in firsts
                for y in firsts
            )
        case _:
            return count_of(correlation, inside) >= correlation.condition.value
