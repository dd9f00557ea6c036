"""Runs the tests over time in rule files: events in, every alert out, through the same detection as the worker.

A test begins at 2024-01-01T00:00:00Z, a Monday. Events arrive in the order in which they are written, and nothing is
late. Then time goes on to the last moment that the test names, and all alerts up to it must be the expected ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stream.clean import fold_key
from stream.detect import Definitions, DetectLimits, Memory, Told, to_us
from stream.model import ArticleRef, Match, RuleRef, Severity
from stream.rulelang.ruleset import Correlation, Rule, RuleSet, TimeEvent, TimeExpectation, TimeTest
from stream.wire.matchcodec import correlation_key, state_key

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_SHOWN_MAX = 8


@dataclass(frozen=True, slots=True)
class Happened:
    """One alert, or one that was held back."""

    at_seconds: float
    state: str
    count: int
    group: tuple[str, ...]

    def __str__(self) -> str:
        group = f" for {', '.join(self.group)}" if any(self.group) else ""
        return f"{self.state} at {_offset(self.at_seconds)} (count {self.count}){group}"


def problems_of_rule(rule: Rule, test: TimeTest) -> list[str]:
    """What is not as the test of a rule expects it. Held-back alerts count if the test expects any. A rule of severity
    none gives topics and raises no alert."""
    memory = Memory(DetectLimits())
    happened: list[Happened] = []
    for offset, event in enumerate(test.events):
        match = _match(event, rule.id, rule.version, rule.severity, state_key(None, rule.id), ())
        story = event.story or f"story of {event.article}"
        # A rule without throttle and groups raises an alert for every match.
        ruling = memory.rule(rule, match, offset, story)
        if ruling is not None and rule.severity is not Severity.NONE:
            state = "fired" if ruling.suppression is None else "suppressed"
            happened.append(Happened(event.at_seconds, state, ruling.group.count, _group(rule, match, story)))
    if not any(expected.state == "suppressed" for expected in test.expect):
        happened = [each for each in happened if each.state == "fired"]
    return compare(happened, test.expect)


def problems_of_correlation(correlation: Correlation, ruleset: RuleSet, test: TimeTest) -> list[str]:
    """What is not as the test of a correlation expects it."""
    memory = Memory(DetectLimits())
    definitions = Definitions.of(ruleset)
    severities = {rule.id: (rule.version, rule.severity) for rule in ruleset.rules}
    for offset, event in enumerate(test.events):
        values = {name: fold_key(value) for name, value in event.values}
        group = tuple(values.get(name, "") for name in correlation.group_by)
        version, severity = severities.get(event.rule, (1, Severity.LOW))
        key = correlation_key(None, correlation.id, group)
        match = _match(event, event.rule, version, severity, key, group, correlation.id)
        memory.correlation(correlation, match, offset, event.story or f"story of {event.article}")
    last = max([event.at_seconds for event in test.events] + [each.at_seconds for each in test.expect], default=0)
    until_us = to_us(BEGIN + timedelta(seconds=last + correlation.window.grace_seconds)) + 1
    due = memory.hear(Told(None, 0, 1, until_us, until_us, False), len(test.events), definitions)
    happened = [
        Happened((d.detection.time - BEGIN).total_seconds(), d.detection.state, d.detection.count, d.detection.values)
        for d in due
    ]
    return compare(happened, test.expect)


def _group(rule: Rule, match: Match, story: str) -> tuple[str, ...]:
    """The values of what a rule groups by beside itself."""
    values = {"story": story, **dict(match.values)}
    return tuple(fold_key(values.get(name, "")) for name in rule.group_by if name != "rule")


def compare(happened: Sequence[Happened], expected: Sequence[TimeExpectation]) -> list[str]:
    """Sentences about what happened and was not expected, or the other way round."""
    unexpected, missing = list(happened), []
    # What says more chooses first: the other would take what only this one can have.
    for each in sorted(expected, key=lambda each: (each.group is None) + (each.count is None)):
        found = next((h for h in unexpected if _is(h, each)), None)
        if found is None:
            missing.append(each)
        else:
            unexpected.remove(found)
    if not unexpected and not missing:
        return []
    shown = "; ".join(str(each) for each in happened[:_SHOWN_MAX]) or "nothing"
    more = f" and {len(happened) - _SHOWN_MAX} more" if len(happened) > _SHOWN_MAX else ""
    wanted = "; ".join(_said(each) for each in expected) or "nothing"
    return [f"found {shown}{more}, expected {wanted}"]


def _is(happened: Happened, expected: TimeExpectation) -> bool:
    return (
        (happened.at_seconds, happened.state) == (expected.at_seconds, expected.state)
        and expected.count in (None, happened.count)
        and (expected.group is None or tuple(fold_key(value) for value in expected.group) == happened.group)
    )


def _said(expected: TimeExpectation) -> str:
    count = "" if expected.count is None else f" (count {expected.count})"
    group = "" if expected.group is None else f" for {', '.join(expected.group)}"
    return f"{expected.state} at {_offset(expected.at_seconds)}{count}{group}"


def _offset(seconds: float) -> str:
    whole = int(seconds)
    parts = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        number, whole = divmod(whole, length)
        if number:
            parts.append(f"{number}{unit}")
    if whole or not parts:
        parts.append(f"{whole}s" if parts or whole else "0m")
    return "".join(parts)


def _match(
    event: TimeEvent,
    rule: str,
    version: int,
    severity: Severity,
    key: str,
    group: tuple[str, ...],
    correlation: str | None = None,
) -> Match:
    values = tuple((name, fold_key(value)) for name, value in event.values)
    time = BEGIN + timedelta(seconds=event.at_seconds)
    return Match(
        rule=RuleRef(rule, version, rule, severity, (), (), ""),
        article=ArticleRef(event.article, 1, None, None, dict(event.values).get("source"), time, ""),
        run=None,
        exercise=False,
        time=time,
        raw_timestamp_ms=0,
        summary="",
        evidence=(),
        key=key,
        values=values,
        correlation=correlation,
        group=group,
    )
