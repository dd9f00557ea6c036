"""The parsing process: what a document does to it stays there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest

from stream.model import Reject
from stream.sources.feeds import workshop as module
from stream.sources.feeds.workshop import Unread, Workshop

RSS = b'<rss version="2.0"><channel><item><title>A title</title></item></channel></rss>'


def play(scenario: Callable[[Workshop], Awaitable[None]], seconds_max: float = 30.0) -> None:
    async def main() -> None:
        shop = Workshop(seconds_max=seconds_max)
        try:
            await scenario(shop)
        finally:
            await shop.close()

    asyncio.run(main())


async def _titles(shop: Workshop) -> list[str]:
    found = await shop.feed(RSS, content_type="text/xml", url="https://example.org/")
    assert isinstance(found, list), found
    return [entry.fields["title"] for entry in found]


def test_feeds_and_what_is_none() -> None:
    async def scenario(shop: Workshop) -> None:
        assert await _titles(shop) == ["A title"]
        found = await shop.feed(b"nothing", content_type="text/plain", url="https://example.org/")
        assert isinstance(found, Reject)
        assert found.code == "not_a_feed"
        assert await asyncio.gather(*(_titles(shop) for _ in range(5))) == [["A title"]] * 5

    play(scenario)


def test_pages() -> None:
    paragraphs = "".join(
        f"<p>Paragraph number {n} of the article says something about the talks.</p>" for n in range(9)
    )
    page = f"<html><body><nav><a href='/'>Home</a></nav><article><h1>T</h1>{paragraphs}</article></body></html>"

    async def scenario(shop: Workshop) -> None:
        text = await shop.page(page.encode(), url="https://example.org/1")
        assert isinstance(text, str)
        assert "Paragraph number 8" in text
        assert "Home" not in text
        assert await shop.page(b"", url="https://example.org/1") is None

    play(scenario)


def test_a_job_that_takes_too_long_is_ended_and_the_next_one_done() -> None:
    async def scenario(shop: Workshop) -> None:
        await _titles(shop)
        assert shop._process is not None
        # As if it were busy for ever.
        os.kill(shop._process.pid, signal.SIGSTOP)
        shop._seconds_max = 0.3
        found = await shop.feed(RSS, content_type="text/xml", url="https://example.org/")
        assert isinstance(found, Unread)
        assert (found.began, "longer than 0.3 s and was ended" in found.reason) == (True, True)
        shop._seconds_max = 30.0
        assert await _titles(shop) == ["A title"]

    play(scenario)


def test_a_process_that_dies_is_replaced() -> None:
    async def scenario(shop: Workshop) -> None:
        await _titles(shop)
        assert shop._process is not None
        os.kill(shop._process.pid, signal.SIGKILL)
        found = await shop.feed(RSS, content_type="text/xml", url="https://example.org/")
        assert isinstance(found, list | Unread)
        assert await _titles(shop) == ["A title"]

    play(scenario)


@pytest.mark.parametrize("command", [(sys.executable, "-c", "pass"), ("/nowhere/python",)])
def test_a_process_that_cannot_start_is_not_the_documents_fault(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    async def scenario(shop: Workshop) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(module, "of_module", lambda _: command)
            found = await shop.feed(RSS, content_type="text/xml", url="https://example.org/")
        assert found == Unread("the parser of feeds could not start", began=False)
        assert await _titles(shop) == ["A title"]

    play(scenario)


def test_a_document_that_keeps_its_parser_busy() -> None:
    deep = b"<rss><channel>" + b"<a>" * 200_000

    async def scenario(shop: Workshop) -> None:
        await _titles(shop)
        shop._seconds_max = 1.0
        found = await shop.feed(deep, content_type="text/xml", url="https://example.org/")
        assert isinstance(found, Unread)
        shop._seconds_max = 30.0
        assert await _titles(shop) == ["A title"]

    play(scenario)


def test_a_job_that_is_given_up_leaves_nothing_in_the_pipe() -> None:
    async def scenario(shop: Workshop) -> None:
        await _titles(shop)
        given_up = asyncio.create_task(shop.feed(RSS * 100, content_type="text/xml", url="https://example.org/"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert await _titles(shop) == ["A title"]

    play(scenario)


def test_an_idle_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)

    async def scenario(shop: Workshop) -> None:
        await _titles(shop)
        process = shop._process
        assert process is not None
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert await _titles(shop) == ["A title"]

    play(scenario)
