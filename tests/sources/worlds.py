"""The outside worlds of the sources, all with the same handles: give articles, give something bad, break, mend."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import orjson

from stream.settings import Settings
from stream.sources.configs import DirectoryConfig, FeedConfig, HttpConfig, StdinConfig
from stream.sources.contract import Outlet, Source
from stream.sources.feeds.polling import FeedSource, FeedWorks
from stream.sources.httplistener import HttpListener
from stream.sources.stdin import StdinSource
from stream.sources.watched import WatchedFolder
from tests.net.server import Call, Server

CANARY = "canary-secret-0123456789"
"""Part of every secret that a world hands to its source."""


class World(Protocol):
    """One kind of source and what is outside of it."""

    resumes: bool
    """The source remembers over a restart."""
    tells: bool
    """The sender is told what is refused, so there is no dead letter."""
    breaks: bool
    """There is something outside that can fail."""

    def source(self) -> Source: ...
    async def give(self, count: int) -> list[str]:
        """Makes so many new articles available; returns their bodies."""

    async def give_bad(self) -> None:
        """Makes something available that is no article."""

    def break_(self) -> None: ...
    def mend(self) -> None: ...
    async def close(self) -> None: ...


class DirectoryWorld:
    """A folder; each article is a file."""

    resumes, tells, breaks = True, False, True

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder / "inbox"
        self._folder.mkdir()
        self._numbers = itertools.count(1)

    def source(self) -> Source:
        config = DirectoryConfig("world", self._folder, every_seconds=0.02, settle_seconds=0.0)
        return WatchedFolder(config, file_bytes_max=1_000_000)

    async def give(self, count: int) -> list[str]:
        bodies = [f"KYIV (Reuters) - Article number {next(self._numbers)}." for _ in range(count)]
        name = f"{next(self._numbers):05}.ndjson"
        self._write(name, b"\n".join(orjson.dumps({"body": body}) for body in bodies))
        return bodies

    async def give_bad(self) -> None:
        self._write(f"{next(self._numbers):05}.json", b"{no article")

    def break_(self) -> None:
        self._folder.rename(self._folder.with_name("away"))

    def mend(self) -> None:
        self._folder.with_name("away").rename(self._folder)

    async def close(self) -> None:
        pass

    def _write(self, name: str, data: bytes) -> None:
        aside = self._folder / f".{name}"
        aside.write_bytes(data)
        aside.rename(self._folder / name)


class StdinWorld:
    """A pipe."""

    resumes, tells, breaks = False, False, False

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._reading, self._writing = os.pipe()
        self._numbers = itertools.count(1)

    def source(self) -> Source:
        return StdinSource(StdinConfig("world"), line_bytes_max=100_000, descriptor=self._reading)

    async def give(self, count: int) -> list[str]:
        bodies = [f"KYIV (Reuters) - Article number {next(self._numbers)}." for _ in range(count)]
        os.write(self._writing, b"".join(orjson.dumps({"body": body}) + b"\n" for body in bodies))
        return bodies

    async def give_bad(self) -> None:
        os.write(self._writing, b"{no article\n")

    def break_(self) -> None: ...
    def mend(self) -> None: ...

    async def close(self) -> None:
        os.close(self._writing)
        os.close(self._reading)


class HttpWorld:
    """Clients of the listener; each article is a request of its own that is repeated as its answer says."""

    resumes, tells, breaks = False, True, False

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        self._numbers = itertools.count(1)
        self._source: HttpListener | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.statuses: list[int] = []

    def source(self) -> Source:
        self._source = HttpListener(HttpConfig("world", port=0, tokens=(CANARY,)), self._settings)
        return self._source

    async def give(self, count: int) -> list[str]:
        bodies = [f"KYIV (Reuters) - Article number {next(self._numbers)}." for _ in range(count)]
        for body in bodies:
            self._start(orjson.dumps({"body": body}))
        return bodies

    async def give_bad(self) -> None:
        self._start(b"{no article")

    def break_(self) -> None: ...
    def mend(self) -> None: ...

    async def close(self) -> None:
        for client in self._clients:
            client.cancel()
        if self._session is not None:
            await self._session.close()

    def _start(self, data: bytes) -> None:
        task = asyncio.create_task(self._send(data))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _send(self, data: bytes) -> None:
        assert self._source is not None
        await self._source.listening.wait()
        self._session = self._session or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        headers: dict[str, Any] = {"Content-Type": "application/json", "Authorization": f"Bearer {CANARY}"}
        while True:
            url = f"http://127.0.0.1:{self._source.port}/articles"
            async with self._session.post(url, data=data, headers=headers) as answer:
                self.statuses.append(answer.status)
                if answer.status not in (429, 503):
                    return
                assert int(answer.headers["Retry-After"]) >= 1
            await asyncio.sleep(0.05)


class FeedWorld:
    """A feed on a local server; each article is an item."""

    resumes, tells, breaks = True, False, True

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._numbers = itertools.count(1)
        self._items: list[str] = []
        self._bad = False
        self._server = Server()
        self._server.pages["/feed"] = self._answer
        self._works = FeedWorks(settings, feeds=1)
        self._host: asyncio.Task[None] | None = None
        self._open = asyncio.Event()
        self._closing = asyncio.Event()

    def source(self) -> Source:
        self._host = self._host or asyncio.create_task(self._serve())
        return _Late(self._open, self._feed)

    def _feed(self) -> Source:
        url = f"http://user:{CANARY}@127.0.0.1:{self._server.port}/feed?key={CANARY}"
        return FeedSource(FeedConfig("world", url, 0.02, allowed=(ip_network("127.0.0.0/8"),)), self._works)

    async def give(self, count: int) -> list[str]:
        bodies = [f"KYIV (Reuters) - Article number {next(self._numbers)}." for _ in range(count)]
        self._items += bodies
        return bodies

    async def give_bad(self) -> None:
        await self._until(self._asked() + 2)
        self._bad = True
        await self._until(self._asked() + 2)
        self._bad = False

    def break_(self) -> None:
        self._server.broken = True

    def mend(self) -> None:
        self._server.broken = False

    async def close(self) -> None:
        await self._works.__aexit__()
        self._closing.set()
        if self._host is not None:
            await self._host

    def _asked(self) -> int:
        return len(self._server.calls)

    async def _until(self, asked: int) -> None:
        async with asyncio.timeout(30):
            while self._asked() < asked:
                await asyncio.sleep(0.01)

    async def _serve(self) -> None:
        async with self._server:
            self._open.set()
            await self._closing.wait()

    async def _answer(self, call: Call) -> None:
        if self._bad:
            await call.answer(b"<html><p>This is no feed.</p></html>", Content_Type="text/html")
            return
        tag = f'"{len(self._items)}"'
        if call.headers.get("if-none-match") == tag:
            await call.answer(b"", 304)
            return
        items = "".join(
            f"<item><guid>{hash(body)}</guid><description>{body}</description></item>" for body in reversed(self._items)
        )
        document = f'<rss version="2.0"><channel><title>World</title>{items}</channel></rss>'
        await call.answer(document.encode(), ETag=tag, Content_Type="application/rss+xml")


class _Late:
    """A source whose address is known once its server runs."""

    id, type, place = "world", "feed", "late"

    def __init__(self, ready: asyncio.Event, make: Callable[[], Source]) -> None:
        self._ready, self._make = ready, make

    async def run(self, outlet: Outlet) -> bool:
        await self._ready.wait()
        source = self._make()
        self.place = source.place
        return await source.run(outlet)


WORLDS: dict[str, type[DirectoryWorld | FeedWorld | StdinWorld | HttpWorld]] = {
    "feed": FeedWorld,
    "directory": DirectoryWorld,
    "stdin": StdinWorld,
    "http": HttpWorld,
}
