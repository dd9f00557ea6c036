"""Names are looked up beside the event loop, by threads that nobody waits for."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest

from stream.net import lookup
from stream.net.lookup import LOOKUPS_MAX, system_lookup

HANGS = """
import asyncio, socket, time
from stream.net.lookup import system_lookup
socket.getaddrinfo = lambda *args, **options: time.sleep(600)
async def main():
    async with asyncio.timeout(0.1):
        await system_lookup("name.test", 80)
try:
    asyncio.run(main())
except TimeoutError:
    print("ended")
"""


def test_a_name_has_addresses_or_an_error() -> None:
    assert "127.0.0.1" in asyncio.run(system_lookup("localhost", 80))
    with pytest.raises(socket.gaierror):
        asyncio.run(system_lookup("no-such-name.invalid", 80))


def test_a_resolver_that_hangs_does_not_keep_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended\n"


def test_no_more_than_so_many_at_a_time() -> None:
    held = [lookup._free.acquire(blocking=False) for _ in range(LOOKUPS_MAX)]
    try:
        with pytest.raises(OSError, match="does not answer: 64 look-ups are under way"):
            asyncio.run(system_lookup("localhost", 80))
    finally:
        lookup._free.release(sum(held))
    assert asyncio.run(system_lookup("localhost", 80))
