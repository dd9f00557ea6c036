"""The JSON Schema of rule files, for editors: keys, types and values. What expressions mean is `load`'s business."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from stream.model import Severity
from stream.rulelang.alertsection import GROUP_NAMES
from stream.rulelang.correlationfile import (
    CORRELATION_KEYS,
    CORRELATION_TYPES,
    COUNT_MAX,
    COUNTS,
    OPERATORS,
    STATUSES,
    WINDOW_KINDS,
)
from stream.rulelang.fields import INTEGER_MAX, TEXT_CODE_POINTS_MAX
from stream.rulelang.grammar import EXPRESSION_CODE_POINTS_MAX
from stream.rulelang.rulefile import KINDS, LIST_KEYS, RULE_KEYS, SCHEMA
from stream.rulelang.template import CORRELATION_PLACEHOLDERS, PLACEHOLDERS
from stream.rulelang.testsection import ARTICLE_KEYS
from stream.rulelang.timetests import CORRELATION_STATES, EVENT_KEYS, RULE_STATES, VALUE_NAMES

Schema = dict[str, Any]

# Rule files keep every value as text; an editor reads `2024` and `true` as it likes.
_TEXT: Schema = {"type": ["string", "number", "boolean"], "maxLength": TEXT_CODE_POINTS_MAX}
_EXPRESSION: Schema = {"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": EXPRESSION_CODE_POINTS_MAX}
_ID: Schema = {"type": ["string", "number"], "pattern": "^[a-z0-9_.]+$"}
_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": INTEGER_MAX}
_DURATION: Schema = {
    "type": "string",
    "pattern": "^([0-9]{1,9}w)?([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$",
    "minLength": 2,
}
_TIME: Schema = {"type": "string", "pattern": "^[0-9]{4}-?[0-9]{2}-?[0-9]{2}([T ].+)?$"}

_DESCRIPTIONS = {
    "schema": "The version of this format: rules/v1.",
    "kind": "What the document is: a rule, a list of words, or a correlation.",
    "id": "The name, unique over all files of the folder: small letters, digits, _ and .",
    "version": "Counts up when the meaning changes; part of the id of every alert.",
    "title": "One line that says what the rule finds.",
    "status": "A stable rule needs a test that fires and one that stays quiet, and one over time if it has state.",
    "severity": "How urgent an alert is; none for rules that only give topics.",
    "topics": "Topics that an article gets when the rule holds; levels with /: energy/gas",
    "false_positives": "What the rule is known to find by mistake.",
    "scope": "The articles that the rule looks at.",
    "keywords": "The short form of an expression: any of these words and phrases.",
    "match": "The expression that must hold.",
    "exclude": "Exceptions: they mask the words that they find, or drop the article.",
    "mask": "phrase (default) blanks the words found, article drops the article.",
    "alert": "How alerts of the rule look.",
    "summary": "One line with placeholders such as {rule.title} and {evidence.best.sentence}.",
    "tests": "Articles, and what the rule says about each.",
    "items": "Words, phrases and other lists, as in expressions; a phrase needs no quotes here.",
    "because": "Why a test is quiet: match, scope or exclude:<name>.",
    "spans": "Texts that must be among the evidence, as the article has them.",
    "max_age": "The age, from publication to event time, up to which articles count: 48h",
    "throttle": "At most one alert in so much event time; what is held back is recorded.",
    "every": "How long after an alert the next ones are held back: 6h",
    "per": "What the throttle counts apart; contains rule, and may add story, source and others.",
    "pass": "higher (the only value): a higher severity is never held back.",
    "group_by": "What is counted together.",
    "type": "What is counted, or the shape of a window.",
    "rules": "Ids of the rules whose matches count.",
    "window": "Which matches count together.",
    "size": "How long a window is: 1h",
    "grace": "How long to wait for matches that come late: 10m",
    "gap": "How long a session may be silent: 30m",
    "count": "What counts once: an article (default), a story (copies of one report), a source.",
    "condition": "What must hold for the count: gte: 8",
    "baseline": "A spike is factor times the mean of a window, and at least min.",
    "keep_firing_for": "How long the condition must not hold before the alert is resolved: 2h",
    "events": "Matches in a test over time.",
    "at": "Time since the beginning of the test: 75m",
}


def file_schema() -> Schema:
    """JSON Schema (2020-12) of one document of a rule file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Redline rule file",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": _described("kind", {"enum": list(KINDS)})},
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in KINDS
        ],
        "$defs": {"rule": _rule(), "list": _list(), "correlation": _correlation()},
    }


