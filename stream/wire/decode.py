"""Bytes of `articles.raw` -> Article, or the reason why not. Never raises on bad input."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
from pydantic import ValidationError

from stream.model import Article, Record, Reject
from stream.wire.identity import article_id

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CONTROL_HEADER = "redline-control"
"""Header of control records (`progress` or `end`): no article, outside the ledger, never a dead letter."""

_TIMES = ("published", "fetched")
_KNOWN = frozenset(Article.model_fields) - {"extra"}
_OTHER_NAMES = ("text", "content", "content_text", "article", "article_body", "description", "summary")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_WRONG_TYPE = frozenset({"string_type", "int_type", "bool_type", "dict_type", "datetime_type", "is_instance_of"})
_TOO_LONG = frozenset({"string_too_long", "too_long"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """An article, and what was wrong with it without being a reason to refuse it."""

    article: Article
    warnings: tuple[str, ...]


def is_control(record: Record) -> bool:
    """True for a control record, which is no article."""
    return any(name == CONTROL_HEADER for name, _ in record.headers)


def decode_article(value: bytes | None, *, message_bytes_max: int) -> Decoded | Reject:
    """The article in a message's value; a Reject (stage `decode`) says what was found and expected."""
    if value is None:
        return _reject("tombstone", "found a record without a value, expected an article as a JSON object")
    if len(value) > message_bytes_max:
        return too_large(len(value), message_bytes_max)
    # Editors and exports put it in front of a file, and so of its first line; it is no character of the JSON.
    value = value.removeprefix(BYTE_ORDER_MARK)
    if not value.strip():
        return _reject("empty", f"found {len(value)} bytes without content, expected an article as a JSON object")
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as error:
        return _reject("invalid_utf8", f"found byte 0x{value[error.start]:02x} at {error.start}, expected UTF-8")
    try:
        loaded = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return _reject("invalid_json", f"{error.msg} ({place}); expected a JSON object")
    if not isinstance(loaded, dict):
        return _reject("not_an_object", f"found {_name(loaded)}, expected a JSON object with at least `body`")
    return article_from(loaded)


def too_large(size_bytes: int, message_bytes_max: int) -> Reject:
    """Of a message of this size, whether or not all of it was read."""
    return _reject("too_large", f"found {size_bytes} bytes, expected at most {message_bytes_max}")


def article_from(fields: dict[str, Any]) -> Decoded | Reject:
    """The article in a JSON object: times parsed, unknown keys moved to `extra`, the id made where there is none."""
    warnings: list[str] = []
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "extra" and isinstance(value, dict):
            extra.update(value)
        elif name not in _KNOWN:
            extra[name] = value
        elif value is not None:
            known[name] = value
    if not known.get("body"):
        other = next((f"; if `{name}` is the text, name it `body`" for name in _OTHER_NAMES if extra.get(name)), "")
        found = _name(fields.get("body"))
        return _reject("missing_body", f"found {found} as body, expected 1 code point or more{other}")
    for name in _TIMES:
        text = known.get(name)
        if isinstance(text, str):
            moment = parse_time(text)
            if moment is None:
                del known[name]
                warnings.append(f"{name}: found {text[:64]!r}, expected an RFC 3339 time; the field is dropped")
            else:
                known[name] = moment
        elif text is not None:
            return _reject("wrong_type", f"{name}: found {_name(text)}, expected a string with an RFC 3339 time")
    if isinstance(known.get("content_type"), str):
        known["content_type"] = known["content_type"].partition(";")[0].strip().lower()
    if "id" not in known:
        known["id"] = _content_id(known)
    try:
        return Decoded(Article(**known, extra=extra), tuple(warnings))
    except ValidationError as error:
        return _invalid(error)


def _content_id(known: dict[str, Any]) -> str:
    url, title, body = known.get("url"), known.get("title"), known["body"]
    if not isinstance(body, str):
        return "-"  # never seen: the article is refused for its body
    return article_id(url if isinstance(url, str) else None, title if isinstance(title, str) else None, body)


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time in UTC; without an offset it is UTC, a date alone is its midnight. None if it is no time."""
    found = _RFC3339.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    try:
        zone = UTC if offset is None or offset in "Zz" else _zone(offset)
        # A leap second is the last second of its minute: datetime knows no 60.
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            59 if second == "60" else int(second or 0),
            microsecond,
            tzinfo=zone,
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(offset: str) -> timezone:
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def _invalid(error: ValidationError) -> Reject:
    reasons = []
    code = ""
    for fault in error.errors():
        kind = str(fault["type"])
        field = ".".join(str(part) for part in fault["loc"])
        if kind in _WRONG_TYPE:
            kind_code = "wrong_type"
            found = _name(fault["input"])
        elif kind in _TOO_LONG:
            kind_code = "too_long"
            found = f"{len(fault['input'])} code points"
        else:
            kind_code = "out_of_range"
            found = repr(fault["input"])[:64]
        code = code or kind_code
        reasons.append(f"{field}: found {found}, {_expectation(str(fault['msg']))}")
    return _reject(code, "; ".join(reasons))


def _expectation(message: str) -> str:
    return "expected " + message.removeprefix("Input should be ").removeprefix("String should have ")


def _name(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {str(value)[:32]}"
        case str():
            return "a string" if value else "an empty string"
        case list():
            return "an array"
        case _:
            return "an object"


def _reject(code: str, reason: str) -> Reject:
    return Reject("decode", code, reason)
