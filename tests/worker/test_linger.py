"""What lingers leaves in the order of the calls, soon, together with others, and is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Output
from stream.worker.linger import Lingering

DEADLINE_SECONDS = 30.0
NEVER_SECONDS = 3_600.0


class Client:
    """Notes what is handed over, request by request; acknowledges at once, or when it is told to."""

    def __init__(self, *, acknowledges: bool = True) -> None:
        self.requests: list[list[str]] = []
        self.sent: list[asyncio.Future[object]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None
        self._acknowledges = acknowledges

    async def hand_over(self, outputs: Sequence[Output]) -> list[asyncio.Future[object]]:
        await self.open.wait()
        if self.error is not None:
            raise self.error
        self.requests.append([output.value.decode() for output in outputs])
        sent = []
        for output in outputs:
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            if self._acknowledges:
                future.set_result(output.value.decode())
            sent.append(future)
        self.sent += sent
        return sent

    @property
    def messages(self) -> list[str]:
        return [message for request in self.requests for message in request]


def outputs(*names: str) -> list[Output]:
    return [Output("articles.tagged", b"key", name.encode()) for name in names]


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await asyncio.wait_for(body(), DEADLINE_SECONDS)

    asyncio.run(whole())


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_messages_that_may_wait_leave_with_the_one_that_may_not() -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, NEVER_SECONDS, 4)
        sends = await lingering.send(outputs("1"), at_once=False)
        sends += await lingering.send(outputs("2"), at_once=False)
        await turns()
        assert client.requests == []
        sends += await lingering.send(outputs("3", "4"), at_once=True)
        assert await asyncio.gather(*sends) == ["1", "2", "3", "4"]
        assert client.requests == [["1", "2", "3", "4"]]

    run(body)


def test_alone_they_leave_when_their_time_is_up() -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, 0.001, 4)
        for name in ("1", "2"):
            assert await asyncio.gather(*await lingering.send(outputs(name), at_once=False)) == [name]
        assert client.requests == [["1"], ["2"]]

    run(body)


def test_no_more_are_held_than_the_limit_says() -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, NEVER_SECONDS, 3)
        for name in "1234":
            await lingering.send(outputs(name), at_once=False)
        assert client.requests == [["1", "2", "3", "4"]]
        await lingering.send(outputs("5", "6", "7", "8"), at_once=False)
        assert client.requests[1:] == [["5", "6", "7", "8"]]

    run(body)


@pytest.mark.parametrize("limits", [(0.0, 4), (NEVER_SECONDS, 0)])
def test_without_a_time_or_a_number_nothing_is_held(limits: tuple[float, int]) -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, *limits)
        assert await asyncio.gather(*await lingering.send(outputs("1"), at_once=False)) == ["1"]

    run(body)


def test_what_cannot_be_handed_over_fails_every_message_that_was_to_leave() -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, NEVER_SECONDS, 4)
        sends = await lingering.send(outputs("1"), at_once=False)
        client.error = ValueError("too large")
        sends += await lingering.send(outputs("2"), at_once=True)
        answers = await asyncio.gather(*sends, return_exceptions=True)
        assert answers == [client.error, client.error]
        client.error = None
        assert await asyncio.gather(*await lingering.send(outputs("3"), at_once=True)) == ["3"]

    run(body)


def test_acknowledgements_errors_and_cancellations_are_passed_on_one_by_one() -> None:
    async def body() -> None:
        client = Client(acknowledges=False)
        lingering = Lingering(client.hand_over, NEVER_SECONDS, 4)
        sends = await lingering.send(outputs("1", "2", "3", "4"), at_once=False)
        sends += await lingering.send(outputs("5"), at_once=True)
        sends[3].cancel()  # by whoever waits for it
        client.sent[0].set_result("there")
        client.sent[1].set_exception(KeyError("refused"))
        client.sent[2].cancel()
        client.sent[3].set_result("there")
        client.sent[4].set_result("there")
        answers = await asyncio.gather(*sends, return_exceptions=True)
        assert [type(answer) for answer in answers] == [str, KeyError, *[asyncio.CancelledError] * 2, str]

    run(body)


def test_who_is_cancelled_takes_nothing_of_others_along() -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, NEVER_SECONDS, 4)
        others = await lingering.send(outputs("1"), at_once=False)
        client.open.clear()
        mine = asyncio.create_task(lingering.send(outputs("2"), at_once=True))
        await turns()
        mine.cancel()
        await asyncio.wait([mine])
        client.open.set()
        assert await asyncio.gather(*others) == ["1"]

    run(body)


@given(calls=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3)), max_size=20))
def test_they_leave_in_the_order_of_the_calls(calls: list[tuple[int, bool, int]]) -> None:
    async def body() -> None:
        client = Client()
        lingering = Lingering(client.hand_over, NEVER_SECONDS, 4)
        expected: list[str] = []
        sending = []
        for number, (count, at_once, pause) in enumerate(calls):
            names = [f"{number}.{each}" for each in range(count)]
            expected += names
            if pause == 3:  # the client takes nothing for now
                client.open.clear()
            elif pause == 2:
                client.open.set()
            sending.append(asyncio.create_task(lingering.send(outputs(*names), at_once=at_once)))
            await asyncio.sleep(0)
            if pause:
                await turns()
        client.open.set()
        sending.append(asyncio.create_task(lingering.send(outputs("last"), at_once=True)))
        sends = [each for task in sending for each in await task]
        assert await asyncio.gather(*sends) == [*expected, "last"]
        assert client.messages == [*expected, "last"]

    run(body)
