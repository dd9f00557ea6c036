"""Polling: what is asked, what is new, and every trick of a feed's server."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from stream.settings import Settings
from stream.sources.configs import FeedConfig
from stream.sources.feeds import workshop
from stream.sources.feeds.polling import PARSER_TRIES_MAX, FeedSource, FeedWorks
from tests.net.server import Call, Server
from tests.sources.kit import Bench, Run

SETTINGS = Settings(topic_prefix="t.", feed_host_pause_ms=0, feed_bytes_max=200_000, feed_timeout_ms=300_000)
IMPATIENT = SETTINGS.model_copy(update={"feed_timeout_ms": 2_000})
Play = Callable[[Bench, Run, Server], Awaitable[None]]
DIES = """
import os, sys
from stream.sources.feeds.child import frame
sys.stdout.buffer.write(frame({"ready": True}))
sys.stdout.buffer.flush()
sys.stdin.buffer.read(1)
os._exit(1)
"""
HEAD = '<rss version="2.0"><channel><title>T</title>'


def rss(*items: str) -> bytes:
    return (HEAD + "".join(f"<item>{item}</item>" for item in items) + "</channel></rss>").encode()


def play(
    folder: Path,
    scenario: Play,
    *,
    pages: dict[str, bytes] | None = None,
    full_text: bool = False,
    settings: Settings = SETTINGS,
) -> Bench:
    async def main() -> Bench:
        bench = Bench(folder, settings)
        async with Server() as server, FeedWorks(settings, feeds=1) as works:
            for path, body in (pages or {}).items():
                server.page(path, body)
            config = FeedConfig("feed", server.url("/feed"), 0.02, full_text, (ip_network("127.0.0.0/8"),))
            async with bench.running(FeedSource(config, works)) as run:
                await scenario(bench, run, server)
        return bench

    return asyncio.run(main())


def _asked(server: Server, path: str = "/feed") -> list[Call]:
    return [call for call in server.calls if call.path == path]


def test_conditional_requests_and_unchanged_bodies(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        server.page("/feed", rss("<title>One title</title>"), ETag='"1"', Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")
        await run.until(lambda: len(_asked(server)) > 3, "it is asked again")
        last = _asked(server)[-1]
        assert (last.headers["if-none-match"], last.headers["if-modified-since"]) == (
            '"1"',
            "Thu, 01 Jan 2026 00:00:00 GMT",
        )
        await run.until(lambda: bench.value("redline_feed_polls_total", outcome="unchanged") >= 2, "unchanged")

    bench = play(tmp_path, scenario, pages={"/feed": b"late"})
    assert bench.desk.bodies() == ["One title"]
    assert bench.value("redline_feed_polls_total", outcome="changed") == 1


def test_headers_that_are_no_text_end_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        kind = "application/rss+xml; charset=\udcff"
        server.page(
            "/feed", rss("<title>One title</title>"), ETag='"\udcff"', Last_Modified="\udcff", Content_Type=kind
        )
        await run.until(lambda: bench.value("redline_feed_polls_total", outcome="unchanged") >= 2, "it is asked again")
        assert "if-none-match" not in _asked(server)[-1].headers

    bench = play(tmp_path, scenario, pages={"/feed": b"late"})
    assert bench.desk.bodies() == ["One title"]


def test_changed_entries_are_revisions_and_the_oldest_come_first(tmp_path: Path) -> None:
    link = "<link>https://example.org/1</link>"

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        await run.until(lambda: len(bench.desk.articles()) == 2, "two arrive")
        server.page(
            "/feed", rss("<guid>2</guid><description>Two.</description>", f"{link}<description>One!</description>")
        )
        await run.until(lambda: len(bench.desk.articles()) == 3, "one is revised")

    pages = {"/feed": rss("<guid>2</guid><description>Two.</description>", f"{link}<description>One.</description>")}
    bench = play(tmp_path, scenario, pages=pages)
    one, two, revised = bench.desk.articles()
    assert [one["body"], two["body"], revised["body"]] == ["One.", "Two.", "One!"]
    assert (one["id"], one.get("revision"), revised["revision"]) == (revised["id"], None, 2)
    assert bench.value("redline_ingest_articles_total", type="feed", outcome="known") >= 1


def test_articles_that_share_a_guid_are_articles_each(tmp_path: Path) -> None:
    def feed(first: int) -> bytes:
        return rss(*(
            f'<guid isPermaLink="false">site</guid><link>https://example.org/{n}</link><description>{n}</description>'
            for n in reversed(range(first, first + 3))
        ))  # fmt: skip

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        for first in range(25):
            server.page("/feed", feed(first))
            await run.until(lambda first=first: len(bench.desk.articles()) == first + 3, "the new one arrives")  # type: ignore[misc]

    bench = play(tmp_path, scenario, pages={"/feed": feed(0)})
    assert bench.desk.bodies() == [str(n) for n in range(27)]
    assert not any("revision" in article for article in bench.desk.articles())


def test_what_is_no_feed_is_one_dead_letter_for_each_body(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        await run.until(lambda: len(_asked(server)) > 4, "it is asked again and again")
        assert len(bench.desk.dead()) == 1
        server.page("/feed", rss("<title>Now it is one</title>"))
        await run.until(lambda: bool(bench.desk.articles()), "it works")

    bench = play(tmp_path, scenario, pages={"/feed": b"<html>Sign in</html>"})
    (letter,) = bench.desk.dead()
    assert (letter["stage"], letter["code"], letter["original"]) == ("read", "not_a_feed", "<html>Sign in</html>")
    assert "/feed" in letter["reason"]


class Parsers:
    """The commands that start parsers: those given, one after the other, then real ones."""

    DIES = (sys.executable, "-c", DIES)
    CANNOT_START = (sys.executable, "-c", "pass")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *commands: tuple[str, ...]) -> None:
        self.started = 0
        self._commands, self._real = commands, workshop.of_module
        monkeypatch.setattr(workshop, "of_module", self._next)

    def _next(self, module: str) -> tuple[str, ...]:
        self.started += 1
        return self._commands[self.started - 1] if self.started <= len(self._commands) else tuple(self._real(module))


@pytest.mark.parametrize(
    "commands",
    [(Parsers.DIES, Parsers.DIES), (Parsers.CANNOT_START,) * 4, (Parsers.DIES, Parsers.CANNOT_START, Parsers.DIES)],
)
def test_a_parser_that_dies_settles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: tuple[tuple[str, ...], ...]
) -> None:
    parsers = Parsers(monkeypatch, *commands)

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        server.page("/feed", rss("<title>One title</title>"), ETag='"1"')
        await run.until(lambda: bool(bench.desk.articles()), "it is parsed in the end")
        assert [call.headers.get("if-none-match") for call in _asked(server)][: len(commands) + 1] == [None] * (
            len(commands) + 1
        )

    bench = play(tmp_path, scenario, pages={"/feed": b"late"})
    assert bench.desk.bodies() == ["One title"]
    assert bench.desk.dead() == []
    assert parsers.started == len(commands) + 1
    assert bench.value("redline_feed_polls_total", outcome="failed") == len(commands)
    assert "it is tried again at the next poll" in bench.log.getvalue()


def test_a_body_that_keeps_killing_its_parser_is_one_dead_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsers = Parsers(monkeypatch, *(Parsers.DIES,) * PARSER_TRIES_MAX)

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        await run.until(lambda: bool(bench.desk.dead()), "it is given up")
        await run.until(lambda: len(_asked(server)) > PARSER_TRIES_MAX + 2, "it is asked for again")
        assert parsers.started == PARSER_TRIES_MAX
        server.page("/feed", rss("<title>Another one</title>"))
        await run.until(lambda: bool(bench.desk.articles()), "the next one is parsed")

    bench = play(tmp_path, scenario, pages={"/feed": rss("<title>A killer</title>")})
    (letter,) = bench.desk.dead()
    assert (letter["code"], "died and was ended, 3 times in a row" in letter["reason"]) == ("parser_failed", True)
    assert "A killer" in letter["original"]


def test_hostile_answers_are_trouble_and_hold_nothing_up(tmp_path: Path) -> None:
    async def slow(call: Call) -> None:
        call.writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(200):
            call.writer.write(b" ")
            await call.writer.drain()
            await asyncio.sleep(0.05)

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        tricks: list[Callable[[], None]] = [
            lambda: server.page("/feed", gzip.compress(bytes(5_000_000)), Content_Encoding="gzip"),
            lambda: server.page("/feed", b"x" * 300_000),
            lambda: server.page("/feed", b"", 302, Location="http://169.254.169.254/"),
            lambda: server.page("/feed", b"", 302, Location="file:///etc/passwd"),
            lambda: server.pages.__setitem__("/feed", slow),
            lambda: server.page("/feed", b"", 500),
        ]
        for trick in tricks:
            trick()
            run.source._failures = 0  # type: ignore[attr-defined] - so that the test need not wait for the back-off
            failed = bench.value("redline_feed_polls_total", outcome="failed")
            await run.until(
                lambda failed=failed: bench.value("redline_feed_polls_total", outcome="failed") > failed,  # type: ignore[misc]
                "it fails",
            )
        run.source._failures = 0  # type: ignore[attr-defined]
        server.page("/feed", rss("<title>Back again</title>"))
        await run.until(lambda: bool(bench.desk.articles()), "it works again")

    bench = play(tmp_path, scenario, pages={"/feed": b""}, settings=IMPATIENT)
    assert bench.desk.bodies() == ["Back again"]
    assert "link-local" in bench.log.getvalue()


def test_entities_and_files_of_a_feed_stay_outside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("TOP-SECRET")
    xxe = f"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>
    <rss version="2.0"><channel><item><title>A title &x;</title></item></channel></rss>"""

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        await run.until(lambda: bool(bench.desk.sent), "something comes of it")

    bench = play(tmp_path, scenario, pages={"/feed": xxe.encode()})
    assert b"TOP-SECRET" not in b"".join(output.value for output in bench.desk.sent)


