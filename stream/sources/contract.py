"""The contract of live sources: what a source gets, what it must do, and what it may rely on.

    outside world ──> Source.run(outlet) ──offer(items)──> Outlet ──> articles.raw
                           ^                                 │  └───> articles.dead (what is no article)
                           └── outcomes, one an item ────────┘
                           ── remember(token) ──> kept; recall() gives it back after a restart

**Delivery guarantees.** At least once: `offer` returns when each item has its answer from the broker, and a source
moves its token on (`remember`) only past items that were accepted or refused; what was not acknowledged is offered
again. Articles without an id get one that is a function of their content, so a repeated one is the same article.

**Back-pressure.** `offer` waits while too much is under way, so a source that pulls is slowed down by it; a source
that others push to asks `pressure` first and tells them to come back later.

**Stop.** When `outlet.stopping` is set, `run` returns within STOP_SECONDS_MAX: it takes nothing new, waits for what it
has offered, and remembers.

**Trouble** with the outside world is no exception: it is told (`SourceTried`), and tried again with back-off. Bad
input is an item (`Refused`, `Malformed`). An exception out of `run` is a bug and ends the process.

**Secrets.** Whatever a source says (place, origins, reasons, events) holds no user, password, query or token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stream.model import Reject
from stream.sources.item import Item
from stream.telemetry.events import Event

STOP_SECONDS_MAX = 5.0
"""So long a source may take to stop, the broker's answers apart."""

Token = dict[str, Any]
"""How far a source is, as a JSON object of its own making."""

TOKEN_BYTES_MAX = 20_000_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has acknowledged the article, under this id."""

    id: str


@dataclass(frozen=True, slots=True)
class Declined:
    """It is no article, and never will be; a dead letter says so, where one was asked for."""

    reject: Reject


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """The broker may or may not have it: offer it again."""

    reason: str


Outcome = Accepted | Declined | Unacknowledged


class Outlet(Protocol):
    """Where one source's items go; made for it by the process that runs it."""

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the source is to end."""

    async def offer(self, items: Sequence[Item], *, bury: bool = True, known: int = 0) -> list[Outcome]:
        """Publishes items and returns what became of each, in their order. Waits for room.

        `bury` False: what is no article is only reported back, for a source whose sender is told. `known`: how many
        more were found that had been offered before (counted only).
        """

    def pressure(self, articles: int, size_bytes: int) -> float | None:
        """None if there is room for so much now; else after how many seconds to come back."""

    def recall(self) -> Token | None:
        """The last remembered token; None at the first start or when it cannot be read."""

    async def remember(self, token: Token) -> None:
        """Keeps the token, over a crash too."""

    def emit(self, event: Event) -> None:
        """Telemetry."""


class Source(Protocol):
    """Something articles come from."""

    @property
    def id(self) -> str:
        """The id in the sources file: on every article, in metrics and messages."""

    @property
    def type(self) -> str:
        """feed, directory, http or stdin."""

    @property
    def place(self) -> str:
        """What it reads, for messages, without secrets."""

    async def run(self, outlet: Outlet) -> bool:
        """Until stopped (False) or until there is no more to come (True)."""


async def pause(stopping: asyncio.Event, seconds: float) -> bool:
    """Waits so long, or until stopped: then True."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stopping.wait()
    except TimeoutError:
        return stopping.is_set()
    return True
