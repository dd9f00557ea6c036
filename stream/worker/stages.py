"""What the agents need of an engine, and the plain way to it: in this process, on the event loop."""

from __future__ import annotations

from collections.abc import Sequence
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

    async def tag(self, records: Sequence[Record]) -> Batch:
        """Raw records -> everything to send. The engine may be in another process."""

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """Matches -> everything to send, and the states to write; `memory` is changed, so this is done here."""


class InThisProcess:
    """An engine that holds the event loop up while it judges."""

    def __init__(self, engine: Pure) -> None:
        self._engine = engine

    @property
    def ruleset(self) -> RuleSet:
        """The rules that judge."""
        return self._engine.ruleset

    async def tag(self, records: Sequence[Record]) -> Batch:
        """Does not yield to the loop."""
        return self._engine.tag(records)

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """As the engine does."""
        return self._engine.alert(records, now, memory)
