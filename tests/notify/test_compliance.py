"""What `stream.notify.destinations.contract` asks of every destination, asked of every destination."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable

import pytest

from stream.notify.destinations.contract import Delivered, Destination, Failed, Outcome, message_of
from stream.settings import Settings
from tests.notify.kit import notice
from tests.notify.receiver import Receiver, broken, endless, silent, slow, status
from tests.notify.worlds import CANARY, WORLDS, texts_in

SETTINGS = Settings(notify_request_timeout_ms=60_000)
LATE_SECONDS = 60.0
IMPATIENT = SETTINGS.model_copy(update={"notify_request_timeout_ms": 1_500})

Play = Callable[[Receiver, Destination], Awaitable[None]]


@pytest.fixture(params=sorted(WORLDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def scenario(play: Play, settings: Settings = SETTINGS) -> Callable[[str], None]:
    """A test of one kind of destination with a receiver of its own; nothing secret comes out of it."""

    def test(kind: str) -> None:
        async def main() -> None:
            async with Receiver() as receiver:
                destination = WORLDS[kind](receiver, settings)
                try:
                    await play(receiver, destination)
                finally:
                    await destination.close()
                assert CANARY not in f"{destination!r} {destination.place} {destination.id}"

        log = io.StringIO()
        handler = logging.StreamHandler(log)
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            asyncio.run(main())
        finally:
            root.removeHandler(handler)
        assert CANARY not in log.getvalue()

    test.__doc__ = play.__doc__
    return test


async def send(destination: Destination, *numbers: int, digest: bool = False, **fields: object) -> Outcome:
    message = message_of([notice(number, **fields) for number in numbers], digest=digest)
    began = time.monotonic()
    outcome = await destination.deliver(message, time.time())
    assert time.monotonic() - began < LATE_SECONDS
    said = outcome.said if isinstance(outcome, Delivered) else outcome.reason
    assert CANARY not in said
    assert "\x1b" not in said
    return outcome


async def _delivers(receiver: Receiver, destination: Destination) -> None:
    """One alert, in one request, with what it says."""
    assert isinstance(await send(destination, 1), Delivered)
    (request,) = receiver.requests
    assert "A red line: “red line” (Reuters)" in texts_in(request)
    assert CANARY in request.path


async def _delivers_a_digest(receiver: Receiver, destination: Destination) -> None:
    """Several alerts of a digest, in one request, in their order."""
    assert isinstance(await send(destination, 1, 2, 3, digest=True), Delivered)
    (request,) = receiver.requests
    text = texts_in(request)
    places = [text.index(f"https://news.example/{number}") for number in (1, 2, 3)]
    assert places == sorted(places)


async def _says_the_same_again(receiver: Receiver, destination: Destination) -> None:
    """A repeated message is recognisable as the same."""
    message = message_of([notice(1)])
    now = time.time()
    for _ in range(2):
        assert isinstance(await destination.deliver(message, now), Delivered)
    first, second = receiver.requests
    assert first.headers.get("webhook-id") == second.headers.get("webhook-id")
    assert first.body == second.body


async def _fails_on_a_server_that_fails(receiver: Receiver, destination: Destination) -> None:
    """500 and the like are tried again."""
    for code in (500, 502, 503, 599):
        receiver.usually = status(code, f"no {CANARY} \x1b[31m".encode())
        assert isinstance(await send(destination, 1), Failed)


async def _fails_on_nobody(receiver: Receiver, destination: Destination) -> None:
    """A closed port, and a connection that is closed without a word."""
    receiver.usually = broken
    assert isinstance(await send(destination, 1), Failed)
    receiver._server.close()
    await receiver._server.wait_closed()
    assert isinstance(await send(destination, 1), Failed)


async def _fails_in_time_on_silence(receiver: Receiver, destination: Destination) -> None:
    """A server that never answers, and one that answers for ever."""
    for answer in (silent, slow):
        receiver.usually = answer
        assert isinstance(await send(destination, 1), Failed)


async def _reads_no_endless_answer(receiver: Receiver, destination: Destination) -> None:
    """An answer without end takes neither time nor memory without end."""
    receiver.usually = endless
    await send(destination, 1)


async def _works_after_trouble(receiver: Receiver, destination: Destination) -> None:
    """Nothing of a failure stays."""
    receiver.answers = [status(500), broken]
    assert isinstance(await send(destination, 1), Failed)
    assert isinstance(await send(destination, 1), Failed)
    assert isinstance(await send(destination, 1), Delivered)


async def _passes_on_nothing_that_acts(receiver: Receiver, destination: Destination) -> None:
    """What an article says is text at the other end, with neither escape sequences nor calls of whole rooms."""
    title = "x\x1b]0;x\x07 @everyone <!channel> \u202e <b>"
    assert isinstance(await send(destination, 1, title=title), Delivered)
    text = texts_in(receiver.requests[0])
    assert "\x1b" not in text
    if destination.kind == "apprise":
        assert "@everyone" not in text
        assert "<!channel>" not in text
        assert "\u202e" not in text


test_delivers = scenario(_delivers)
test_delivers_a_digest = scenario(_delivers_a_digest)
test_says_the_same_again = scenario(_says_the_same_again)
test_fails_on_a_server_that_fails = scenario(_fails_on_a_server_that_fails)
test_fails_on_nobody = scenario(_fails_on_nobody)
test_fails_in_time_on_silence = scenario(_fails_in_time_on_silence, IMPATIENT)
test_reads_no_endless_answer = scenario(_reads_no_endless_answer, IMPATIENT)
test_works_after_trouble = scenario(_works_after_trouble)
test_passes_on_nothing_that_acts = scenario(_passes_on_nothing_that_acts)
