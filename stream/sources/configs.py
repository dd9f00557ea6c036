"""What the sources file says about each source, checked; secrets are kept out of `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stream.net.addresses import Network
from stream.net.urls import redacted


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the articles of a source have, where they do not say it themselves; `find`: fields are found in the text."""

    source: str | None = None
    lang: str | None = None
    section: str | None = None
    country: str | None = None
    find: bool = True


NO_DEFAULTS = Defaults()


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """An RSS, Atom or JSON feed. `allowed`: networks that it may lead to beside globally reachable ones."""

    id: str
    url: str = field(repr=False)
    every_seconds: float = 300.0
    full_text: bool = False
    allowed: tuple[Network, ...] = ()
    defaults: Defaults = NO_DEFAULTS

    @property
    def place(self) -> str:
        """The URL without what may be secret."""
        return redacted(self.url)


@dataclass(frozen=True, slots=True)
class DirectoryConfig:
    """A watched folder. A file is read once it has not changed for `settle_seconds`."""

    id: str
    path: Path
    every_seconds: float = 5.0
    settle_seconds: float = 2.0
    after: Literal["keep", "move"] = "keep"
    defaults: Defaults = NO_DEFAULTS

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """A listener for POST /articles. Without tokens it is on loopback. `hosts`: names it answers to, none: any that is
    its own."""

    id: str
    host: str = "127.0.0.1"
    port: int = 8_480
    tokens: tuple[str, ...] = field(default=(), repr=False)
    hosts: tuple[str, ...] = ()
    defaults: Defaults = NO_DEFAULTS

    @property
    def place(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/articles"


@dataclass(frozen=True, slots=True)
class StdinConfig:
    """Articles from standard input, one JSON object a line."""

    id: str = "stdin"
    defaults: Defaults = NO_DEFAULTS

    @property
    def place(self) -> str:
        """Where from."""
        return "standard input"


SourceConfig = FeedConfig | DirectoryConfig | HttpConfig | StdinConfig
SOURCE_TYPES = ("feed", "directory", "http", "stdin")
