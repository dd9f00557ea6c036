"""The server under ingest and the page: connections that take nothing of what they asked for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from aiohttp import web

from stream.net.httpserver import AppRunner

CONNECTIONS_MAX = 4
ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_connections_that_never_read_their_answers_are_no_more_than_there_may_be() -> None:
    async def run() -> None:
        begun = 0

        async def large(request: web.Request) -> web.Response:
            nonlocal begun
            begun += 1
            return web.Response(body=b"x" * 8_000_000)

        app = web.Application()
        app.router.add_get("/", large)
        runner = AppRunner(app, connections_max=CONNECTIONS_MAX, head_seconds_max=30.0, shutdown_timeout=1.0)
        await runner.setup()
        server = runner.server
        assert server is not None

        def connections() -> list[Any]:
            return list(server.connections)

        with socket.socket() as listening, contextlib.ExitStack() as clients:
            listening.bind(("127.0.0.1", 0))
            await web.SockSite(runner, listening).start()
            for number in range(3 * CONNECTIONS_MAX):
                client = clients.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                client.connect(listening.getsockname())
                client.sendall(ASKED)
                async with asyncio.timeout(30):
                    while begun <= number or any(each.since is None for each in connections()):
                        await asyncio.sleep(0.01)
            async with asyncio.timeout(30):
                while len(connections()) > CONNECTIONS_MAX:
                    await asyncio.sleep(0.01)
            await runner.cleanup()

    asyncio.run(run())
