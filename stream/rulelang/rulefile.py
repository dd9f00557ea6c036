"""The schema of rule files: a document to a rule or a list, their expressions parsed and not yet resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from stream.clean import fold_key
from stream.model import Severity
from stream.rulelang.alertsection import read_alert
from stream.rulelang.correlationfile import CORRELATION_KEYS, STATUSES, CorrelationDraft, read_correlation
from stream.rulelang.fields import Fields, unique
from stream.rulelang.grammar import parse
from stream.rulelang.items import read_items
from stream.rulelang.langtags import no_language
from stream.rulelang.nodes import Node, Or, Place, Word
from stream.rulelang.ruleset import Exclusion, Rule, Scope
from stream.rulelang.source import Source, did_you_mean, quoted
from stream.rulelang.testsection import read_tests
from stream.rulelang.yamltree import Mapping, Scalar, Tree

SCHEMA = "rules/v1"
KINDS = ("rule", "list", "correlation")

ABOUT_KEYS = ("schema", "kind", "id", "version", "title", "description", "author", "created", "references", "labels")
RULE_KEYS = (
    *ABOUT_KEYS,
    *("status", "severity", "topics", "runbook", "false_positives", "scope", "keywords", "match", "exclude"),
    *("alert", "tests"),
)
LIST_KEYS = (*ABOUT_KEYS, "items")

# Stands for an expression that could not be parsed; nothing is checked or compiled with it in.
BROKEN: Node = Word("")

_ID = re.compile(r"[a-z0-9_.]+\Z")
_TOPIC = re.compile(r"[a-z0-9_.-]+(?:/[a-z0-9_.-]+)*\Z")


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule whose expressions may hold ListRefs, `BROKEN` or mistakes that the checker will find."""

    rule: Rule
    place: Place
    source: Source
    has_keywords: bool = False


@dataclass(frozen=True, slots=True)
class ListDraft:
    """A list with its items as they were written."""

    id: str
    items: tuple[Node, ...]
    place: Place
    source: Source


def read_document(document: Tree, source: Source) -> RuleDraft | ListDraft | CorrelationDraft | None:
    """One document of a rule file; None where nothing can be made of it."""
    if isinstance(document, Scalar) and document.refused:
        return None
    if not isinstance(document, Mapping):
        help_ = "Begin it with `kind: rule`; `---` separates documents."
        source.add("R108", document.place, "a document without keys", "a rule, a list or a correlation", help_)
        return None
    kinds = [value for key, value in document.entries if key.text == "kind"]
    kind = kinds[0].text if kinds and isinstance(kinds[0], Scalar) else ""
    if kind == "list":
        return _list(Fields(document, LIST_KEYS, "a list"))
    if kind == "correlation":
        fields = Fields(document, CORRELATION_KEYS, "a correlation")
        return read_correlation(fields, _about(fields), _topics(fields), _labels(fields))
    if kind == "rule":
        return _rule(Fields(document, RULE_KEYS, "a rule"))
    if kinds and isinstance(kinds[0], Scalar) and kinds[0].refused:
        return None
    place = kinds[0].place if kinds else document.place
    found = quoted(kind) if kinds else "a document without `kind`"
    help_ = did_you_mean(kind, KINDS, "kind: {}")
    source.add("R204" if kinds else "R202", place, found, f"one of {', '.join(KINDS)}", help_)
    return None


def _list(fields: Fields) -> ListDraft | None:
    identifier = _about(fields)
    fields.require("items")
    items = [node for node in read_items(fields.scalars("items")) if node is not None]
    if identifier is None:
        return None
    return ListDraft(identifier.text, tuple(items), identifier.place, fields.source)


def _rule(fields: Fields) -> RuleDraft | None:
    identifier = _about(fields)
    fields.require("severity")
    severity = Severity(fields.choice("severity", [s.value for s in Severity], "none"))
    topics = _topics(fields)
    if _is_none(fields.tree("severity")) and not topics:
        help_ = "Give it topics, or a severity from info to critical."
        fields.source.add(
            "R206", fields.place("severity"), "a rule that gives no topic and no alert", "one of the two", help_
        )
    exclusions = tuple(_exclusion(entry) for entry in fields.mappings("exclude"))
    names = [name for entry in fields.mappings("exclude") for name in _scalars_named(entry, "name")]
    unique(names, "the exclusion", fields.source)
    for key in ("runbook", "false_positives"):
        fields.text_or_texts(key)
    name = "" if identifier is None else identifier.text
    tests, time_tests = read_tests(fields, tuple(e.name for e in exclusions), name)
    match, alert, labels = _condition(fields), read_alert(fields), _labels(fields)
    if identifier is None:
        return None
    rule = Rule(
        id=identifier.text,
        version=fields.integer("version", 1),
        title=fields.text("title", identifier.text),
        description=fields.text("description"),
        status=cast(Literal["experimental", "stable", "deprecated"], fields.choice("status", STATUSES, "experimental")),
        severity=severity,
        topics=topics,
        labels=labels,
        scope=_scope(fields),
        match=match,
        exclusions=exclusions,
        summary=alert.summary,
        tests=tests,
        file=fields.source.path,
        line=fields.mapping.place.line,
        group_by=alert.group_by,
        throttle=alert.throttle,
        time_tests=time_tests,
    )
    return RuleDraft(rule, identifier.place, fields.source, "keywords" in fields)


