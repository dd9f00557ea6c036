"""The `tests` of a rule: articles as they would arrive, and what is expected of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast

from stream.rulelang.fields import Fields, unique
from stream.rulelang.ruleset import RuleTest, TimeTest
from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.timetests import RULE_STATES, is_over_time, read_time_test
from stream.rulelang.yamltree import Mapping, Scalar

ARTICLE_TEXTS = ("id", "title", "body", "url", "source", "author", "lang", "section", "country", "content_type", "run")
ARTICLE_TIMES = ("published", "fetched")
ARTICLE_KEYS = (*ARTICLE_TEXTS, *ARTICLE_TIMES, "revision", "exercise")


def read_tests(
    fields: Fields, exclusions: Sequence[str], rule: str
) -> tuple[tuple[RuleTest, ...], tuple[TimeTest, ...]]:
    """The tests of a rule, and those over time; `because: exclude:<name>` must name one of its exclusions."""
    entries = fields.mappings("tests")
    names = [v for e in entries for k, v in e.entries if k.text == "name" and isinstance(v, Scalar)]
    unique(names, "the test", fields.source)
    return (
        tuple(_test(entry, exclusions) for entry in entries if not is_over_time(entry)),
        tuple(read_time_test(entry, [rule] if rule else [], RULE_STATES) for entry in entries if is_over_time(entry)),
    )


def _test(entry: Mapping, exclusions: Sequence[str]) -> RuleTest:
    fields = Fields(entry, ("name", "article", "expect", "spans", "because"), "a test")
    fields.require("name", "article", "expect")
    mapping = fields.mapping_at("article")
    expect = cast(Literal["fire", "quiet"], fields.choice("expect", ("fire", "quiet"), "quiet"))
    written = fields.tree("expect")
    if isinstance(written, Scalar) and written.text == expect:
        _check_meant(fields, expect)
    return RuleTest(
        name=fields.text("name"),
        article=_article(mapping) if mapping is not None else {},
        expect=expect,
        spans=_spans(fields),
        because=_because(fields, exclusions),
        line=entry.place.line,
    )


def _check_meant(fields: Fields, expect: str) -> None:
    """`because` says why a test is quiet, `spans` what it fires on; the other way round they would say nothing."""
    key, other, says = ("because", "quiet", "why a rule is quiet")
    if expect == "quiet":
        key, other, says = ("spans", "fire", "what a rule fires on")
    if key in fields:
        help_ = f"`{key}` says {says}: delete it, or write `expect: {other}`."
        expected = f"`{key}` beside `expect: {other}` alone"
        fields.source.add("R703", fields.place(key), f"`{key}` beside `expect: {expect}`", expected, help_)


def _article(mapping: Mapping) -> dict[str, Any]:
    fields = Fields(mapping, ARTICLE_KEYS, "an article")
    fields.require("body")
    article: dict[str, Any] = {}
    for key in ARTICLE_TEXTS:
        # Blanks and line breaks are part of a text as received.
        scalar = fields.scalar(key)
        if scalar is not None:
            article[key] = scalar.text
    for key in ARTICLE_TIMES:
        scalar = fields.scalar(key)
        if scalar is not None:
            article[key] = scalar.text
            _check_time(scalar)
    if "revision" in fields:
        article["revision"] = fields.integer("revision", 1)
    exercise = fields.flag("exercise")
    if exercise is not None:
        article["exercise"] = exercise
    return article


def _check_time(scalar: Scalar) -> None:
    try:
        datetime.fromisoformat(scalar.text)
    except ValueError:
        help_ = "Write it as 2024-09-11T08:30:00Z."
        scalar.source.add("R214", scalar.place, quoted(scalar.text), "a time as RFC 3339 writes it", help_)


def _spans(fields: Fields) -> tuple[str, ...] | None:
    if "spans" not in fields:
        return None
    value = fields.tree("spans")
    # `spans: []` says that there is no evidence.
    if value is not None and not isinstance(value, Scalar | Mapping) and not value.items:
        return ()
    return fields.texts("spans")


def _because(fields: Fields, exclusions: Sequence[str]) -> str | None:
    scalar = fields.scalar("because")
    if scalar is None:
        return None
    kind, _, name = scalar.text.partition(":")
    if kind == "exclude" and name.strip():
        if name.strip() in exclusions:
            return f"exclude:{name.strip()}"
        found, expected = f"the exclusion {quoted(name.strip())}", "an exclusion of this rule"
        help_ = did_you_mean(name.strip(), exclusions, "exclude:{}") or "Add it under `exclude:`."
        fields.source.add("R211", scalar.place, found, expected, help_)
    elif scalar.text not in ("match", "scope"):
        help_ = did_you_mean(kind, ("match", "scope"))
        fields.source.add("R211", scalar.place, quoted(scalar.text), "match, scope or exclude:<name>", help_)
    return scalar.text
