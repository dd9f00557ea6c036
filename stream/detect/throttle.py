"""Groups and throttles of a rule whose matches raise alerts one by one, in the order of the `matches` log.

    every: 6h, per: [rule, story]

    story s1   09:00 match   09:20 match   11:00 match   15:10 match
               fired         suppressed    suppressed    fired (group.suppressed: 2)
                 └────────────── 6 h ──────────────┘

The clock is the event time of the matches, whichever way it goes: a match is held back if one of the last alerts is
less than `every` before or after it. So old articles that come late raise one alert for each period of their own time,
and one that is dated 2100 holds nothing back but what is dated 2100. A higher severity always passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import orjson

from stream.detect.limits import DetectLimits
from stream.detect.moments import SECOND_US, from_us, to_us
from stream.detect.plan import RulePlan, duration
from stream.detect.seen import Seen
from stream.detect.snapshot import Packed
from stream.detect.stories import Stories
from stream.model import Group, Match, Ruling, Suppression
from stream.wire.identity import Scope, scope_of

PERIODS_MAX = 8
"""Alerts of one throttle that are remembered, the last ones of the log."""


_NO_VALUES = repeat("")


@dataclass(slots=True)
class GroupState:
    """Counts of one group; `suppressed` since its last alert."""

    count: int
    first_us: int
    last_us: int
    suppressed: int
    stories: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RuleState:
    """State of one (run, rule). `passed`: for each value of `throttle.per`, times and severities of the last alerts."""

    version: int
    groups: dict[str, GroupState] = field(default_factory=dict)
    passed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    stories: Stories | None = None
    seen: Seen = field(default_factory=Seen)

    def packed(self) -> Packed:
        """For the snapshot."""
        fields = [
            self.version,
            {k: [g.count, g.first_us, g.last_us, g.suppressed, g.stories, g.sources] for k, g in self.groups.items()},
            self.passed,
        ]
        return Packed(fields, (self.seen.packed(), [] if self.stories is None else self.stories.packed()))

    @classmethod
    def unpacked(cls, fields: list[Any], series: list[list[Any]]) -> RuleState:
        """From a snapshot."""
        version, groups, passed = fields
        seen, stories = series
        return cls(
            version,
            {key: GroupState(*values) for key, values in groups.items()},
            {key: [(at_us, severity) for at_us, severity in entries] for key, entries in passed.items()},
            Stories.unpacked(stories),
            Seen.unpacked(seen),
        )


def shrink(state: RuleState) -> int:
    """Drops what was touched longest ago, half of the groups and of the throttle's values, and the stories; returns how
    many groups and values.
    """
    groups, passed = list(state.groups), list(state.passed)
    for key in groups[: len(groups) // 2 + 1]:
        del state.groups[key]
    for key in passed[: len(passed) // 2]:
        del state.passed[key]
    state.stories = None
    return len(groups) - len(state.groups) + len(passed) - len(state.passed)


def step(
    state: RuleState | None, plan: RulePlan, match: Match, limits: DetectLimits, story: str | None = None
) -> tuple[RuleState, Ruling | None, int]:
    """The state after one match, what becomes of the match (None: it came before), and how many groups, stories and
    periods of the throttle were forgotten because a limit was reached.

    The state given is used up. `story` is for tests, which name the stories themselves.
    """
    rule = plan.rule
    if state is None or state.version != rule.version:
        state = RuleState(rule.version)
    article, time, scope = match.article, match.time, scope_of(match.run, match.exercise)
    if not state.seen.first(article.id, article.revision, "", limits.ids_max):
        return state, None, 0
    time_us, evicted = to_us(time), 0
    if story is None and plan.asks_for_stories:
        story, evicted = _story(state, match, time_us, limits)
    values = dict(match.values)
    values["rule"], values["story"] = rule.id, story or ""
    group_key = _key(scope, rule.group_by, values)
    group, fallen = _group(state, group_key, time_us, limits)
    _note(group.stories, story or article.id, limits)
    if article.source:
        _note(group.sources, values.get("source") or article.source, limits)
    held = None
    if rule.throttle is not None:
        throttle_key = group_key if plan.per is None else _key(scope, plan.per, values)
        held, periods = _held(state, plan, throttle_key, time_us, match.rule.severity.number, limits)
        # Where it holds apart what the groups do, a group was counted that fell out with it.
        fallen += 0 if plan.per is None else periods
    told = Group(
        group_key,
        group.count,
        len(group.stories),
        len(group.sources),
        time if group.first_us == time_us else from_us(group.first_us),
        time if group.last_us == time_us else from_us(group.last_us),
        group.suppressed,
    )
    group.suppressed = 0 if held is None else group.suppressed + 1
    return state, Ruling(told, story, held), evicted + fallen


def _story(state: RuleState, match: Match, time_us: int, limits: DetectLimits) -> tuple[str, int]:
    if state.stories is None:
        state.stories = Stories()
    found = state.stories.assign(match.article.id, match.run, match.fingerprint, time_us // 1_000, limits.stories)
    return found.story, found.stories_evicted


def _key(scope: Scope, names: tuple[str, ...], values: dict[str, str]) -> str:
    return orjson.dumps([scope, *map(values.get, names, _NO_VALUES)]).decode()


def _group(state: RuleState, key: str, time_us: int, limits: DetectLimits) -> tuple[GroupState, int]:
    groups, evicted = state.groups, 0
    group = groups.pop(key, None)
    if group is None or time_us - group.last_us > limits.group_retention_ms * 1_000:
        group = GroupState(0, time_us, time_us, 0)
    group.count += 1
    if time_us < group.first_us:
        group.first_us = time_us
    if time_us > group.last_us:
        group.last_us = time_us
    groups[key] = group  # at the end: touched last
    while len(groups) > limits.groups_max:
        del groups[next(iter(groups))]
        evicted += 1
    return group, evicted


def _note(names: list[str], name: str, limits: DetectLimits) -> None:
    if len(names) < limits.group_members_max and name not in names:
        names.append(name)


def _held(
    state: RuleState, plan: RulePlan, key: str, time_us: int, severity: int, limits: DetectLimits
) -> tuple[Suppression | None, int]:
    """Why the match is held back, and of how many values the last alerts were forgotten because of the limit."""
    nearest_us, since_us = plan.every_us, None
    passed = state.passed.pop(key, [])
    state.passed[key] = passed  # at the end: touched last
    for at_us, as_ in passed:
        away_us = time_us - at_us
        distance_us = away_us if away_us >= 0 else -away_us
        if severity > as_ or distance_us > nearest_us:
            continue
        # Of two that are equally near, the one that it came before: what is said does not depend on their order.
        if distance_us < nearest_us or (since_us is not None and away_us < since_us):
            nearest_us, since_us = distance_us, away_us
    if since_us is not None:
        return Suppression("throttle", _reason(plan, since_us)), 0
    passed.append((time_us, severity))
    if len(passed) > PERIODS_MAX:
        del passed[:-PERIODS_MAX]
    evicted = 0
    while len(state.passed) > limits.groups_max:
        del state.passed[next(iter(state.passed))]
        evicted += 1
    return None, evicted


def _reason(plan: RulePlan, since_us: int) -> str:
    seconds = abs(since_us) // SECOND_US
    when = f"{duration(seconds)} {'after' if since_us >= 0 else 'before'}" if seconds else "at the same time as"
    return f"it came {when} an alert; {plan.at_most}"
