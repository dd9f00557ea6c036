"""What sources remember over a restart: one JSON file each, replaced as a whole.

Delivery guarantees: `save` returns when the token is on the disk (written aside, flushed, renamed), so a crash leaves
the old one or the new one. Limits: a token is at most TOKEN_BYTES_MAX bytes.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from stream.model import Reject
from stream.sources.contract import TOKEN_BYTES_MAX, Token
from stream.sources.regular_file import read_regular

SCHEMA = "source-state/v1"


class ResumeStore:
    """A folder of tokens; it is made when the first one is saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, source: str) -> Token | Reject | None:
        """The token of a source; None if there is none, a Reject if its file cannot be used."""
        path = self._path(source)
        if not path.exists():
            return None
        data = read_regular(path, file_bytes_max=TOKEN_BYTES_MAX)
        if isinstance(data, Reject):
            return data
        try:
            loaded = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            return Reject("read", "unreadable", f"found {error} in {path}, expected the state of a source")
        match loaded:
            case {"schema": "source-state/v1", "source": str(name), "token": dict(token)} if name == source:
                return token
        return Reject("read", "unreadable", f"found another content in {path}, expected {SCHEMA} of {source}")

    def save(self, source: str, token: Token) -> None:
        """Keeps the token. Raises OSError if that is not possible."""
        data = orjson.dumps({"schema": SCHEMA, "source": source, "token": token})
        if len(data) > TOKEN_BYTES_MAX:
            raise OSError(f"found a state of {len(data)} bytes, expected at most {TOKEN_BYTES_MAX}")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(source)
        aside = path.with_suffix(".new")
        with aside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)

    def _path(self, source: str) -> Path:
        return self.folder / f"{source}.json"
