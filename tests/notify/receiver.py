"""A local HTTP receiver: keeps what was sent to it, and answers as a test says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Answer = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    """One request as it came; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """Answers with this; `Retry_After="…"` becomes the header Retry-After."""

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {code} Said", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    return answer


async def silent(_: Request, writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.sleep(3_600)


async def slow(_: Request, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await asyncio.sleep(0.05)
        writer.write(b"X-A: a\r\n")
        await writer.drain()


async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
    """An answer without end, as fast as it goes."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def broken(_: Request, writer: asyncio.StreamWriter) -> None:
    """Closes the connection without a word."""


@dataclass
class Receiver:
    """A context manager. `answers`: what the first requests get; then `usually`."""

    usually: Answer = field(default_factory=lambda: status(200, b"ok"))
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Receiver:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            request = Request(head[0].split(" ")[1], headers, body)
            self.requests.append(request)
            answer = self.answers.pop(0) if self.answers else self.usually
            await answer(request, writer)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
