"""`/api/events`: what happens, as it happens (server-sent events)."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from aiohttp import web

from stream.telemetry.paging import ReaderRefused
from stream.web.hub import Reader
from stream.web.page import Page, page_of

ROUTES = web.RouteTableDef()
RETRY_MS = 2_000
WRITE_BUFFER_BYTES_MAX = 16_384
SEND_BUFFER_BYTES = 16_384


@ROUTES.get("/api/events")
async def events(request: web.Request) -> web.StreamResponse:
    """The stream. `Last-Event-ID`, or `last` in the query, names the last event that the reader has."""
    page = page_of(request)
    if len(page.hub) >= page.settings.web_readers_max:
        page.telemetry.emit(ReaderRefused("full"))
        raise web.HTTPServiceUnavailable(
            text=f"all {page.settings.web_readers_max} places for live readers are taken", headers={"Retry-After": "10"}
        )
    last = request.headers.get("Last-Event-ID") or request.query.get("last")
    reader = page.hub.join(last)
    try:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        transport = request.transport
        if transport is not None:
            transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES_MAX)
            # Left alone, the kernel would take megabytes for one that reads nothing before we notice.
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        await response.write(page.hub.greeting(RETRY_MS, page.status()))
        await _serve(page, reader, response, request)
        return response
    finally:
        page.hub.leave(reader)


async def _serve(page: Page, reader: Reader, response: web.StreamResponse, request: web.Request) -> None:
    blocked_seconds_max = page.settings.web_reader_blocked_ms_max / 1_000
    with contextlib.suppress(ConnectionError):
        while True:
            chunk = await reader.take()
            if page.closing:
                return
            try:
                await asyncio.wait_for(_write(response, chunk), blocked_seconds_max)
            except TimeoutError:
                page.telemetry.emit(ReaderRefused("slow"))
                if request.transport is not None:
                    request.transport.abort()
                return


async def _write(response: web.StreamResponse, chunk: bytes) -> None:
    await response.write(chunk)
    # aiohttp waits only now and then by itself; a reader that takes nothing must be noticed at the first event.
    await response._payload_writer.drain()  # type: ignore[union-attr]
