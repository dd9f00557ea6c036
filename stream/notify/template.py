"""Texts of messages: placeholders as in the summaries of rules, looked up in a fixed table, nothing evaluated. Pure.

Placeholders rather than a template language: they are the ones that rules have, are checked with their place when the
file is read, and cannot do anything, whoever writes the article they are filled with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stream.clean.printable import printable
from stream.notify.notice import Notice
from stream.rulelang.source import Source, did_you_mean, quoted
from stream.rulelang.yamltree import Scalar
from stream.wire.telling import telling_piece

VALUE_CODE_POINTS_MAX = 1_000
MISSING = "–"

PLACEHOLDERS = (
    "summary",
    "severity",
    "state",
    "time",
    "topics",
    "alert.id",
    "rule.id",
    "rule.version",
    "rule.title",
    "article.id",
    "article.title",
    "article.source",
    "article.url",
    "article.published",
    "evidence.0.text",
    "evidence.0.sentence",
    "evidence.best.text",
    "evidence.best.sentence",
    "group.count",
    "group.stories",
    "group.sources",
    "labels.NAME",
)
"""What a template may name, in braces; `evidence.N` counts from 0 to 99, `evidence.best` is the
piece that says most, `labels.NAME` is a label of the rule."""

TITLE = "[{severity}] {rule.title}"
BODY = "{summary}\n{evidence.best.sentence}\n— {article.source}: {article.title}\n{article.url}"
LINE = "[{severity}] {summary} {article.url}"

_BRACE = re.compile(r"\{([^{}]*)\}|[{}]")
_EVIDENCE = re.compile(r"evidence\.(\d{1,2}|best)\.(text|sentence)")
_LABEL = re.compile(r"labels\.[A-Za-z0-9_.-]{1,100}")


def template_fault(scalar: Scalar, source: Source) -> None:
    """Notes placeholders that are none, and braces that belong to none."""
    for found in _BRACE.finditer(scalar.text):
        place, name = scalar.place_of(found.start(), found.end()), found.group(1)
        if name is None:
            help_ = "Braces enclose a placeholder, such as {rule.title}."
            source.add("R209", place, f"a single `{found.group()}`", "braces in pairs", help_)
        elif not (name in PLACEHOLDERS[:-1] or _EVIDENCE.fullmatch(name) or _LABEL.fullmatch(name)):
            help_ = did_you_mean(name, PLACEHOLDERS, "{{{}}}")
            source.add("R209", place, f"the placeholder {quoted(found.group())}", "a known placeholder", help_)


def filled(template: str, notice: Notice) -> str:
    """The text of one alert; what it does not have is a dash, and lines that then say nothing are left out."""
    lines = []
    for line in template.split("\n"):
        names = [name for name in _BRACE.findall(line) if name]
        values = [_value(name, notice) for name in names]
        if names and not any(values):
            continue
        given = iter(values)
        lines.append(_BRACE.sub(lambda _, given=given: next(given, "") or MISSING, line))  # type: ignore[misc]
    return "\n".join(lines)


def digest_title(notices: Sequence[Notice]) -> str:
    """`12 alerts: 2 critical, 10 low`."""
    ordered = sorted(notices, key=lambda notice: -notice.severity.number)
    counts: dict[str, int] = {}
    for notice in ordered:
        counts[notice.severity.value] = counts.get(notice.severity.value, 0) + 1
    return f"{len(notices)} alerts: " + ", ".join(f"{count} {severity}" for severity, count in counts.items())


def _value(name: str, notice: Notice) -> str:
    event = notice.fields
    data: Any = event["data"]
    evidence = _EVIDENCE.fullmatch(name)
    if evidence is not None:
        pieces = data.get("evidence") or ()
        number = _best(pieces) if evidence[1] == "best" else int(evidence[1])
        return _text(pieces[number].get(evidence[2]) if number < len(pieces) else None)
    kind, _, key = name.partition(".")
    match kind:
        case "summary":
            return notice.summary
        case "severity" | "state":
            return str(getattr(notice, kind))
        case "time":
            return _text(event["time"])
        case "topics":
            return ", ".join(notice.topics)
        case "alert":
            return notice.id
        case "labels":
            return _text(dict(notice.labels).get(key))
        case _:
            part = data.get(kind)
            return _text(part.get(key) if isinstance(part, dict) else None)


def _best(pieces: Sequence[Mapping[str, Any]]) -> int:
    return telling_piece([(_text(each.get("text")), _text(each.get("sentence"))) for each in pieces]) if pieces else 0


def _text(value: Any) -> str:
    text = "" if value is None else printable(str(value))
    return text if len(text) <= VALUE_CODE_POINTS_MAX else text[: VALUE_CODE_POINTS_MAX - 1] + "…"
