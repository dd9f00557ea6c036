"""The life of `redline web`: start, beat, stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import time

from aiohttp import web

from stream.broker.admin import require_topics
from stream.broker.servicewatch import ServiceWatch
from stream.errors import ServiceError
from stream.net.httpserver import AppRunner
from stream.net.listening import cannot_listen
from stream.settings import Settings
from stream.telemetry.ending import ServiceStopped, ServiceStopping
from stream.telemetry.events import HealthServing, Telemetry
from stream.telemetry.paging import PageServing
from stream.telemetry.server import HealthServer
from stream.web.app import create_app
from stream.web.feed import Feed
from stream.web.page import Page
from stream.wire.topics import ALERTS, DEAD, DECISIONS, TAGGED

BEAT_SECONDS = 5.0
STUCK_SECONDS = 30.0
EXIT_INTERRUPTED = 130
MEANWHILE = "The page shows what it had read"
BACKLOG_CONNECTIONS = 1_024


def run_web(settings: Settings, telemetry: Telemetry) -> int:
    """Serves until a signal comes; returns the exit code. Raises `RedlineError` if it cannot start."""
    page = Page(settings, telemetry)
    watch = ServiceWatch(settings, telemetry, MEANWHILE)
    listening = _listen(settings)
    try:
        with HealthServer(
            telemetry.metrics,
            host=settings.metrics_host,
            port=settings.web_metrics_port,
            live=lambda: _stuck(page),
            ready=lambda: watch.trouble() or page.trouble(),
            setting="web_metrics_port",
        ) as health:
            telemetry.emit(HealthServing(health.url))
            require_topics(settings, (TAGGED, *ALERTS.values(), DEAD, DECISIONS), "web")
            with watch:
                return asyncio.run(_serve(page, listening))
    finally:
        listening.close()


async def _serve(page: Page, listening: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[signal.Signals] = loop.create_future()

    def end(which: signal.Signals) -> None:
        if not ended.done():
            page.telemetry.emit(ServiceStopping(which.name))
            ended.set_result(which)

    def failed(error: BaseException) -> None:
        if not ended.done():
            ended.set_exception(error)

    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, end, which)
    feed = await asyncio.to_thread(lambda: Feed(page.settings, loop, took=page.take, watched=page.watch, failed=failed))
    runner = AppRunner(
        create_app(page),
        connections_max=page.settings.web_readers_max + page.settings.web_connections_max,
        head_seconds_max=page.settings.web_head_timeout_ms / 1_000,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    await web.SockSite(runner, listening, backlog=BACKLOG_CONNECTIONS).start()
    feed.start()
    page.telemetry.emit(PageServing(url_of(page.settings, listening)))
    beating = asyncio.ensure_future(_beat(page))
    try:
        which = await ended
    finally:
        began = time.monotonic()
        beating.cancel()
        page.close_readers()
        await runner.cleanup()
        await asyncio.to_thread(feed.stop)
        await asyncio.to_thread(page.close)
    page.telemetry.emit(ServiceStopped(time.monotonic() - began))
    return EXIT_INTERRUPTED if which is signal.SIGINT else 0


def url_of(settings: Settings, listening: socket.socket) -> str:
    """Where people open the page."""
    if settings.web_public_url:
        return settings.web_public_url
    host = "127.0.0.1" if settings.web_host in ("0.0.0.0", "::") else settings.web_host
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"


async def _beat(page: Page) -> None:
    while True:
        page.beat()
        await asyncio.sleep(BEAT_SECONDS)


def _stuck(page: Page) -> str | None:
    silent = time.monotonic() - page.beaten_at
    return None if silent < STUCK_SECONDS else f"the page's event loop has been stuck for {silent:.0f} s"


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.web_host, settings.web_port))
        # Listening at once: whoever takes the port next is told so, and who connects early is served a little later.
        listening.listen(BACKLOG_CONNECTIONS)
    except OSError as error:
        listening.close()
        host, port = settings.web_host, settings.web_port
        said = cannot_listen(host, port, error, host_setting="web_host", port_setting="web_port")
        raise ServiceError(said) from error
    return listening
