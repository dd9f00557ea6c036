"""Dead letters: a refused record with the stage, code and reason, and the original bytes (cut)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson

from stream.model import Output, Record, Reject

CODES: dict[str, str] = {
    "tombstone": "the record has no value",
    "empty": "the value has no bytes, or only white space",
    "too_large": "the message is larger than message_bytes_max",
    "invalid_utf8": "the value is not UTF-8",
    "invalid_json": "the value is not JSON (or nested too deeply, or a number or string outside JSON's range)",
    "not_an_object": "the JSON is not an object",
    "missing_body": "there is no body, or it is empty",
    "wrong_type": "a field has the wrong type",
    "too_long": "a field is longer than allowed",
    "out_of_range": "a field's value is not one of the allowed ones",
    "unreadable": "a source's file cannot be read: a link, a folder, a missing permission, a wrong suffix",
    "not_a_feed": "a feed's address gave something that is no RSS, Atom or JSON feed",
    "parser_failed": "the parser of a feed failed on it, or died or took too long several times in a row",
    "invalid_match": "a record of the internal topic of matches cannot be read",
    "output_too_large": "what the article became is larger than message_bytes_max, even shortened",
    "refused_by_broker": "the broker refused the message",
    "killed_worker": "a worker died each time it worked on this record",
    "engine_error": "a bug: the engine failed on this one record",
}
"""Every code that a dead letter can carry; label values of `redline_dead_letters_total`."""

KEY_BYTES_MAX = 1_024
"""Longest Kafka key that a dead letter repeats; a producer may send one of a megabyte."""


def encode_dead_letter(
    reject: Reject, record: Record, *, topic: str, original_bytes_max: int, bytes_max: int | None = None
) -> Output:
    """The message for the topic of dead letters, of at most `bytes_max` bytes: else no broker would take it either.

    JSON: stage, code, reason, and `source` {topic, partition, offset, timestamp_ms}, key, size_bytes, truncated,
    and the original as text (`original`) or, where it is not UTF-8, as `original_base64`. The Kafka key is the
    record's own, or, where it has none or a longer one than KEY_BYTES_MAX, the value's SHA-256 in hexadecimal.
    """
    value = record.value or b""
    key = record.key or b""
    if not 0 < len(key) <= KEY_BYTES_MAX:
        key = hashlib.sha256(value).hexdigest().encode("ascii")
    headers = (("redline-stage", reject.stage.encode()), ("redline-code", reject.code.encode()))
    kept = value[:original_bytes_max]
    encoded = _encoded(reject, record, kept)
    while bytes_max is not None and len(encoded) > bytes_max and kept:
        # In JSON a control character takes six bytes.
        kept = kept[: len(kept) // 2]
        encoded = _encoded(reject, record, kept)
    return Output(topic, key, encoded, headers)


def _encoded(reject: Reject, record: Record, kept: bytes) -> bytes:
    value = record.value or b""
    letter: dict[str, Any] = {
        "stage": reject.stage,
        "code": reject.code,
        "reason": reject.reason,
        "source": {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp_ms": record.timestamp_ms,
        },
        "key": None if record.key is None else _text_of(record.key),
        "size_bytes": len(value),
        "truncated": len(kept) < len(value),
    }
    text = _as_text(kept, cut=len(kept) < len(value))
    if record.value is None:
        letter["original"] = None
    elif text is None:
        letter["original_base64"] = base64.b64encode(kept).decode("ascii")
    else:
        letter["original"] = text
    return orjson.dumps(letter)


def _text_of(key: bytes) -> str:
    cut = "" if len(key) <= KEY_BYTES_MAX else f"… ({len(key)} bytes)"
    return key[:KEY_BYTES_MAX].decode("utf-8", "replace") + cut


def _as_text(data: bytes, *, cut: bool) -> str | None:
    # A cut may go through a character: up to three bytes at the end are not its fault.
    for drop in range(4 if cut else 1):
        try:
            return data[: len(data) - drop].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return None