def _about(fields: Fields) -> Scalar | None:
    """The keys that every kind of document has; the id when it is usable."""
    fields.require("id")
    fields.choice("schema", (SCHEMA,), SCHEMA)
    for key in ("author", "references", "created"):
        fields.text_or_texts(key)
    identifier = fields.scalar("id")
    if identifier is not None and _ID.match(identifier.text) is None:
        help_ = "An id has small letters, digits, `_` and `.`: ru.red_line.threat"
        fields.source.add("R205", identifier.place, quoted(identifier.text), "an id of [a-z0-9_.]+", help_)
        return None
    return identifier


def _condition(fields: Fields) -> Node:
    misspelt = fields.is_misspelt("match") or fields.is_misspelt("keywords")
    if ("match" in fields) == ("keywords" in fields) and not misspelt:
        found = "both `match` and `keywords`" if "match" in fields else "neither `match` nor `keywords`"
        help_ = "`keywords` is the short form of an expression with OR; keep one of the two."
        fields.source.add("R206", fields.place("match"), found, "exactly one of the two", help_)
    if "keywords" in fields:
        items = read_items(fields.scalars("keywords"))
        if not items or None in items:
            return BROKEN
        operands = tuple(node for node in items if node is not None)
        return operands[0] if len(operands) == 1 else Or(operands, place=fields.place("keywords"))
    expression = fields.scalar("match")
    return (parse(expression) if expression is not None else None) or BROKEN


def _topics(fields: Fields) -> tuple[str, ...]:
    scalars = fields.scalars("topics", may_be_empty=True)
    for scalar in scalars:
        if _TOPIC.match(scalar.text) is None:
            help_ = "A topic has small letters, digits, `_`, `.` and `-`, with `/` between its levels: energy/gas"
            fields.source.add("R213", scalar.place, quoted(scalar.text), "the name of a topic", help_)
    return tuple(dict.fromkeys(s.text for s in scalars))


def _labels(fields: Fields) -> tuple[tuple[str, str], ...]:
    mapping = fields.mapping_at("labels")
    if mapping is None:
        return ()
    inner = Fields(mapping, [key.text for key, _ in mapping.entries], "labels")
    return tuple((key.text, inner.text(key.text)) for key, _ in mapping.entries)


def _scope(fields: Fields) -> Scope:
    mapping = fields.mapping_at("scope")
    if mapping is None:
        return Scope()
    inner = Fields(mapping, ("lang", "source", "max_age"), "scope")
    return Scope(_scope_values(inner, "lang"), _scope_values(inner, "source"), inner.seconds("max_age"))


def _scope_values(fields: Fields, key: str) -> tuple[str, ...] | None:
    """Folded values; a bare `*` is no condition at all."""
    values = []
    for scalar in fields.scalars(key):
        text = scalar.text.strip()
        if text.startswith("@"):
            help_ = f"A list stands in an expression: {key}:{text}"
            fields.source.add("R204", scalar.place, f"the list {quoted(text)}", "a value", help_)
        if "*" in text[:-1]:
            help_ = "A value that ends in a star is a prefix."
            fields.source.add("R411", scalar.place, "a star inside a value", "one star, at its end", help_)
        if key == "lang" and (other := no_language(text)) is not None:
            fields.source.add("R913", scalar.place, quoted(text), "a language as articles have it", other)
        star = "*" if text.endswith("*") else ""
        values.append(fold_key(text.removesuffix("*")) + star)
    return None if not values or "*" in values else tuple(values)


def _exclusion(entry: Mapping) -> Exclusion:
    fields = Fields(entry, ("name", "reason", "mask", "match"), "an exclusion")
    fields.require("name", "match")
    expression = fields.scalar("match")
    node = (parse(expression) if expression is not None else None) or BROKEN
    mask = cast(Literal["phrase", "article"], fields.choice("mask", ("phrase", "article"), "phrase"))
    return Exclusion(fields.text("name"), fields.text("reason"), mask, node)


def _is_none(tree: Tree | None) -> bool:
    return isinstance(tree, Scalar) and tree.text == Severity.NONE.value


def _scalars_named(entry: Mapping, name: str) -> list[Scalar]:
    return [value for key, value in entry.entries if key.text == name and isinstance(value, Scalar)]