def test_full_texts(tmp_path: Path) -> None:
    paragraphs = "".join(f"<p>Paragraph {n} of the article says a good deal about the talks.</p>" for n in range(9))
    page = f"<html><body><article><h1>Title</h1>{paragraphs}</article></body></html>"
    whole = "<description>" + "A feed with the whole text. " * 60 + "</description>"

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        server.page("/page", page.encode(), Content_Type="text/html; charset=utf-8")
        server.page("/pdf", b"%PDF", Content_Type="application/pdf")
        links = [f"<link>{server.url(path)}</link>" for path in ("/page", "/pdf", "/gone", "/whole")]
        private = "<link>http://10.0.0.1/</link>"
        summaries = [f"{link}<description>Summary {n}.</description>" for n, link in enumerate([*links[:3], private])]
        server.page("/feed", rss(*summaries, links[3] + whole))
        await run.until(lambda: len(bench.desk.articles()) == 5, "all arrive")
        assert not _asked(server, "/whole")

    bench = play(tmp_path, scenario, full_text=True, pages={"/feed": rss()})
    found = {str(article.get("url")).rpartition("/")[2]: article["body"] for article in bench.desk.articles()}
    assert "Paragraph 8" in found["page"]
    assert found["pdf"] == "Summary 1."
    assert found["gone"] == "Summary 2."
    assert found[""] == "Summary 3."
    assert found["whole"].startswith("A feed with the whole text.")
    assert bench.value("redline_feed_polls_total", outcome="page") == 1
    assert bench.value("redline_feed_polls_total", outcome="page_failed") == 3


def test_a_feed_that_moved_is_told_once_in_a_while(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        server.page("/new", rss("<title>From the new place</title>"))
        server.page("/feed", b"", 301, Location="/new?key=canary")
        await run.until(lambda: bool(bench.desk.articles()), "it arrives")

    bench = play(tmp_path, scenario, pages={"/feed": rss()})
    assert "has moved for good" in bench.log.getvalue()
    assert "canary" not in bench.log.getvalue()


def test_a_stop_during_a_slow_answer_is_quick(tmp_path: Path) -> None:
    async def silent(call: Call) -> None:
        await asyncio.sleep(3_600)

    async def scenario(bench: Bench, run: Run, server: Server) -> None:
        server.pages["/feed"] = silent
        await run.until(lambda: bool(_asked(server)), "it is asked")
        await run.stop()  # within less time than an answer may take

    play(tmp_path, scenario, pages={"/feed": rss()})
