"""Several at a time, or one alone."""

import asyncio
from collections.abc import Awaitable, Callable

from stream.worker.driver.turns import Turns


def run(body: Callable[[Turns], Awaitable[None]]) -> None:
    async def whole() -> None:
        await asyncio.wait_for(body(Turns()), 60)

    asyncio.run(whole())


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_several_are_inside_at_a_time() -> None:
    async def body(turns: Turns) -> None:
        for name in "abc":
            await turns.enter(name, alone=False)

    run(body)


def test_one_that_is_alone_waits_for_all_and_all_wait_for_it() -> None:
    async def body(turns: Turns) -> None:
        await turns.enter("a", alone=False)
        await turns.enter("b", alone=False)
        alone = asyncio.ensure_future(turns.enter("c", alone=True))
        await settle()
        later = asyncio.ensure_future(turns.enter("d", alone=False))
        turns.leave("a")
        await settle()
        assert not alone.done()
        assert not later.done()
        turns.leave("b")
        await alone
        await settle()
        assert not later.done()
        turns.leave("c")
        await later

    run(body)


def test_those_who_want_to_be_alone_come_one_after_another() -> None:
    async def body(turns: Turns) -> None:
        waiting = {name: asyncio.ensure_future(turns.enter(name, alone=True)) for name in "abc"}
        for _ in range(3):
            await settle()
            (name,) = [name for name, task in waiting.items() if task.done()]
            del waiting[name]
            turns.leave(name)
        assert not waiting
        await turns.enter("d", alone=False)

    run(body)


def test_one_that_gives_up_waiting_holds_nobody_up() -> None:
    async def body(turns: Turns) -> None:
        await turns.enter("a", alone=False)
        alone = asyncio.ensure_future(turns.enter("b", alone=True))
        await settle()
        later = asyncio.ensure_future(turns.enter("c", alone=False))
        await settle()
        alone.cancel()
        await later
        turns.leave("b")  # was never let in
        turns.leave("a")
        turns.leave("c")
        await turns.enter("d", alone=True)

    run(body)
