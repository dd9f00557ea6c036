"""Signatures of webhooks as Standard Webhooks has them (https://www.standardwebhooks.com, version 1). Pure.

webhook-id         the alert's id; the same however often it is sent
webhook-timestamp  seconds since 1970 of this attempt
webhook-signature  `v1,` and base64 of HMAC-SHA256(key, id.timestamp.body), one for each key, blanks between
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"
KEY_BYTES_MIN = 24
KEY_BYTES_MAX = 64


def key_of(secret: str) -> bytes | None:
    """The key in `whsec_` + base64, of 24 to 64 bytes; None if it is none."""
    if not secret.startswith(SECRET_PREFIX):
        return None
    try:
        key = base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX else None


def signed_headers(keys: Sequence[bytes], identifier: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers for exactly these bytes; without keys there is no signature."""
    headers = {"webhook-id": identifier, "webhook-timestamp": str(timestamp)}
    if keys:
        text = f"{identifier}.{timestamp}.".encode() + body
        signatures = (base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode() for key in keys)
        headers["webhook-signature"] = " ".join(f"v1,{signature}" for signature in signatures)
    return headers
