"""The article in a plain text file: the text is the body, and what it says about itself fills the other fields."""

from __future__ import annotations

from typing import Any

from stream.clean.markup import has_tags
from stream.clean.metadata import extract
from stream.clean.residue import find_residue
from stream.model import Reject
from stream.model.article import format_time


def article_of(data: bytes) -> dict[str, Any] | Reject:
    """The JSON object of an article whose body is the text as received; a Reject if it is empty or not UTF-8.

    title, author, source and published are there as far as the text says them.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"found byte 0x{data[error.start]:02x} in line {line}, at byte {error.start}, expected UTF-8"
        return Reject("read", "invalid_utf8", reason)
    if not text.strip():
        return Reject("read", "empty", "found no text, expected an article")
    fields = {"body": text}
    if not has_tags(text):
        fields |= _said(text)
    return fields


def _said(text: str) -> dict[str, str]:
    found = extract(text, cuts=find_residue(text, content_type="text/plain"))
    said = {
        "title": found.headline.text if found.headline else None,
        "author": ", ".join(found.authors) or None,
        "source": found.source,
        "published": format_time(found.published) if found.published else None,
    }
    return {name: value for name, value in said.items() if value is not None}
