"""The article in a plain text file: the text is the body, and what it says about itself fills the other fields."""

from __future__ import annotations

from typing import Any

from stream.model import Reject


def article_of(data: bytes) -> dict[str, Any] | Reject:
    """The JSON object of an article whose body is the text as received; a Reject if it is empty or not UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"found byte 0x{data[error.start]:02x} in line {line}, at byte {error.start}, expected UTF-8"
        return Reject("read", "invalid_utf8", reason)
    if not text.strip():
        return Reject("read", "empty", "found no text, expected an article")
    return {"body": text}