def _about() -> dict[str, Schema]:
    return {
        "schema": {"const": SCHEMA},
        "kind": {},
        "id": _ID,
        "version": _NUMBER,
        "title": _TEXT,
        "description": _TEXT,
        "author": _texts_or_text(),
        "created": _texts_or_text(),
        "references": _texts_or_text(),
        "labels": {"type": "object", "additionalProperties": _TEXT},
        "runbook": _texts_or_text(),
        "false_positives": _texts_or_text(),
        "status": {"enum": list(STATUSES)},
        "severity": {"enum": [severity.value for severity in Severity]},
        "topics": _array({"type": ["string", "number"], "pattern": "^[a-z0-9_.-]+(/[a-z0-9_.-]+)*$"}, minimum=0),
        "alert": _alert(),
    }


def _rule() -> Schema:
    known = {
        **_about(),
        "scope": _object({"lang": _array(_TEXT), "source": _array(_TEXT), "max_age": _DURATION}),
        "keywords": _array(_EXPRESSION),
        "match": _EXPRESSION,
        "exclude": _array(_exclusion(), minimum=0),
        "tests": _array(_either("events", _time_test(RULE_STATES), _test()), minimum=0),
    }
    rule = _object({key: known[key] for key in RULE_KEYS}, required=("kind", "id", "severity"))
    rule["oneOf"] = [{"required": ["match"]}, {"required": ["keywords"]}]
    rule["allOf"] = [
        {
            "if": {"properties": {"severity": {"const": Severity.NONE.value}}},
            "then": {"required": ["topics"], "properties": {"topics": {"minItems": 1}}},
        },
        {
            "if": {"required": ["status"], "properties": {"status": {"const": "stable"}}},
            "then": {
                "required": ["tests"],
                "properties": {"tests": {"allOf": [{"contains": _expecting(e)} for e in ("fire", "quiet")]}},
            },
        },
    ]
    return rule


def _expecting(expect: str) -> Schema:
    return {"type": "object", "properties": {"expect": {"const": expect}}, "required": ["expect"]}


def _list() -> Schema:
    known = {**_about(), "items": _array(_EXPRESSION)}
    return _object({key: known[key] for key in LIST_KEYS}, required=("kind", "id", "items"))


def _correlation() -> Schema:
    known = {
        **_about(),
        "severity": {"enum": [severity.value for severity in Severity if severity is not Severity.NONE]},
        "type": {"enum": list(CORRELATION_TYPES)},
        "rules": _array(_ID),
        "group_by": _array({"enum": list(VALUE_NAMES)}, minimum=0),
        "window": _window(),
        "count": {"enum": list(COUNTS)},
        "condition": _condition(),
        "keep_firing_for": _DURATION,
        "alert": _object({"summary": _summary(CORRELATION_PLACEHOLDERS)}),
        "tests": _array(_time_test(CORRELATION_STATES), minimum=0),
    }
    required = ("kind", "id", "type", "rules", "window", "severity")
    correlation = _object({key: known[key] for key in CORRELATION_KEYS}, required=required)
    correlation["allOf"] = [
        _of_type(["event_count"], {"required": ["condition"], "properties": {"condition": _compared()}}),
        _of_type(["value_count"], {"required": ["condition"], "properties": {"condition": _compared("field")}}),
        _of_type(["spike"], {"required": ["condition"], "properties": {"condition": {"required": ["baseline"]}}}),
        _of_type(["absence"], {"not": {"required": ["condition"]}}),
        _of_type(["temporal", "temporal_ordered"], {"properties": {"rules": {"minItems": 2}}}),
        {
            "if": {"required": ["status"], "properties": {"status": {"const": "stable"}}},
            "then": {"required": ["tests"], "properties": {"tests": {"minItems": 1}}},
        },
    ]
    return correlation


