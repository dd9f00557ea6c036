"""An alert for people: time, severity, rule, the sentence with the matched words highlighted, source and title.

Everything in an alert that comes from an article is foreign text: control characters, escape sequences and
bidirectional overrides are taken out before it reaches a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from stream.clean.printable import printable
from stream.wire.telling import telling_sentences

SENTENCES_MAX = 2
"""Sentences shown for one alert, those that say most; it may hold more evidence."""

SENTENCE_CHARACTERS_MAX = 400
FIELD_CHARACTERS_MAX = 200
COLUMNS_MIN = 40
"""On narrower terminals lines are left to the terminal."""

_STYLES = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "cyan",
    "info": "blue",
}
_MATCH_STYLE = "bold reverse"
_INDENT = " " * 10


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """What is shown of an alert, cleaned. `evidence`: matched text and its sentence; `time` as in the event."""

    id: str
    time: str
    severity: str
    state: str
    rule: str
    rule_title: str
    evidence: tuple[tuple[str, str], ...]
    source: str
    title: str
    exercise: bool


def parse_alert(value: bytes | None) -> ShownAlert | None:
    """The alert in the value of a record of an alert topic; None if it is none."""
    try:
        event = orjson.loads(value or b"")
        data, rule, article = event["data"], event["data"]["rule"], event["data"]["article"]
        return ShownAlert(
            id=str(event["id"]),
            time=_field(event["time"]),
            severity=_field(event["severitytext"]),
            state=_field(data["state"]),
            rule=_field(rule["id"]),
            rule_title=_field(rule["title"]),
            evidence=tuple((printable(str(e["text"])), printable(str(e["sentence"]))) for e in data["evidence"]),
            source=_field(article.get("source")),
            title=_field(article.get("title")),
            exercise=data.get("status") == "exercise",
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def render_alert(alert: ShownAlert, *, marks: bool = False, width: int | None = None) -> Text:
    """The alert as a block of lines, without a line break at the end.

    `marks` puts asterisks around matched words, for output without colours. `width`, in columns, breaks long
    sentences between words and indents them; None leaves each on one line.
    """
    text = Text()
    text.append(_clock(alert.time), "dim")
    text.append("  ")
    text.append(f" {alert.severity.upper():<8} ", _STYLES.get(alert.severity, ""))
    text.append(f" {alert.rule}", "bold")
    text.append(f"  {alert.rule_title}")
    if alert.state != "fired":
        text.append(f"  [{alert.state}]", "italic")
    for sentence, matched in _sentences(alert.evidence):
        for line in broken(highlight(sentence, matched, marks=marks), width, len(_INDENT)):
            text.append(f"\n{_INDENT}")
            text.append_text(line)
    about = " · ".join(part for part in (alert.source, alert.title) if part) or "no source or title given"
    exercise = " (exercise)" if alert.exercise else ""
    for line in broken(Text(f"— {about}{exercise}", "dim"), width, len(_INDENT)):
        text.append(f"\n{_INDENT}")
        text.append_text(line)
    return text


def highlight(sentence: str, matched: tuple[str, ...], *, marks: bool = False) -> Text:
    """The sentence with every whole occurrence of the matched texts marked, shortened around the first one."""
    spans = _merged(sorted({span for text in matched for span in _occurrences(sentence, text)}))
    start, end = _window(len(sentence), spans[0][0] if spans else 0)
    around = "**" if marks else ""
    shown, at = Text("…" if start else ""), start
    for first, last in spans:
        first, last = max(first, at), min(last, end)
        if first < last:
            shown.append(sentence[at:first])
            shown.append(f"{around}{sentence[first:last]}{around}", _MATCH_STYLE)
            at = last
    shown.append(sentence[at:end])
    return shown.append("…" if end < len(sentence) else "")


def broken(text: Text, width: int | None, indent: int) -> Iterable[Text]:
    """The text in lines that, indented by so many blanks, fit into `width` columns."""
    if width is None or width < COLUMNS_MIN:
        return [text]
    lines = text.wrap(Console(width=width), width - indent)
    for line in lines:
        line.rstrip()
    return lines


def _field(value: Any) -> str:
    text = "" if value is None else printable(str(value))
    return text if len(text) <= FIELD_CHARACTERS_MAX else text[: FIELD_CHARACTERS_MAX - 1] + "…"


def _sentences(evidence: tuple[tuple[str, str], ...]) -> list[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for matched, sentence in evidence:
        found.setdefault(sentence or matched, []).append(matched)
    return [(sentence, tuple(found[sentence])) for sentence in telling_sentences(found, SENTENCES_MAX)]


def _occurrences(sentence: str, text: str) -> list[tuple[int, int]]:
    # Only whole words: the alert says which text matched, and "escalation" is not a part of "de-escalation".
    if not text:
        return []
    whole = re.compile(rf"(?<![\w-]){re.escape(text)}(?![\w-])")
    spans = [found.span() for found in whole.finditer(sentence)]
    if not spans and (at := sentence.find(text)) >= 0:
        spans = [(at, at + len(text))]
    return spans


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _window(length: int, first: int) -> tuple[int, int]:
    if length <= SENTENCE_CHARACTERS_MAX:
        return 0, length
    start = max(0, min(first - SENTENCE_CHARACTERS_MAX // 3, length - SENTENCE_CHARACTERS_MAX))
    return start, start + SENTENCE_CHARACTERS_MAX


def _clock(time: str) -> str:
    return time[:19].replace("T", " ")
