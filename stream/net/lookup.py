"""The system's resolver, asked in threads that do not keep the process from ending.

A resolver that hangs cannot be told to stop. The threads of asyncio are waited for when its loop ends, so a stop would
take as long as the slowest look-up (measured: 17 s).

Limits: LOOKUPS_MAX at a time in a process; above, a look-up fails like one that finds nothing.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

LOOKUPS_MAX = 64

_free = threading.BoundedSemaphore(LOOKUPS_MAX)


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """The addresses of a name for a port, as text. Raises OSError if there are none."""
    if not _free.acquire(blocking=False):
        raise OSError(f"the system's resolver does not answer: {LOOKUPS_MAX} look-ups are under way")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def settle(found: list[Any] | Exception) -> None:
        if answer.done():  # nobody waits any more
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[Any] | Exception
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            found = error
        finally:
            _free.release()
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, found)

    try:
        threading.Thread(target=ask, name="lookup", daemon=True).start()
    except RuntimeError as error:
        _free.release()
        raise OSError(f"no thread for a look-up: {error}") from error
    return [str(entry[4][0]) for entry in await answer]
