"""Requests to addresses that others chose: every trick of faults.md with a local server, and none of them works."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest

from stream.net.addresses import Network
from stream.net.fetching import Failed, Fetched, cause_of, fetch
from stream.net.guard import Lookup, guarded_session
from stream.net.lookup import system_lookup
from tests.net.server import Call, Server

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)
ONE_MB = 1_000_000


async def get(
    url: str,
    *,
    allowed: Sequence[Network] = LOOPBACK,
    lookup: Lookup = system_lookup,
    bytes_max: int = ONE_MB,
    seconds_max: float = 20.0,
    headers: dict[str, str] | None = None,
) -> Fetched | Failed:
    async with guarded_session(allowed, seconds_max=seconds_max, lookup=lookup) as session:
        return await fetch(
            session, url, allowed=allowed, headers=headers or {}, bytes_max=bytes_max, seconds_max=seconds_max
        )


def served(play: Any) -> None:
    async def main() -> None:
        async with Server() as server:
            await play(server)

    asyncio.run(main())


def names(**addresses: str | list[str]) -> Lookup:
    """A DNS of a test's own; a list is given out one by one, one a question."""

    async def lookup(host: str, port: int) -> Sequence[str]:
        found = addresses[host.partition(".")[0]]
        if isinstance(found, list):
            return [found.pop(0)]
        return found.split()

    return lookup


def test_a_plain_page() -> None:
    async def play(server: Server) -> None:
        server.page(
            "/feed", b"<rss/>", ETag='"1"', Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT", Content_Type="text/xml"
        )
        found = await get(server.url("/feed"), headers={"If-None-Match": '"0"'})
        assert isinstance(found, Fetched)
        assert (found.status, found.body, found.etag, found.content_type) == (200, b"<rss/>", '"1"', "text/xml")
        (call,) = server.calls
        assert call.headers["if-none-match"] == '"0"'
        assert call.headers["accept-encoding"] == "gzip, deflate"
        assert "cookie" not in call.headers

    served(play)


@pytest.mark.parametrize("strange", ["\udcff", "\udcc3\udca9", "\x01"])
def test_headers_that_cannot_be_passed_on_are_not(strange: str) -> None:
    async def play(server: Server) -> None:
        server.page(
            "/feed", b"<rss/>", ETag=f'"{strange}"', Last_Modified=strange, Content_Type=f"text/xml; x={strange}"
        )
        server.page("/busy", b"", 503, Retry_After=strange)
        server.page("/moved", b"", 301, Location=f"/{strange}")
        found = await get(server.url("/feed"))
        assert isinstance(found, Fetched)
        assert (found.etag, found.last_modified) == (None, None)
        assert found.content_type.startswith("text/xml; x=")
        assert found.content_type.isascii()
        busy, moved = await get(server.url("/busy")), await get(server.url("/moved"))
        assert isinstance(busy, Failed)
        assert busy.retry_after_seconds is None
        assert isinstance(moved, Failed) or moved.url.isascii()

    served(play)


def test_not_modified_and_other_statuses() -> None:
    async def play(server: Server) -> None:
        server.page("/same", b"", 304)
        server.page("/busy", b"", 429, Retry_After="77")
        server.page("/gone", b"", 410)
        server.page("/never", b"", 503, Retry_After="99999999999999")
        same = await get(server.url("/same"))
        assert isinstance(same, Fetched)
        assert same.status == 304
        busy, gone, never, missing = [await get(server.url(path)) for path in ("/busy", "/gone", "/never", "/missing")]
        assert isinstance(busy, Failed)
        assert (busy.code, busy.status, busy.retry_after_seconds) == ("status", 429, 77.0)
        assert isinstance(gone, Failed)
        assert gone.status == 410
        assert isinstance(never, Failed)
        assert never.retry_after_seconds is None
        assert isinstance(missing, Failed)
        assert "404" in missing.reason

    served(play)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://127.1:{port}/",
        "http://0.0.0.0:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[64:ff9b::7f00:1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://user@127.0.0.1:{port}/",
        "http://①②⑦.⓪.⓪.①:{port}/",
        "file:///etc/passwd",
        "ftp://example.org/",
    ],
)
def test_nothing_that_is_not_public_is_asked(url: str) -> None:
    async def play(server: Server) -> None:
        found = await get(url.format(port=server.port), allowed=())
        assert isinstance(found, Failed)
        assert found.code == "address", found
        assert not server.calls

    served(play)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "http://evil.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//10.0.0.1/",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("hops", [1, 3])
def test_redirects_are_checked_hop_by_hop(target: str, hops: int) -> None:
    async def play(server: Server) -> None:
        for hop in range(hops):
            following = target if hop == hops - 1 else f"/{hop + 1}"
            server.page(f"/{hop}", b"", 302, Location=following)
        found = await get(server.url("/0"), lookup=names(evil="10.0.0.1"))
        assert isinstance(found, Failed)
        assert found.code == "address", found
        assert len(server.calls) == hops

    served(play)


def test_redirects_are_followed_and_permanent_ones_told() -> None:
    async def play(server: Server) -> None:
        server.page("/old", b"", 301, Location="/new?key=1")
        server.page("/new", b"text")
        server.page("/round", b"", 302, Location="/round")
        found = await get(server.url("/old"))
        assert isinstance(found, Fetched)
        assert (found.body, found.moved_to, found.url) == (b"text", server.url("/new?key=1"), server.url("/new?key=1"))
        round_ = await get(server.url("/round"))
        assert isinstance(round_, Failed)
        assert round_.code == "redirects"
        assert len(server.calls) == 8

    served(play)


