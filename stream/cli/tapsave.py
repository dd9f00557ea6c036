"""Articles from topics into an NDJSON file that `redline scan` and `redline replay` read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from stream.cli.tapfilter import parsed
from stream.errors import ServiceError
from stream.model import Record
from stream.wire.decode import is_control

ARTICLE_TOPICS = ("articles.raw", "articles.tagged", "articles.dead")
"""Topics whose records hold whole articles; of others, what is saved is the record's own JSON."""


class Saver:
    """Writes a new file. Use it as a context manager. `saved` and `left_out` (by reason) count records."""

    def __init__(self, path: Path) -> None:
        """Raises `ServiceError` if the file exists or cannot be made."""
        try:
            self._file = path.open("xb")
        except FileExistsError as error:
            raise ServiceError(f"there already is a file {path}; remove it or name another one") from error
        except OSError as error:
            raise ServiceError(f"cannot write {path}: {error.strerror}; name a file that can be written") from error
        self.path = path
        self.saved = 0
        self.left_out: Counter[str] = Counter()

    def save(self, record: Record, *, prefix: str) -> None:
        """Writes the article of a record, or counts why not."""
        found = line_of(record, record.topic.removeprefix(prefix))
        if isinstance(found, str):
            self.left_out[found] += 1
            return
        self._file.write(found + b"\n")
        self.saved += 1

    def flush(self) -> None:
        """What was saved is in the file."""
        self._file.flush()

    def said(self) -> str:
        """What came of it, in one sentence."""
        why = "; ".join(f"{count} left out: {reason}" for reason, count in self.left_out.items())
        return f"{self.saved} saved in {self.path}" + (f"; {why}" if why else "")

    def __enter__(self) -> Saver:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def line_of(record: Record, topic: str) -> bytes | str:
    """The line for a record, as bytes without the line's end; or, as text, why there is none."""
    if is_control(record):
        return "a control record"
    if record.value is None:
        return "no value"
    match topic:
        case "articles.tagged":
            article = _field(_field(parsed(record.value), "data"), "article")
            return _written(article) if isinstance(article, dict) else "no tagged article"
        case "articles.dead":
            return _original(parsed(record.value))
        case _:
            return _one_line(record.value)


def _written(article: dict[str, Any]) -> bytes | str:
    try:
        return orjson.dumps(article)
    except TypeError:  # what is read may be nested four times as deeply as what is written
        return "an article that is nested too deeply"


def _original(letter: Any) -> bytes | str:
    if _field(letter, "truncated"):
        return "the dead letter has only the beginning of its original"
    original = _field(letter, "original")
    return _one_line(original.encode()) if isinstance(original, str) else "the dead letter's original is no text"


def _one_line(value: bytes) -> bytes | str:
    # JSON has line ends only between its tokens. What is no JSON is refused by `scan` and `replay` either way.
    line = value.replace(b"\r", b" ").replace(b"\n", b" ")
    return line if line.strip() else "no content"


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
