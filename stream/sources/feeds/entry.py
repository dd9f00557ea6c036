"""One entry of a feed: what the parsing process and its parent both know. Imports little: the process starts fast."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, as the parser gives it; `link` where its page may be asked for, `complete`: with content."""

    key: str
    fields: dict[str, Any]
    link: str | None
    complete: bool

    @property
    def digest(self) -> str:
        """Of its text: title and body, blanks apart."""
        text = f"{self.fields.get('title', '')}\n{self.fields.get('body', '')}"
        return digest(" ".join(text.split()).encode("utf-8", "surrogatepass"))


def digest(data: bytes) -> str:
    """Twelve bytes of BLAKE2b in hexadecimal: enough to tell entries of one feed apart."""
    return hashlib.blake2b(data, digest_size=12).hexdigest()
