"""Work that takes as long as its input likes, in a process of its own, so that the page goes on.

One job at a time; jobs that wait are few. A job that takes longer than it may costs the process its life, and the next
job gets a new one. The process ends with the page, because its pipe does.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import math
import multiprocessing
import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

JOBS_WAITING_MAX = 8
WALL_FACTOR = 5.0
WALL_SECONDS_MIN = 20.0
"""Processor time is what is limited: on a busy machine a job is not to blame for waiting, but it may not for ever."""

MEMORY_BYTES_MAX = 2_000_000_000


class BusyError(Exception):
    """Too many jobs wait already."""


class TooLongError(Exception):
    """The job took longer than it may, or more memory."""


class Sandbox:
    """Calls a function (`package.module:name`) with values that can be pickled; `seconds_max` of processor time."""

    def __init__(self, function: str, *, seconds_max: float) -> None:
        self._function, self._seconds_max = function, seconds_max
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page-sandbox")
        self._waiting = 0
        self._process: Any = None
        self._pipe: Connection | None = None

    async def call(self, argument: Any) -> Any:
        """What the function returns. Raises `BusyError` or `TooLongError`."""
        if self._waiting >= JOBS_WAITING_MAX:
            raise BusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, argument)
        finally:
            self._waiting -= 1

    def warm(self) -> None:
        """Starts the process ahead of the first job."""
        self._thread.submit(self._start)

    def close(self) -> None:
        """Ends the process."""
        self._thread.submit(self._end)
        self._thread.shutdown()

    def _ask(self, argument: Any) -> Any:
        self._start()
        assert self._pipe is not None
        try:
            self._pipe.send(argument)
            if self._pipe.poll(max(WALL_SECONDS_MIN, WALL_FACTOR * self._seconds_max)):
                return self._pipe.recv()
        except (EOFError, OSError):
            # It died of the job: by the limit of its processor time, or of its memory.
            pass
        self._end()
        raise TooLongError

    def _start(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self._end()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(self._function, theirs, self._seconds_max), daemon=True)
        self._process.start()
        theirs.close()
        # The first words: it has imported all that it needs, so the time of a job is that of the job.
        with contextlib.suppress(EOFError, OSError):
            if self._pipe.poll(60.0):
                self._pipe.recv()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _work(function: str, pipe: Connection, seconds_max: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page, which ends us
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    module, _, name = function.partition(":")
    call = getattr(importlib.import_module(module), name)
    pipe.send(None)
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            argument = pipe.recv()
            # In whole seconds, which is what the system counts; above, it ends the process.
            seconds = math.ceil(time.process_time() + seconds_max)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
            pipe.send(call(argument))
