"""The server under HTTP ingest and the page: connections, and how long they may take to say what they want.

    connected ──first byte──> head ──whole──> request in work ──answered──> idle ──first byte──> head …
        └── head_seconds_max ──> closed        └── head_seconds_max: 408, closed

A client that sends its head a byte at a time (Slowloris) gets as long as one that sends it at once. Above
`connections_max` a new connection takes the place of the one that has waited longest without a request in work, so slow
clients, however many, do not keep others out; where all have one in work the new one is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

IDLE_SECONDS_MAX = 30.0
"""So long a connection is kept open between two requests."""

_TOO_SLOW = b'{"error": "found no whole head in time"}\n'
_408 = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(_TOO_SLOW), _TOO_SLOW)
)


class Server(web.Server):
    """Counts open connections and requests in work. `told`: how long a client took that was answered 408."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        connections_max: int,
        head_seconds_max: float,
        told: Callable[[float], None] = lambda seconds: None,
        request_factory: Callable[..., web.BaseRequest] | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            "keepalive_timeout": IDLE_SECONDS_MAX,
            "lingering_time": 1.0,
            "auto_decompress": False,
            "access_log": None,
        }
        super().__init__(self._counted, request_factory=request_factory, **self._options)
        self._handler, self._connections_max = handler, connections_max
        self.head_seconds_max, self.told = head_seconds_max, told
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __call__(self) -> web.RequestHandler:
        """The protocol of a new connection."""
        return _Connection(self, loop=self._loop, **self._options)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Makes room for a connection more than allowed, or closes it before it has said anything."""
        if len(self.connections) >= self._connections_max:
            waiting = [each for each in self.connections if isinstance(each, _Connection) and each.since is not None]
            oldest = min(waiting, key=lambda each: each.since or 0.0, default=None)
            if oldest is None:
                transport.abort()
            else:
                oldest.end()
        super().connection_made(handler, transport)

    async def finished(self, seconds_max: float) -> None:
        """Returns when no request is in work any more, or after so long."""
        try:
            async with asyncio.timeout(seconds_max):
                await self._idle.wait()
        except TimeoutError:
            return

    async def _counted(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        self._working += 1
        self._idle.clear()
        if isinstance(connection, _Connection):
            connection.works()
        try:
            return await self._handler(request)
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()
            if isinstance(connection, _Connection):
                connection.rests()


class AppRunner(web.AppRunner):
    """Serves an application from such a server."""

    def __init__(
        self, app: web.Application, *, connections_max: int, head_seconds_max: float, shutdown_timeout: float
    ) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=shutdown_timeout)
        self._limits: dict[str, Any] = {"connections_max": connections_max, "head_seconds_max": head_seconds_max}

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()  # starts the application, and says how its requests are made
        return Server(made.request_handler, request_factory=made.request_factory, **self._limits)


class _Connection(web.RequestHandler):
    """A connection that knows since when it waits for a whole head (event loop's time); None: a request is in work."""

    __slots__ = ("_begun", "_clock", "_server", "since")

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._clock: asyncio.TimerHandle | None = None
        self._begun = False
        self.since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.since = self._loop.time()
        self._start()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.since is not None and not self._begun:
            self._begun = True
            if self._clock is None:
                self.since = self._loop.time()
                self._start()
        super().data_received(data)

    def works(self) -> None:
        """The head is there."""
        self._stop()
        self.since = None

    def rests(self) -> None:
        """The request is answered; how long it may rest is for aiohttp to say."""
        self.since, self._begun = self._loop.time(), False

    def end(self) -> None:
        """Closes it, with an answer if it has begun to ask."""
        self._stop()
        transport = self.transport
        if transport is None or self.since is None:
            return
        if self._begun:
            transport.write(_408)
            self._server.told(self._loop.time() - self.since)
        self.since = None
        self.force_close()
        if transport.get_write_buffer_size():
            # It takes nothing of what it asked for: closed politely, it would stay until it does.
            transport.abort()

    def _start(self) -> None:
        self._clock = self._loop.call_later(self._server.head_seconds_max, self.end)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
