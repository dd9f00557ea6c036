"""The engine processes of a worker, and an engine that hands its first stage to them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import threading
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from stream.detect import Memory
from stream.engine import Batch, EngineConfig
from stream.errors import GiveUp
from stream.model import Record
from stream.programs import of_module
from stream.rulelang import RuleSet
from stream.worker.stages import Pure

SLICES_PER_PROCESS = 2
"""More, and smaller, slices share the work out more evenly; each costs about 0.2 ms."""


class EngineProcessError(RuntimeError):
    """An engine process ended, or its engine failed."""


class EngineProcessEndedError(EngineProcessError, GiveUp):
    """Nobody knows why; the worker has to start again."""


class EnginePool:
    """`count` engine processes; `close` ends them. Safe to call from several threads."""

    def __init__(self, count: int, config: EngineConfig) -> None:
        """Raises `GiveUp` if no process can be started."""
        self._config = config
        self._processes: list[_Process] = []
        try:
            for _ in range(count):
                self._processes.append(_Process())
        except OSError as error:
            for process in self._processes:
                process.end()
            found = f"{len(self._processes)} of {count} engine processes: {error.strerror or error}"
            raise GiveUp(f"no more processes can be started, found {found}") from error
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix="engine")
        self._free: asyncio.Queue[_Process] | None = None

    def learn(self, engine: Pure) -> InPool:
        """The same engine with its first stage in the processes, once all of these have compiled its rules.

        Blocks. Raises `EngineProcessError`.
        """
        # All at once; they go on with what they have in work first.
        with ThreadPoolExecutor(max_workers=len(self._processes)) as each:
            list(each.map(lambda process: process.ask("learn", engine.ruleset, self._config), self._processes))
        return InPool(engine, self)

    def fault(self) -> str | None:
        """None, or which process has ended, also if nothing was asked of it meanwhile."""
        return next(filter(None, (process.ended() for process in self._processes)), None)

    async def tag(self, ruleset: RuleSet, records: Sequence[Record]) -> AsyncGenerator[Batch, None]:
        """What comes of raw records by a rule set, in parts, in the order of the records.

        Raises `EngineProcessError`.
        """
        if not records:
            return
        size = -(-len(records) // (SLICES_PER_PROCESS * len(self._processes)))
        slices = [records[start : start + size] for start in range(0, len(records), size)]
        if len(slices) == 1:
            yield await self._slice(ruleset, records)
            return
        asked = [asyncio.ensure_future(self._slice(ruleset, each)) for each in slices]
        try:
            for each in asked:
                yield await each
        finally:
            for each in asked:
                each.cancel()

    async def _slice(self, ruleset: RuleSet, records: Sequence[Record]) -> Batch:
        if self._free is None:
            self._free = asyncio.Queue()
            for process in self._processes:
                self._free.put_nowait(process)
        process = await self._free.get()
        try:
            asking = asyncio.get_running_loop().run_in_executor(self._threads, self._judged, process, ruleset, records)
            return await asyncio.shield(asking)
        finally:
            # Whoever asks it next waits for what it has in work.
            self._free.put_nowait(process)

    def _judged(self, process: _Process, ruleset: RuleSet, records: Sequence[Record]) -> Batch:
        # The rules may have changed several times since the chunk began.
        while (batch := process.ask("tag", ruleset.digest, records)) is None:
            process.ask("learn", ruleset, self._config)
        assert isinstance(batch, Batch)
        return batch

    def close(self) -> None:
        """Ends the processes, whatever they have in work."""
        for process in self._processes:
            process.end()
        self._threads.shutdown(wait=False, cancel_futures=True)


class InPool:
    """An engine whose first stage is in the processes of a pool."""

    def __init__(self, engine: Pure, pool: EnginePool) -> None:
        self._engine, self._pool = engine, pool

    @property
    def ruleset(self) -> RuleSet:
        """The rules that judge."""
        return self._engine.ruleset

    def turn(self) -> AbstractAsyncContextManager[object]:
        """Several chunks at the same time: processes that are free take what there is."""
        return contextlib.nullcontext()

    def tag(self, records: Sequence[Record]) -> AsyncGenerator[Batch, None]:
        """Yields to the event loop while the processes judge."""
        return self._pool.tag(self._engine.ruleset, records)

    async def catch_up(self, records: Sequence[Record]) -> None:
        """Its rules never change."""

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """As the engine does, in this process: the states are here."""
        return self._engine.alert(records, now, memory)


class _Process:
    """One engine process, and one message at a time to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                of_module("stream.worker.pool.child", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                # A Ctrl-C at the terminal is for the worker.
                start_new_session=True,
            )
        self._pipe = Connection(ours.detach())
        self._turn = threading.Lock()

    def ask(self, *message: Any) -> Any:
        """Blocks until it has answered."""
        with self._turn:
            try:
                self._pipe.send(message)
                done, answer = self._pipe.recv()
            except (EOFError, OSError) as error:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(1.0)
                raise EngineProcessEndedError(self.ended() or "an engine process does not answer") from error
        if not done:
            raise EngineProcessError(answer)
        return answer

    def ended(self) -> str | None:
        """None while it runs, else how it ended."""
        code = self._process.poll()
        if code is None:
            return None
        killed = ": if nobody killed it, the worker needs more memory" if code < 0 else ""
        return f"an engine process ended with {code}{killed}"

    def end(self) -> None:
        """Kills it; who waits for an answer gets an error."""
        self._process.kill()
        self._process.wait()
