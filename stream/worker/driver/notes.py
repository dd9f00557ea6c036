"""Commits of notes: which chunk is being tried, before its work; and nothing, as soon as the work is over.

What they say, and why, is in `suspects.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from faust.types import TP

from stream.worker.driver.ledger import Ledger, Partition, Span
from stream.worker.driver.suspects import WARY, Suspects

ACQUIT_SECONDS_MAX = 2.0
"""If the broker answers nothing at all, the note stays; but then the next worker cannot write another one."""

Write = Callable[[Mapping[TP, tuple[int, str]]], Awaitable[bool]]
"""Commits offsets with their notes; false: a rebalance has begun, and nothing was written."""


class Notes:
    """One commit at a time: `committing` is held by regular commits as well."""

    def __init__(
        self,
        ledger: Ledger,
        suspects: Suspects,
        write: Write,
        committing: asyncio.Lock,
        fail: Callable[[str, BaseException | None], NoReturn],
        commit_seconds_max: float,
    ) -> None:
        self._ledger = ledger
        self._suspects = suspects
        self._write = write
        self._committing = committing
        self._fail = fail
        self._commit_seconds_max = commit_seconds_max

    async def write_before(self, span: Span, may_begin: Callable[[Span], bool]) -> None:
        """The chunk's note is committed, if it needs one, and no note of a chunk that was let go is any more.

        Or not, because a rebalance or a stop has begun; then it may not begin either. `may_begin` is asked once more
        when it is this commit's turn.
        """
        note = self._suspects.note_before(span)
        due = None if note is None else (span, note)
        while due is not None or self._outlived():
            if not await self._commit(due, may_begin):
                break
            due = None

    async def erase(self) -> None:
        """Nobody may be killed for a chunk that is done; if the next one has come meanwhile, its note does it."""
        with suppress(KafkaError):  # the regular commit comes soon, and says what it thinks of errors
            await self._commit()

    async def acquit(self, span: Span) -> None:
        """The process is about to end, and not because of these records: the broker was away."""
        if self._suspects.note_before(span) is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(ACQUIT_SECONDS_MAX):
                    await self._write({TP(*span.partition): (span.start, "")})

    async def _commit(
        self, due: tuple[Span, str] | None = None, may_begin: Callable[[Span], bool] = lambda _: True
    ) -> bool:
        """Commits the note that is due, and where partitions are whose note is outlived, at once.

        False: nothing was committed, because a rebalance or a stop has begun.
        """
        try:
            async with asyncio.timeout(self._commit_seconds_max), self._committing:
                notes = {TP(*p): (self._ledger.confirmed(p), WARY) for p in self._outlived()}
                if due is not None:
                    span, note = due
                    if not may_begin(span):
                        return False
                    notes[TP(*span.partition)] = (span.start, note)
                if notes and not await self._write(notes):
                    return False
                self._suspects.erased(notes)
                if due is not None:
                    self._suspects.noted(span)
                    self._ledger.committed(span.partition, span.start)
                return True
        except TimeoutError as error:
            self._fail(f"a commit took longer than {self._commit_seconds_max:g} s", error)

    def _outlived(self) -> list[Partition]:
        return [partition for partition in self._suspects.outlived() if partition in self._ledger]
