"""Matches that come back to the same worker: which are handed in, when, and that they are what the log has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from stream.model import Output, Record
from stream.settings import Settings
from stream.worker.loopback import Loopback
from tests.worker.loopbackkit import handed_in_as_fetched, runs_of

MATCH, TAGGED = Output("matches", b"k", b"v", (("h", b"1"),)), Output("tagged", b"k", b"t")


class Sent:
    """A loopback with promises that the test keeps."""

    def __init__(self, *outputs: Output) -> None:
        self.handed: list[Sequence[Sequence[Record]]] = []
        loop = asyncio.get_running_loop()
        self.promises: list[asyncio.Future[Any]] = [loop.create_future() for _ in outputs]
        Loopback("matches", self.handed.append).watch(outputs, self.promises)

    async def acknowledge(self, number: int, partition: int, offset: int, topic: str = "matches") -> None:
        self.promises[number].set_result(
            SimpleNamespace(topic=topic, partition=partition, offset=offset, timestamp=1_700_000_000_123)
        )
        await asyncio.sleep(0)


def test_they_are_handed_in_together_when_all_are_acknowledged_by_partition_and_in_order() -> None:
    async def body() -> None:
        sent = Sent(TAGGED, MATCH, MATCH, MATCH)
        await sent.acknowledge(3, 0, 8)
        await sent.acknowledge(1, 1, 5)
        assert not sent.handed, "one is still on its way"
        await sent.acknowledge(2, 0, 7)
        (runs,) = sent.handed
        assert runs_of(runs) == [[(0, 7), (0, 8)], [(1, 5)]]
        assert runs[1][0] == Record("matches", 1, 5, 1_700_000_000_123, b"k", b"v", (("h", b"1"),))
        await sent.acknowledge(0, 0, 1, topic="tagged")
        assert len(sent.handed) == 1

    asyncio.run(body())


def test_what_lies_behind_another_s_record_is_left_to_the_fetch() -> None:
    async def body() -> None:
        sent = Sent(MATCH, MATCH, MATCH)
        for number, offset in enumerate((3, 4, 6)):
            await sent.acknowledge(number, 0, offset)
        assert runs_of(sent.handed[0]) == [[(0, 3), (0, 4)]]

    asyncio.run(body())


def test_if_one_is_refused_or_given_up_none_is_handed_in() -> None:
    async def body() -> None:
        for end in (lambda each: each.set_exception(OSError()), lambda each: each.cancel()):
            sent = Sent(MATCH, MATCH)
            end(sent.promises[0])
            await sent.acknowledge(1, 0, 0)
            assert not sent.handed

    asyncio.run(body())


def test_nothing_to_hand_in_hands_nothing_in() -> None:
    async def body() -> None:
        sent = Sent(TAGGED)
        await sent.acknowledge(0, 0, 0, topic="tagged")
        assert not sent.handed

    asyncio.run(body())


def test_what_is_handed_in_is_what_a_fetch_would_bring(broker_settings: Settings) -> None:
    handed_in_as_fetched(broker_settings)
