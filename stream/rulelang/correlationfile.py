"""Correlations: a document of `kind: correlation` to a draft, with what does not go together noted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from stream.model import Severity
from stream.rulelang.fields import Fields, unique
from stream.rulelang.nodes import Place
from stream.rulelang.ruleset import Baseline, Condition, Correlation, CorrelationType, Count, TimeTest, Window
from stream.rulelang.source import Source, did_you_mean, quoted
from stream.rulelang.template import CORRELATION_SUMMARY, check_template
from stream.rulelang.timetests import CORRELATION_STATES, VALUE_NAMES, is_over_time, read_time_test
from stream.rulelang.yamltree import Mapping, Scalar

CORRELATION_KEYS = (
    *("schema", "kind", "id", "version", "title", "description", "status", "author", "created", "references", "labels"),
    *("runbook", "false_positives", "type", "rules", "group_by", "window", "count", "condition", "keep_firing_for"),
    *("severity", "topics", "alert", "tests"),
)
CORRELATION_TYPES = ("event_count", "value_count", "temporal", "temporal_ordered", "spike", "absence")
WINDOW_KEYS = ("size", "type", "time", "grace", "gap")
WINDOW_KINDS = ("sliding", "tumbling", "session")
OPERATORS = ("gt", "gte", "lt", "lte", "eq")
CONDITION_KEYS = (*OPERATORS, "field", "baseline")
BASELINE_KEYS = ("over", "factor", "min")
COUNTS = ("article", "story", "source")
STATUSES = ("experimental", "stable", "deprecated")
COUNT_MAX = 1_000
"""Largest number that a condition compares with: a window keeps more events than this (`Limits`)."""

_FACTOR = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?\Z")


@dataclass(frozen=True, slots=True)
class CorrelationDraft:
    """A correlation whose rules are not looked up yet; `rules` are the places of their ids."""

    correlation: Correlation
    place: Place
    source: Source
    rules: tuple[Scalar, ...]


def read_correlation(
    fields: Fields, identifier: Scalar | None, topics: tuple[str, ...], labels: tuple[tuple[str, str], ...]
) -> CorrelationDraft | None:
    """The draft, or None where it has no usable id. What all kinds of documents have was read by the caller."""
    fields.require("type", "rules", "window", "severity")
    for key in ("runbook", "false_positives"):
        fields.text_or_texts(key)
    kind = cast(CorrelationType, fields.choice("type", CORRELATION_TYPES, "event_count"))
    rules = fields.scalars("rules")
    unique(rules, "the rule", fields.source, "delete this one, each rule stands once")
    if kind in ("temporal", "temporal_ordered") and len(rules) == 1:
        _odd(fields, "rules", f"`type: {kind}` over one rule", "two rules or more", "Use `type: event_count` for one.")
    severity = Severity(fields.choice("severity", [s.value for s in Severity], "info"))
    if severity is Severity.NONE:
        help_ = "Give it a severity from info to critical."
        fields.source.add("R206", fields.place("severity"), "a correlation that raises no alert", "a severity", help_)
    count = cast(Count, fields.choice("count", COUNTS, "article"))
    draft_window, condition = _window(fields, kind), _condition(fields, kind)
    keep, summary = fields.seconds("keep_firing_for") or 0, _summary(fields)
    group_by, tests = _group_by(fields), _tests(fields, [rule.text for rule in rules])
    if identifier is None:
        return None
    correlation = Correlation(
        id=identifier.text,
        version=fields.integer("version", 1),
        title=fields.text("title", identifier.text),
        description=fields.text("description"),
        status=cast(Literal["experimental", "stable", "deprecated"], fields.choice("status", STATUSES, "experimental")),
        severity=severity,
        topics=topics,
        labels=labels,
        type=kind,
        rules=tuple(rule.text for rule in rules),
        group_by=group_by,
        window=draft_window,
        count=count,
        condition=condition,
        keep_firing_seconds=keep,
        summary=summary,
        tests=tests,
        file=fields.source.path,
        line=fields.mapping.place.line,
    )
    return CorrelationDraft(correlation, identifier.place, fields.source, tuple(rules))


def _window(fields: Fields, kind: CorrelationType) -> Window:
    mapping = fields.mapping_at("window")
    if mapping is None:
        return Window(1)
    inner = Fields(mapping, WINDOW_KEYS, "a window")
    inner.require("size")
    size, grace, gap = inner.seconds("size"), inner.seconds("grace", 0), inner.seconds("gap")
    shape = cast(Literal["sliding", "tumbling", "session"], inner.choice("type", WINDOW_KINDS, "sliding"))
    time = cast(Literal["event", "published"], inner.choice("time", ("event", "published"), "event"))
    if shape == "session" and "gap" not in inner:
        _odd(inner, "type", "a session without `gap`", "how long a session may be silent", "Add `gap: 30m`.")
    if shape != "session" and "gap" in inner:
        _odd(inner, "gap", f"`gap` in a {shape} window", "`gap` in a session", "Delete it, or write `type: session`.")
    if kind in ("spike", "absence") and shape != "sliding":
        _odd(inner, "type", f"`type: {kind}` over a {shape} window", "a sliding window", "Write `type: sliding`.")
    return Window(size or 1, shape, time, grace or 0, gap)


def _condition(fields: Fields, kind: CorrelationType) -> Condition:
    mapping = fields.mapping_at("condition")
    if mapping is None:
        if kind in ("event_count", "value_count", "spike") and "condition" not in fields:
            fields.require("condition")
        return Condition()
    inner = Fields(mapping, CONDITION_KEYS, "a condition")
    operators = [operator for operator in OPERATORS if operator in inner]
    if kind == "absence":
        _odd(
            fields,
            "condition",
            "a condition of an absence",
            "none",
            "Delete it: an absence is a window without events.",
        )
        return Condition()
    if kind == "spike":
        return _spike(inner, fields, operators)
    if "baseline" in inner:
        _odd(inner, "baseline", f"`baseline` of `type: {kind}`", "`baseline` of a spike", "Delete it, or use `spike`.")
    if kind == "value_count" and "field" not in inner:
        _odd(fields, "condition", "`value_count` without `field`", "whose values are counted", "Add `field: source`.")
    if kind != "value_count" and "field" in inner:
        help_ = "Delete it, or write `type: value_count`."
        _odd(inner, "field", f"`field` of `type: {kind}`", "`field` of a value_count", help_)
    field = inner.choice("field", VALUE_NAMES, VALUE_NAMES[0]) if "field" in inner else None
    if len(operators) > 1 or (not operators and kind in ("event_count", "value_count")):
        found = " and ".join(f"`{operator}`" for operator in operators) or "a condition without a comparison"
        help_ = "Write one of gt, gte, lt, lte and eq: `gte: 8`."
        fields.source.add("R206", fields.place("condition"), found, "exactly one comparison", help_)
    if not operators:
        return Condition(field=field)
    operator = operators[0]
    value = inner.integer(operator, 1, minimum=0 if operator in ("lte", "eq", "gt") else 1)
    _check_count(inner, operator, value)
    return Condition(cast(Literal["gt", "gte", "lt", "lte", "eq"], operator), value, field)


def _spike(inner: Fields, fields: Fields, operators: list[str]) -> Condition:
    if operators or "field" in inner:
        _odd(inner, (operators or ["field"])[0], "a comparison of a spike", "a `baseline` alone", "Delete it.")
    mapping = inner.mapping_at("baseline")
    if mapping is None:
        help_ = "Add `baseline: {over: 7d, factor: 3, min: 5}`."
        _odd(fields, "condition", "a spike without `baseline`", "what it is measured against", help_)
        return Condition()
    baseline = Fields(mapping, BASELINE_KEYS, "a baseline")
    baseline.require("over", "factor")
    over, least = baseline.seconds("over"), baseline.integer("min", 1)
    _check_count(baseline, "min", least)
    factor = baseline.scalar("factor")
    number = float(factor.text) if factor is not None and _FACTOR.match(factor.text) else 1.0
    if factor is not None and (not _FACTOR.match(factor.text) or number < 1):
        help_ = "Write how many times the usual number makes a spike: `factor: 3`."
        fields.source.add("R208", factor.place, quoted(factor.text), "a number of at least 1", help_)
    return Condition(baseline=Baseline(over or 1, number, least))


def _check_count(fields: Fields, key: str, value: int) -> None:
    if value > COUNT_MAX:
        _odd(fields, key, f"{value:,}", f"at most {COUNT_MAX:,}", "A window does not keep so many events.")


def _group_by(fields: Fields) -> tuple[str, ...]:
    names = []
    for scalar in fields.scalars("group_by", may_be_empty=True):
        if scalar.text not in VALUE_NAMES:
            help_ = did_you_mean(scalar.text, VALUE_NAMES)
            fields.source.add("R204", scalar.place, quoted(scalar.text), "a name to group by", help_)
        names.append(scalar.text)
    return tuple(dict.fromkeys(names))


def _summary(fields: Fields) -> str:
    mapping = fields.mapping_at("alert")
    if mapping is None:
        return CORRELATION_SUMMARY
    summary = Fields(mapping, ("summary",), "the alert of a correlation").scalar("summary")
    if summary is None:
        return CORRELATION_SUMMARY
    check_template(summary, correlation=True)
    return summary.text.strip()


def _tests(fields: Fields, rules: list[str]) -> tuple[TimeTest, ...]:
    entries: list[Mapping] = fields.mappings("tests")
    names = [v for e in entries for k, v in e.entries if k.text == "name" and isinstance(v, Scalar)]
    unique(names, "the test", fields.source)
    for entry in entries:
        if not is_over_time(entry):
            help_ = "Write the matches of its rules: `events: [{at: 0m, rule: …}, …]`."
            fields.source.add(
                "R202", entry.place, "a test of a correlation without `events`", "the key `events`", help_
            )
    return tuple(read_time_test(entry, rules, CORRELATION_STATES) for entry in entries if is_over_time(entry))


def _odd(fields: Fields, key: str, found: str, expected: str, help_: str) -> None:
    fields.source.add("R217", fields.place(key), found, expected, help_)
