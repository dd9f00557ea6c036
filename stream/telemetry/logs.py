"""Log set-up: one line an event on stderr, as text for people or as JSON for machines.

Whatever a line carries may come from an article, so control characters (line breaks, escape sequences, bidirectional
overrides) are written as `\\u001b`-style escapes and no field is longer than `FIELD_BYTES_MAX`.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Any, Literal

import orjson

FIELD_BYTES_MAX = 1_024
FIELDS_ATTRIBUTE = "redline_fields"
"""Name under which a log record carries its fields (a dict of text to text or number)."""

_LIBRARIES = {
    "stream": logging.WARNING,  # services of Faust in our modules; our own lines come from the logger `redline`
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "aiokafka": logging.ERROR,
    "kafka": logging.ERROR,
    "kafka.cluster": logging.CRITICAL,  # calls it an error when we close a connection that was asking for something
    "asyncio": logging.WARNING,
}
_CLIENTS = frozenset({"aiokafka", "kafka"})
# Every control and format character: C0, C1, soft hyphen, zero-width, bidirectional overrides, line separators.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\\]")


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    style: Literal["text", "json"],
    *,
    to: IO[str] | None = None,
) -> None:
    """Replaces all log handlers by one that writes to stderr; libraries speak only when something is wrong."""
    handler = logging.StreamHandler(to if to is not None else sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    if level != "debug":
        handler.addFilter(_Calm())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    wanted = logging.getLevelNamesMapping()[level.upper()]
    for name, calm in _LIBRARIES.items():
        library = logging.getLogger(name)
        for old in list(library.handlers):
            library.removeHandler(old)
        library.propagate = True
        library.setLevel(wanted if level == "debug" else max(calm, wanted))
    threading.excepthook = _log_thread_error
    sys.unraisablehook = _log_unraisable


def _log_thread_error(found: threading.ExceptHookArgs) -> None:
    """A library's thread that dies, at stop for example, is one line too; Python would print a traceback."""
    if found.exc_value is not None:
        logging.getLogger("redline").warning(
            "a thread ended with an error", exc_info=(found.exc_type, found.exc_value, found.exc_traceback)
        )


def _log_unraisable(found: sys.UnraisableHookArgs) -> None:
    if found.exc_value is not None:
        logging.getLogger("redline").warning(
            "an error while something was thrown away", exc_info=(found.exc_type, found.exc_value, found.exc_traceback)
        )


def flush_logs() -> None:
    """Writes out what handlers still hold; for the moment before the process ends hard."""
    with suppress(OSError):  # the disk of the log is full: the process ends all the same
        for handler in logging.getLogger().handlers:
            handler.flush()
        sys.stderr.flush()


def safe(text: str) -> str:
    """The text without anything that could forge a line or drive a terminal, cut to `FIELD_BYTES_MAX`."""
    cut = text[:FIELD_BYTES_MAX]
    escaped = _UNSAFE.sub(_escape, cut).encode("utf-8")
    if len(escaped) <= FIELD_BYTES_MAX and len(cut) == len(text):
        return escaped.decode("utf-8")
    return escaped[: FIELD_BYTES_MAX - 3].decode("utf-8", "ignore") + "…"


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return "\\\\" if character == "\\" else f"\\u{ord(character):04x}"


class TextLines(logging.Formatter):
    """`2026-05-01T12:00:00.123Z info     rules loaded  rules=12 digest=ab12`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds."""
        fields = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        line = f"{_moment(record)} {record.levelname.lower():<9}{safe(_message(record))}"
        return f"{line}  {fields}" if fields else line


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds."""
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": safe(_message(record)),
        }
        for name, value in _fields(record).items():
            line.setdefault(name, value if isinstance(value, bool | int | float) else safe(str(value)))
        return orjson.dumps(line, default=lambda value: safe(str(value))).decode("utf-8")


class _Calm(logging.Filter):
    """Holds back what a library says again and again; our own lines say themselves what kind they are (`events`).

    Kafka's clients say a hundred times a second that a broker is away: a line a minute of each kind says why, and
    ours say what follows from it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clients, self._others = Throttle(burst=1), Throttle()

    def filter(self, record: logging.LogRecord) -> bool:
        """False: this line is held back."""
        speaker = record.name.partition(".")[0]
        if speaker == "redline":
            return True
        throttle = self._clients if speaker in _CLIENTS else self._others
        # The pattern, not the message: what is filled in differs each time.
        held_back = throttle.admit(f"{record.name} {record.levelno} {str(record.msg)[:200]}")
        if held_back:
            setattr(record, FIELDS_ATTRIBUTE, {**getattr(record, FIELDS_ATTRIBUTE, {}), "held_back": held_back})
        return held_back is not None


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = dict(getattr(record, FIELDS_ATTRIBUTE, {}))
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        fields["error"] = f"{type(error).__name__}: {error}"
        fields["at"] = _deepest(record)
    return fields


def _deepest(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-5:]))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    text = safe(str(value))
    return text if text and " " not in text and '"' not in text else '"' + text.replace('"', "'") + '"'


class Throttle:
    """Lets `burst` lines of a kind through in each `period_seconds`; counts the others."""

    def __init__(self, *, burst: int = 10, period_seconds: float = 60.0, kinds_max: int = 1_000) -> None:
        self._burst, self._period, self._kinds_max = burst, period_seconds, kinds_max
        self._windows: dict[str, tuple[float, int]] = {}

    def admit(self, kind: str, now: float | None = None) -> int | None:
        """None: hold this line back. Else the number of lines held back since the last period; `now` in seconds."""
        moment = time.monotonic() if now is None else now
        if kind not in self._windows and len(self._windows) >= self._kinds_max:
            self._windows.clear()
        start, count = self._windows.get(kind, (moment, 0))
        if moment - start >= self._period:
            self._windows[kind] = (moment, 1)
            return max(0, count - self._burst)
        self._windows[kind] = (start, count + 1)
        return 0 if count < self._burst else None
