"""Articles wait for alerts: of their own worker, not for long, and for nothing that has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata, TopicPartition

from stream.worker.alertsfirst import AlertsFirst

LONG_SECONDS = 60.0
Body = Callable[[AlertsFirst], Awaitable[None]]


def written(topic: str, partition: int, offset: int) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(RecordMetadata(topic, partition, TopicPartition(topic, partition), offset, 0, 0, 0))
    return future


def run(body: Body, seconds_max: float = LONG_SECONDS) -> None:
    async def whole() -> None:
        await asyncio.wait_for(body(AlertsFirst("matches", seconds_max)), LONG_SECONDS / 2)

    asyncio.run(whole())


async def settled(task: asyncio.Task[bool]) -> bool:
    for _ in range(20):
        await asyncio.sleep(0)
    return task.done()


def test_it_ends_when_the_alerts_of_every_match_are_acknowledged() -> None:
    async def body(first: AlertsFirst) -> None:
        sends = [written("tagged", 0, 99), written("matches", 0, 6), written("matches", 1, 3)]
        waiting = asyncio.create_task(first.wait_for(sends, lambda _: True))
        assert not await settled(waiting)
        first.alerted(0, 7)
        first.alerted(1, 3)
        assert not await settled(waiting)
        first.alerted(1, 4)
        assert await waiting

    run(body)


def test_what_is_alerted_already_is_not_waited_for() -> None:
    async def body(first: AlertsFirst) -> None:
        first.alerted(0, 7)
        first.alerted(0, 2)  # read again
        assert await first.wait_for([written("matches", 0, 6)], lambda _: True)

    run(body)


def test_matches_of_another_worker_are_not_waited_for() -> None:
    async def body(first: AlertsFirst) -> None:
        assert await first.wait_for([written("matches", 2, 6)], lambda partition: partition != 2)

    run(body)


def test_a_partition_that_goes_away_meanwhile_is_not_waited_for_any_longer() -> None:
    async def body(first: AlertsFirst) -> None:
        mine = {0, 1}
        waiting = asyncio.create_task(first.wait_for([written("matches", 0, 6)], mine.__contains__))
        assert not await settled(waiting)
        mine.discard(0)
        first.alerted(1, 1)
        assert await waiting

    run(body)


@pytest.mark.parametrize("seconds_max", [0.0, 0.01])
def test_it_ends_when_the_time_is_up_and_leaves_the_sends_alone(seconds_max: float) -> None:
    async def body(first: AlertsFirst) -> None:
        unanswered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        assert not await first.wait_for([unanswered, written("matches", 0, 6)], lambda _: True)
        assert not unanswered.done()

    run(body, seconds_max)


def test_what_was_refused_is_left_to_those_who_confirm() -> None:
    async def body(first: AlertsFirst) -> None:
        refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        refused.set_exception(KafkaError("refused"))
        gone: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        gone.cancel()
        assert await first.wait_for([refused, gone], lambda _: True)

    run(body)
