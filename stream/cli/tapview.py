"""A record of any Redline topic, for people and as JSON. Foreign text never reaches the terminal as it is."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from rich.text import Text

from stream.clean.printable import printable
from stream.cli.jsonlines import json_line
from stream.cli.render import broken, highlight, parse_alert, render_alert
from stream.cli.tapfilter import parsed
from stream.detect.memory import of_part
from stream.detect.snapshot import SnapshotError, decode, head_of, part_names
from stream.model import Record
from stream.wire.control import decode_control
from stream.wire.decode import is_control
from stream.wire.topics import CHANGELOG

TEXT_CHARACTERS_MAX = 300
KEY_CHARACTERS_MAX = 80
_INDENT = " " * 10
_SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "blue"}


def json_of(record: Record) -> str:
    """`as_json` as one line."""
    try:
        return json_line(as_json(record))
    except TypeError:  # what is read may be nested four times as deeply as what is written
        return json_line(as_json(record, read=False))


def as_json(record: Record, *, read: bool = True) -> dict[str, Any]:
    """The record as a JSON object: `value` if it is JSON, else `text`, else `base64`; `value` null is a tombstone.

    Without `read` a value is never looked into.
    """
    fields: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "time": _time(record.timestamp_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "key": None if record.key is None else record.key.decode("utf-8", "replace"),
        "headers": {name: value.decode("utf-8", "replace") for name, value in record.headers},
    }
    if record.value is None or (read and (value := parsed(record.value)) is not None):
        return {**fields, "value": None if record.value is None else value}
    try:
        return {**fields, "text": record.value.decode()}
    except UnicodeDecodeError:
        return {**fields, "base64": base64.b64encode(record.value).decode("ascii")}


def render_record(record: Record, *, prefix: str, width: int | None = None) -> Text:
    """The record as a block of lines: where it stands, then what is in it, as the topic says how to read it.

    `width`, in columns, breaks long lines between words and indents them; None leaves each as it is.
    """
    topic = record.topic.removeprefix(prefix)
    key = "no key" if record.key is None else f"key {_cut(record.key.decode('utf-8', 'replace'), KEY_CHARACTERS_MAX)}"
    text = Text()
    text.append(f"{_time(record.timestamp_ms):%Y-%m-%d %H:%M:%S}  ", "dim")
    text.append(f"{printable(topic)}[{record.partition}]@{record.offset}", "bold")
    text.append(f"  {key}  {len(record.value or b'')} bytes", "dim")
    for line in _content(topic, record).split("\n"):
        if line.plain.strip():
            for part in broken(line, width, len(_INDENT)):
                text.append(f"\n{_INDENT}").append_text(part)
    return text


def _content(topic: str, record: Record) -> Text:
    if record.value is None:
        return Text("no value: whatever had this key is deleted", "yellow")
    if is_control(record):
        return _control(record)
    if topic.endswith(CHANGELOG.name):
        return _snapshot(record.key or b"", record.value)
    value = parsed(record.value)
    if not isinstance(value, dict):
        return Text("no JSON object: ", "yellow").append(_cut(record.value.decode("utf-8", "replace")))
    view = _VIEWS.get(topic) or (_alert if topic.startswith("alerts.") else _other)
    try:
        return view(value, record)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return Text("not what this topic should hold: ", "yellow").append(_cut(record.value.decode("utf-8", "replace")))


def _control(record: Record) -> Text:
    found = decode_control(record)
    if found is None:
        return Text("a control record that cannot be read", "yellow")
    run = "live articles" if found.run is None else f"the run {printable(found.run)}"
    what = "ends" if found.kind == "end" else f"has nothing before {found.time:%Y-%m-%d %H:%M:%S} to come"
    return Text(f"control: {run} {what} on partition {found.partition}", "dim")


def _snapshot(key: bytes, value: bytes) -> Text:
    if of_part(key.decode("utf-8", "replace")) is not None:
        return Text("a part of a large state", "dim")
    try:
        head, parts = head_of(value), part_names(value)
        content = f"in {len(parts)} parts" if parts else orjson.dumps(decode(value, {})).decode()
    except SnapshotError as error:
        return Text(printable(str(error)), "yellow")
    text = Text(f"state of {'a ' if head.kind != 'clocks' else ''}{head.kind}, as of {head.offset} in matches", "dim")
    return text.append("\n").append(_cut(content))


def _article(value: dict[str, Any], record: Record | None = None) -> Text:
    text = Text(_cut(value.get("title") or "no title"), "bold")
    about = [value.get("source"), value.get("published") and f"published {value['published']}", value.get("url")]
    run = value.get("run") and f"exercise, run {value['run']}"
    text.append("\n" + " · ".join(_cut(part) for part in (*about, run) if part), "dim")
    return text.append("\n").append(_cut(value.get("body") or "no body"))


def _tagged(value: dict[str, Any], record: Record) -> Text:
    data = value["data"]
    topics = ", ".join(printable(str(topic["topic"])) for topic in data["topics"])
    return _article(data["article"]).append("\n").append(f"topics: {topics or 'none'}", "green" if topics else "dim")


def _alert(value: dict[str, Any], record: Record) -> Text:
    alert = parse_alert(record.value)
    if alert is None:
        raise KeyError("no alert")
    first, *others = render_alert(alert).split("\n")
    text = Text("\n").join([first, *(line[len(line.plain) - len(line.plain.lstrip()) :] for line in others)])
    if held := value["data"].get("suppressed"):
        text.append(f"\nheld back by {_cut(held.get('by'))}: {_cut(held.get('reason'))}", "yellow")
    return text


def _match(value: dict[str, Any], record: Record) -> Text:
    rule, article = value["rule"], value["article"]
    text = Text(f"{_cut(rule['severity']):<8} ", _SEVERITIES.get(str(rule["severity"]), "dim"))
    text.append(_cut(rule["id"]), "bold")
    if value.get("correlation"):
        group = ", ".join(_cut(part) for part in value.get("group") or ())
        text.append(f" for {_cut(value['correlation'])}" + (f", group {group}" if group else ""))
    for evidence in value["evidence"][:1]:
        text.append("\n").append_text(highlight(printable(evidence["sentence"]), (printable(evidence["text"]),)))
    about = " · ".join(_cut(article[name]) for name in ("source", "title", "id") if article.get(name))
    return text.append(f"\n— {about}", "dim")


def _dead(value: dict[str, Any], record: Record) -> Text:
    source = value["source"]
    text = Text(f"{_cut(value['stage'])} {_cut(value['code'])}", "bold red").append(f": {_cut(value['reason'])}")
    text.append(f"\nfrom {_cut(source['topic'])}[{_cut(source['partition'])}]@{_cut(source['offset'])}", "dim")
    original = value.get("original")
    shown = f"{_cut(value['size_bytes'])} bytes, not UTF-8" if original is None else _cut(original)
    return text.append(f"\noriginal: {shown}")


def _decision(value: dict[str, Any], record: Record) -> Text:
    kind = str(value["kind"])
    what = value.get("verdict", kind).replace("_", " ") + (" taken back" if value.get("withdrawn") else "")
    of = [value.get(name) for name in ("rule", "topic", "source", "severity", "alert", "id") if value.get(name)]
    text = Text(_cut(what), "bold").append(f" by {_cut(value['by'])}, {_cut(value['at'])}: ")
    text.append(", ".join(_cut(part) for part in of))
    if value.get("ends"):
        text.append(f", until {_cut(value['ends'])}")
    return text.append(f"\n{_cut(value.get('note') or value.get('reason') or '')}", "dim")


def _other(value: dict[str, Any], record: Record) -> Text:
    return Text(_cut((record.value or b"").decode("utf-8", "replace")))


_VIEWS: dict[str, Callable[[dict[str, Any], Record], Text]] = {
    "articles.raw": _article,
    "articles.tagged": _tagged,
    "articles.dead": _dead,
    "articles.late": _match,
    "matches": _match,
    "decisions": _decision,
}


def _cut(value: Any, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    # Cleaned after a first cut: a text may be millions of characters long, and only its beginning is shown.
    text = printable(str(value)[: 8 * characters_max])
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def _time(timestamp_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(timestamp_ms / 1_000, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)
