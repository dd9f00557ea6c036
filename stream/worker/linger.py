"""What may wait a moment leaves together with what comes soon: one request to the broker for several articles.

    send   a1            a2     a3(at once)
    held   a1 ─────────> a1 a2 ─> a1 a2 a3 leave       or after `seconds_max`, or with more than `messages_max`

Each request costs the client, the broker and the machine more than a message in it does. Articles that come one by one
and are on no subject would have a request each, and the few that raise alerts would wait for those.

Delivery guarantees: those of what hands over; the order is that of the calls. An error that ends a hand-over is that of
every message that was to leave with it. Limits: `messages_max` messages are held; more leave at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from stream.model import Output

HandOver = Callable[[Sequence[Output]], Awaitable[list[asyncio.Future[object]]]]
"""Hands messages to a client, in order; each future ends with the broker's acknowledgement or its error."""


class Lingering:
    """Holds messages for at most `seconds_max` (0: not at all)."""

    def __init__(self, hand_over: HandOver, seconds_max: float, messages_max: int) -> None:
        self._hand_over, self._seconds_max, self._messages_max = hand_over, seconds_max, messages_max
        self._held: list[tuple[Output, asyncio.Future[object]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._order = asyncio.Lock()

    async def send(self, outputs: Sequence[Output], *, at_once: bool) -> list[asyncio.Future[object]]:
        """A future for each message; comes back when they are handed over, or held if they need not leave `at_once`."""
        leave = at_once or not self._seconds_max or len(self._held) + len(outputs) > self._messages_max
        if leave and not self._held and not self._order.locked():
            async with self._order:
                return await self._hand_over(outputs)
        loop = asyncio.get_running_loop()
        promises: list[asyncio.Future[object]] = [loop.create_future() for _ in outputs]
        self._held += zip(outputs, promises, strict=True)
        if leave:
            # Others' messages go with these: they are not lost if this caller is cancelled.
            await asyncio.shield(self._let_go())
        elif self._timer is None and self._held:
            self._timer = loop.call_later(self._seconds_max, self._let_go)
        return promises

    def _let_go(self) -> asyncio.Task[None]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        leaving = asyncio.get_running_loop().create_task(self._leave())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        return leaving

    async def _leave(self) -> None:
        async with self._order:
            held, self._held = self._held, []
            try:
                sent = await self._hand_over([output for output, _ in held])
            except Exception as error:  # noqa: BLE001 - whoever confirms them decides what it means
                for _, promise in held:
                    _fail(promise, error)
                return
            for each, (_, promise) in zip(sent, held, strict=True):
                each.add_done_callback(partial(_pass_on, promise))


def _pass_on(promise: asyncio.Future[object], sent: asyncio.Future[object]) -> None:
    if sent.cancelled():
        promise.cancel()
    elif (error := sent.exception()) is not None:
        _fail(promise, error)
    elif not promise.done():
        promise.set_result(sent.result())


def _fail(promise: asyncio.Future[object], error: BaseException) -> None:
    if not promise.done():
        promise.set_exception(error)
        promise.exception()  # nobody may be there any more to ask
