"""A local HTTP server that answers exactly what a test says, byte by byte if it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Answer = Callable[["Call"], Awaitable[None]]


@dataclass
class Call:
    """One request: its path, its headers (lower-case), and where the answer goes."""

    path: str
    headers: dict[str, str]
    writer: asyncio.StreamWriter

    async def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """A whole answer; `Content_Type="…"` becomes the header Content-Type, "\\udcff" the byte ff."""
        lines = [f"HTTP/1.1 {status} Said"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if "Content_Length" not in headers:
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("utf-8", "surrogateescape") + body)
        await self.writer.drain()


@dataclass
class Server:
    """A context manager. `pages`: path -> how it is answered; other paths are 404."""

    host: str = "127.0.0.1"
    pages: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    broken: bool = False
    """While set, connections are closed without a word."""

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def url(self, path: str, host: str | None = None) -> str:
        """The URL of a path."""
        return f"http://{host or self.host}:{self.port}{path}"

    def page(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """Answers a path with this."""

        async def answer(call: Call) -> None:
            await call.answer(body, status, **headers)

        self.pages[path] = answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.broken:
                return
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            call = Call(path, headers, writer)
            self.calls.append(call)
            page = self.pages.get(path.partition("?")[0])
            await (page(call) if page else call.answer(b"nothing here", 404))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()
