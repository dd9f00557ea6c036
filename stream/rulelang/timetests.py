"""Tests over time: matches as they would arrive, and the alerts that must come of them, no more and no less.

    {name: …, events: [{at: 0m, rule: …, story: s1, source: Reuters}, …], expect: [{at: 75m, state: fired, count: 8}]}

`at` counts from the beginning of the test. Events without an `article` are of different articles, events without a
`story` of different stories. `expect: []`: no alert at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from stream.rulelang.fields import Fields
from stream.rulelang.ruleset import TimeEvent, TimeExpectation, TimeTest
from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.yamltree import Mapping, Scalar
from stream.rulelang.yamltree import Sequence as Items

VALUE_NAMES = ("source", "country", "topic", "lang", "section", "author")
"""What events can be grouped by and counted by, as articles have it."""

EVENT_KEYS = ("at", "rule", "article", "story", *VALUE_NAMES)
EXPECT_KEYS = ("at", "state", "count", "group")
TIME_TEST_KEYS = ("name", "events", "expect")
CORRELATION_STATES = ("fired", "updated", "resolved")
RULE_STATES = ("fired", "suppressed")

State = Literal["fired", "updated", "resolved", "suppressed"]


def is_over_time(entry: Mapping) -> bool:
    """Whether a test has events rather than an article."""
    return any(key.text == "events" for key, _ in entry.entries)


def read_time_test(entry: Mapping, rules: Sequence[str], states: Sequence[str]) -> TimeTest:
    """One test; its events are of `rules` (of the only one, if they do not say), what it expects is among `states`."""
    fields = Fields(entry, TIME_TEST_KEYS, "a test over time")
    fields.require(*TIME_TEST_KEYS)
    events = fields.tree("events")
    if isinstance(events, Items) and not events.items:
        help_ = "Write the matches of its rules: `events: [{at: 0m}, {at: 5m}]`. Without any nothing is tested."
        fields.source.add("R210", events.place, "an empty list behind `events:`", "at least one event", help_)
    return TimeTest(
        name=fields.text("name"),
        events=tuple(_event(event, number, rules) for number, event in enumerate(fields.mappings("events"), 1)),
        expect=tuple(_expectation(expected, states) for expected in fields.mappings("expect")),
        line=entry.place.line,
    )


def _event(mapping: Mapping, number: int, rules: Sequence[str]) -> TimeEvent:
    fields = Fields(mapping, EVENT_KEYS, "an event")
    fields.require("at")
    if len(rules) != 1:
        fields.require("rule")
    return TimeEvent(
        at_seconds=fields.seconds("at", 0) or 0,
        rule=_rule(fields, rules),
        article=fields.text("article") or f"article-{number}",
        story=fields.text("story") or None,
        values=tuple((name, fields.text(name)) for name in VALUE_NAMES if name in fields),
    )


def _rule(fields: Fields, rules: Sequence[str]) -> str:
    scalar: Scalar | None = fields.scalar("rule")
    if scalar is None:
        return rules[0] if rules else ""
    if rules and scalar.text not in rules:
        help_ = did_you_mean(scalar.text, rules)
        fields.source.add("R204", scalar.place, f"the rule {quoted(scalar.text)}", "a rule that is counted here", help_)
    return scalar.text


def _expectation(mapping: Mapping, states: Sequence[str]) -> TimeExpectation:
    fields = Fields(mapping, EXPECT_KEYS, "an expectation")
    fields.require("at", "state")
    return TimeExpectation(
        at_seconds=fields.seconds("at", 0) or 0,
        state=cast(State, fields.choice("state", states, states[0])),
        count=fields.integer("count", 0, minimum=0) if "count" in fields else None,
        group=fields.texts("group") if "group" in fields else None,
    )