def _of_type(types: Sequence[str], then: Schema) -> Schema:
    return {"if": {"properties": {"type": {"enum": list(types)}}, "required": ["type"]}, "then": then}


def _compared(*also: str) -> Schema:
    return {"oneOf": [{"required": [operator]} for operator in OPERATORS], "required": list(also)}


def _window() -> Schema:
    window = _object(
        {
            "size": _DURATION,
            "type": {"enum": list(WINDOW_KINDS)},
            "time": {"enum": ["event", "published"]},
            "grace": _DURATION,
            "gap": _DURATION,
        },
        required=("size",),
    )
    session: Schema = {"required": ["type"], "properties": {"type": {"const": "session"}}}
    return {**window, "if": session, "then": {"required": ["gap"]}, "else": {"not": {"required": ["gap"]}}}


def _condition() -> Schema:
    number = {"type": "integer", "minimum": 0, "maximum": COUNT_MAX}
    baseline = {"over": _DURATION, "factor": {"type": "number", "minimum": 1}, "min": {**number, "minimum": 1}}
    return _object(
        {
            **dict.fromkeys(OPERATORS, number),
            "field": {"enum": list(VALUE_NAMES)},
            "baseline": _object(baseline, required=("over", "factor")),
        }
    )


def _time_test(states: Sequence[str]) -> Schema:
    plain: Schema = {"type": ["string", "number", "boolean"]}
    event = {**dict.fromkeys(EVENT_KEYS, plain), "at": _DURATION}
    expected = {
        "at": _DURATION,
        "state": {"enum": list(states)},
        "count": {"type": "integer", "minimum": 0},
        "group": _array(plain),
    }
    return _object(
        {
            "name": _TEXT,
            "events": _array(_object(event, required=("at",))),
            "expect": _array(_object(expected, required=("at", "state")), minimum=0),
        },
        required=("name", "events", "expect"),
    )


def _either(key: str, then: Schema, otherwise: Schema) -> Schema:
    return {"if": {"required": [key]}, "then": then, "else": otherwise}


def _exclusion() -> Schema:
    properties = {"name": _TEXT, "reason": _TEXT, "mask": {"enum": ["phrase", "article"]}, "match": _EXPRESSION}
    return _object(properties, required=("name", "match"))


def _alert() -> Schema:
    grouping = {**_array({"enum": list(GROUP_NAMES)}), "contains": {"const": "rule"}}
    throttle = _object({"every": _DURATION, "per": grouping, "pass": {"enum": ["higher"]}}, required=("every",))
    return _object({"group_by": grouping, "throttle": throttle, "summary": _summary(PLACEHOLDERS)})


def _summary(placeholders: Sequence[str]) -> Schema:
    names = "|".join(re.escape(name).replace(r"\.0\.", r"\.[0-9]{1,2}\.") for name in placeholders)
    return {**_TEXT, "pattern": f"^([^{{}}]|\\{{({names})\\}})*$"}


def _test() -> Schema:
    special: dict[str, Schema] = {
        "published": _TIME,
        "fetched": _TIME,
        "revision": _NUMBER,
        "exercise": {"type": "boolean"},
    }
    article = {key: special.get(key, {"type": ["string", "number", "boolean"]}) for key in ARTICLE_KEYS}
    return _object(
        {
            "name": _TEXT,
            "article": _object(article, required=("body",)),
            "expect": {"enum": ["fire", "quiet"]},
            "spans": _array(_TEXT, minimum=0),
            "because": {"type": "string", "pattern": "^(match|scope|exclude: *[^ ].*)$"},
        },
        required=("name", "article", "expect"),
    )


def _object(properties: dict[str, Schema], required: Sequence[str] = ()) -> Schema:
    described = {key: _described(key, value) for key, value in properties.items()}
    schema: Schema = {"type": "object", "properties": described, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _described(key: str, schema: Schema) -> Schema:
    return {"description": _DESCRIPTIONS[key], **schema} if key in _DESCRIPTIONS else schema


def _array(items: Schema, minimum: int = 1) -> Schema:
    return {"type": "array", "items": items, "minItems": minimum}


def _texts_or_text() -> Schema:
    return {"anyOf": [_TEXT, _array(_TEXT, minimum=0)]}
