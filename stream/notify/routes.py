"""What a routes file says, checked: destinations, routes, quiet hours. Secrets are kept out of `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from stream.model import ALERT_SEVERITIES, Severity
from stream.net.addresses import Network

FALLBACK = "fallback"
"""The id of the route of what no other route takes."""

STATES = ("fired", "updated", "resolved")
DESTINATION_TYPES = ("webhook", "alertmanager", "apprise")


@dataclass(frozen=True, slots=True)
class HttpEnd:
    """Where requests go, and what they are guarded by. `headers` may hold secrets, and so may the URL's path."""

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    allowed: tuple[Network, ...] = ()
    ca_file: Path | None = None

    @property
    def place(self) -> str:
        """Scheme, host and port: all of the URL that is no secret."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """A signed webhook. `secrets`: the keys themselves, the first is the newest; none: it is not signed."""

    id: str
    end: HttpEnd
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    kind: Literal["webhook"] = "webhook"

    @property
    def place(self) -> str:
        """Where it goes, without secrets."""
        return self.end.place


@dataclass(frozen=True, slots=True)
class AlertmanagerConfig:
    """Alertmanager's API v2 below `end.url`. An alert ends there `resolve_seconds` after it was delivered; what belongs
    to an episode `episode_seconds` after it, unless its resolved alert comes before."""

    id: str
    end: HttpEnd
    resolve_seconds: float = 4 * 3_600.0
    episode_seconds: float = 7 * 86_400.0

    kind: Literal["alertmanager"] = "alertmanager"

    @property
    def place(self) -> str:
        """Where it goes, without secrets."""
        return self.end.place


@dataclass(frozen=True, slots=True)
class AppriseConfig:
    """One of apprise's services. `title`, `body`: templates of a message, for each alert of a digest `line`."""

    id: str
    urls: tuple[str, ...] = field(repr=False)
    title: str = ""
    body: str = ""
    line: str = ""

    kind: Literal["apprise"] = "apprise"

    @property
    def place(self) -> str:
        """The services, without what is behind their names."""
        return ", ".join(dict.fromkeys(f"{url.partition('://')[0]}://…" for url in self.urls))


DestinationConfig = WebhookConfig | AlertmanagerConfig | AppriseConfig


@dataclass(frozen=True, slots=True)
class Digest:
    """Alerts that go together: `every_seconds` after the first of them arrived, or once they are `alerts_max`."""

    every_seconds: float
    alerts_max: int


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A time of day on which nothing is delivered.

    `begin` and `end` are minutes after midnight in `zone`; an `end` that is not after `begin` is on the next day.
    `days`: those on which it begins, 0 is Monday. `passes`: this severity and above are delivered all the same.
    """

    name: str
    zone: ZoneInfo
    begin: int
    end: int
    days: frozenset[int] = frozenset(range(7))
    passes: Severity | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go where. An empty criterion takes all. `continues`: later routes are asked, too."""

    id: str
    to: tuple[str, ...]
    severities: frozenset[Severity] = frozenset(ALERT_SEVERITIES)
    rules: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    states: tuple[str, ...] = STATES
    exercise: bool = False
    continues: bool = False
    digest: Digest | None = None
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """All of a file. `fallback` is None where the file says that alerts without a route are not delivered."""

    destinations: tuple[DestinationConfig, ...]
    routes: tuple[Route, ...]
    fallback: Route | None

    @property
    def all(self) -> tuple[Route, ...]:
        """The routes in their order, the fallback last."""
        return self.routes if self.fallback is None else (*self.routes, self.fallback)
