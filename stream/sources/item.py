"""What a source yields: an article, bytes that are none, or the reason why there is nothing to publish.

Nothing is checked against the article's model here: that is the worker's business, and a replay is also the way
to send it deliberately bad records. What decides is only whether a record can be marked as an exercise:

- a JSON object is an `Offered` article, right or wrong; the replayer adds its marks and publishes it;
- anything else in a .json or .ndjson file (invalid JSON, an array, a number) is `Malformed`: it is published
  byte for byte, and the worker writes the dead letter;
- a file that cannot be read, or that has no JSON form (a .txt that is not UTF-8), is `Refused`: nothing is
  published, the replayer reports it with file and line and goes on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from stream.model import Reject
from stream.wire.decode import parse_time
from stream.wire.identity import article_id


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item stands: the file as named or found, and its line from 1 where the file has one item a line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Offered:
    """A JSON object meant to be an article; `orjson.dumps(fields)` always succeeds."""

    origin: Origin
    fields: dict[str, Any]

    @property
    def published(self) -> datetime | None:
        """When the article says that it was published, in UTC; None without a readable time."""
        text = self.fields.get("published")
        return parse_time(text) if isinstance(text, str) else None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no JSON object, to be published as they are."""

    origin: Origin
    value: bytes
    published: None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing to publish; `reject` (stage `read`) says what was found and expected; `original`: its bytes, if kept."""

    origin: Origin
    reject: Reject
    published: None = None
    original: bytes | None = None


Item = Offered | Malformed | Refused


def record_of(item: Offered | Malformed, *, run: str) -> tuple[bytes, bytes]:
    """Kafka key and value of a replayed item: an article is marked `exercise: true` and with its run.

    The key is the article's id, for an article without one the id that the worker will give it; for bytes that
    are no article, their SHA-256 in hexadecimal.
    """
    match item:
        case Malformed(value=value):
            return _digest(value), value
        case Offered(fields=fields):
            value = orjson.dumps({**fields, "exercise": True, "run": run})
            return _key(fields) or _digest(value), value


def copy_of(item: Offered | Malformed, number: int) -> Offered | Malformed:
    """The item as another outlet would have it: the same under an id of its own; number 1 is the item itself."""
    if number == 1 or isinstance(item, Malformed):
        return item
    key = _key(item.fields)
    return item if key is None else replace(item, fields={**item.fields, "id": f"{key.decode()}-copy-{number}"})


def _key(fields: dict[str, Any]) -> bytes | None:
    match fields:
        case {"id": str(given)} if given:
            return given.encode("utf-8")
        case {"body": str(body)} if body:
            url, title = fields.get("url"), fields.get("title")
            made = article_id(url if isinstance(url, str) else None, title if isinstance(title, str) else None, body)
            return made.encode("ascii")
        case _:
            return None


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).hexdigest().encode("ascii")
