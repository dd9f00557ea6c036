"""What the agents need of an engine, and the plain way to it: in this process, on the event loop.

The first stage answers in parts: what comes of the first articles of a chunk is on its way to the broker, and alerts of
the chunk before are raised, while the rest is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from stream.detect import Memory
from stream.engine import Batch
from stream.model import Record
from stream.rulelang import RuleSet


class Pure(Protocol):
    """What is needed of `stream.engine.Engine`."""

    @property
    def ruleset(self) -> RuleSet:
        """The rules that judge."""

    def tag(self, records: Sequence[Record]) -> Batch:
        """Raw records -> everything to send."""

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """Matches -> everything to send, and the states to write; `memory` is changed."""


class Stages(Protocol):
    """An engine as the agents call it. All of one call is judged by one rule set."""

    @property
    def ruleset(self) -> RuleSet:
        """The rules that judge."""

    def turn(self) -> AbstractAsyncContextManager[object]:
        """To be held around `tag`: whether several chunks are judged at the same time is for the engine to say."""

    def tag(self, records: Sequence[Record]) -> AsyncGenerator[Batch, None]:
        """Raw records -> everything to send, in parts, in the order of the records. The engine may be in another
        process."""

    async def catch_up(self, records: Sequence[Record]) -> None:
        """Before matches are judged: they may be of rules that are newer than ours. Returns within seconds."""

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """Matches -> everything to send, and the states to write; `memory` is changed, so this is done here."""


PART_RECORDS = 8
"""Judged in one go, during which nothing else is done: about 10 ms of ordinary news, 40 ms of news on the subject."""

TURNS = 6
"""From a fetch to its chunk in an agent's hands, and from there to the socket, it takes about so many; 3 us each."""


async def give_turns() -> None:
    """Lets everything on the event loop that is ready go on, and what follows from it too."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class InThisProcess:
    """An engine that holds the event loop up while it judges a part."""

    def __init__(self, engine: Pure) -> None:
        self._engine = engine
        self._judging = asyncio.Lock()

    @property
    def ruleset(self) -> RuleSet:
        """The rules that judge."""
        return self._engine.ruleset

    def turn(self) -> AbstractAsyncContextManager[object]:
        """One chunk after another: two that are judged by turns would both be finished late."""
        return self._judging

    async def tag(self, records: Sequence[Record]) -> AsyncGenerator[Batch, None]:
        """Does not yield to the loop within a part, nor between parts."""
        for start in range(0, len(records), PART_RECORDS):
            yield self._engine.tag(records[start : start + PART_RECORDS])

    async def catch_up(self, records: Sequence[Record]) -> None:
        """Its rules never change."""

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """As the engine does."""
        return self._engine.alert(records, now, memory)