def test_names_are_resolved_once_and_all_addresses_are_checked() -> None:
    async def play(server: Server) -> None:
        server.page("/", b"text")
        # Allowed first, then not: whoever asked twice for one request would connect to the second answer.
        answers = ["127.0.0.1", "10.0.0.1"]
        rebinding, allowed = names(evil=answers), (ip_network("127.0.0.1/32"),)
        found = await get(server.url("/", "evil.example"), allowed=allowed, lookup=rebinding)
        assert isinstance(found, Fetched)
        assert answers == ["10.0.0.1"], "one question for one request"
        found = await get(server.url("/", "evil.example"), allowed=allowed, lookup=rebinding)
        assert isinstance(found, Failed)
        assert found.code == "address"
        both = names(evil="127.0.0.1 10.0.0.1")
        found = await get(server.url("/", "evil.example"), lookup=both)
        assert isinstance(found, Failed)
        assert found.code == "address"
        assert len(server.calls) == 1
        good = await get(server.url("/", "good.example"), lookup=names(good="127.0.0.1"))
        assert isinstance(good, Fetched)

    served(play)


def test_names_that_lead_nowhere() -> None:
    async def play(server: Server) -> None:
        async def lookup(host: str, port: int) -> Sequence[str]:
            raise OSError(-2, "Name or service not known")

        found = await get("http://nowhere.example/", lookup=lookup)
        assert isinstance(found, Failed)
        assert found.code == "connect"
        assert "not known" in found.reason

    served(play)


def test_a_gzip_bomb_is_cut_off() -> None:
    async def play(server: Server) -> None:
        bomb = gzip.compress(bytes(100_000_000), 1)
        assert len(bomb) < ONE_MB
        server.page("/bomb", bomb, Content_Encoding="gzip")
        tracemalloc.start()
        found = await get(server.url("/bomb"))
        assert isinstance(found, Failed)
        assert found.code == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()

    served(play)


def test_a_hundred_megabytes_are_cut_off() -> None:
    async def play(server: Server) -> None:
        written = 0

        async def endless(call: Call) -> None:
            nonlocal written
            call.writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            for _ in range(1_000):
                call.writer.write(b"x" * 100_000)
                await call.writer.drain()
                written += 100_000

        server.pages["/endless"] = endless
        server.page("/announced", b"x", Content_Length="100000000")
        for path in ("/endless", "/announced"):
            found = await get(server.url(path))
            assert isinstance(found, Failed)
            assert found.code == "too_large"
        assert written < 20_000_000

    served(play)


@pytest.mark.parametrize("where", ["head", "body", "silence"])
def test_slow_servers_meet_the_deadline(where: str) -> None:
    async def play(server: Server) -> None:
        async def slow(call: Call) -> None:
            if where != "silence":
                call.writer.write(
                    b"HTTP/1.1 200 OK\r\n" + (b"X: y" if where == "head" else b"Content-Length: 100\r\n\r\n")
                )
            for _ in range(200):
                if where != "silence":
                    call.writer.write(b"x")
                    await call.writer.drain()
                await asyncio.sleep(0.05)

        server.pages["/slow"] = slow
        found = await get(server.url("/slow"), seconds_max=0.5)
        assert isinstance(found, Failed)
        assert found.code == "timeout"

    served(play)


def test_the_deadline_is_for_all_redirects_together() -> None:
    async def play(server: Server) -> None:
        async def slow(call: Call) -> None:
            await asyncio.sleep(0.3)
            await call.answer(b"", 302, Location="/slow")

        server.pages["/slow"] = slow
        found = await get(server.url("/slow"), seconds_max=0.8)
        assert isinstance(found, Failed)
        assert found.code == "timeout"

    served(play)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no http\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\x00\xff/\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_damaged_answers_are_values(answer: bytes) -> None:
    async def play(server: Server) -> None:
        async def raw(call: Call) -> None:
            call.writer.write(answer)
            await call.writer.drain()

        server.pages["/raw"] = raw
        found = await get(server.url("/raw"))
        assert isinstance(found, Failed)
        assert found.reason

    served(play)


def test_no_secret_of_a_url_is_in_a_reason() -> None:
    async def play(server: Server) -> None:
        server.broken = True
        for path in ("/a?key=canary", "/canary-free?x=canary#canary"):
            found = await get(f"http://canary:canary@127.0.0.1:{server.port}{path}")
            assert isinstance(found, Failed)
            assert "canary" not in found.reason.replace("/canary-free", "")

    served(play)


NO_HTTP = [
    b"no http\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nNo Header\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nX-Asked: /?key=canary\r\n",
    b"/?key=canary HTTP/1.1\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://us:canary@h\xe2\x84\x80st/\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://us:canary/@host/\r\n\r\n",
]
"""Answers of which aiohttp's or the library's errors tell the URL or themselves."""


@pytest.mark.parametrize("answer", NO_HTTP)
def test_no_secret_is_in_the_reason_of_a_damaged_answer(answer: bytes) -> None:
    async def play(server: Server) -> None:
        async def raw(call: Call) -> None:
            call.writer.write(answer)
            await call.writer.drain()

        server.pages["/raw"] = raw
        found = await get(f"http://canary:canary@127.0.0.1:{server.port}/raw?key=canary#canary")
        assert isinstance(found, Failed)
        assert "canary" not in found.reason
        assert "\n" not in found.reason

    served(play)


def test_errors_that_are_a_url_or_an_answer_do_not_tell_it() -> None:
    for error in (
        aiohttp.InvalidURL("http://canary"),
        aiohttp.ServerDisconnectedError("canary"),
        ValueError("'canary'"),
    ):
        assert cause_of(error)
        assert "canary" not in cause_of(error)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(server: Server) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        server.page("/", b"direct")
        found = await get(server.url("/"))
        assert isinstance(found, Fetched)
        assert found.body == b"direct"

    served(play)
