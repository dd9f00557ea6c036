"""Chunks of different partitions at the same time, those of one in order; on a real Faust stream."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import (  # type: ignore[import-untyped]
    KafkaTimeoutError,
    LeaderNotAvailableError,
    MessageSizeTooLargeError,
)
from faust.types import TP

from stream.worker.driver import Chunk, each_chunk
from stream.worker.driver.chunk import chunk_in_work
from tests.worker.driver.kit import Bench, offsets

FIRST, SECOND = TP("raw", 0), TP("raw", 1)
Body = Callable[[Bench], Awaitable[None]]


def on_bench(folder: Path, body: Body) -> None:
    async def whole() -> None:
        bench = Bench(folder, FIRST, SECOND, chunk_records_max=3)
        await bench.consumer.perform_seek()
        bench.consumer.suspects.close((FIRST, SECOND))  # the first chunk of each would be alone
        bench.app.topics._acking_topics.add("raw")  # type: ignore[attr-defined]
        await asyncio.wait_for(body(bench), 60)

    asyncio.run(whole())


async def deliver(bench: Bench, stream: Any) -> None:
    """What Faust's conductor does."""
    async for _, message in bench.consumer.getmany(timeout=0):
        message.incref()
        await stream.channel.queue.put(await bench.topic.decode(message))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


class Agent:
    """Holds every chunk until it is let go."""

    def __init__(self, bench: Bench, chunks_max: int = 8) -> None:
        self.stream = bench.app.stream(bench.topic)
        self.held: dict[int, Chunk] = {}
        self.done: list[tuple[int, list[int]]] = []
        self._let_go = {0: asyncio.Event(), 1: asyncio.Event()}
        self.working = asyncio.ensure_future(each_chunk(self.stream, self._work, chunks_max=chunks_max))

    async def _work(self, chunk: Chunk) -> None:
        partition = chunk.span.partition[1]
        assert partition not in self.held, "two chunks of one partition at a time"
        self.held[partition] = chunk
        await self._let_go[partition].wait()
        self._let_go[partition].clear()
        assert chunk_in_work() is chunk
        assert await chunk.confirm()
        del self.held[partition]
        self.done.append((partition, offsets(chunk)))

    async def let_go(self, partition: int) -> None:
        before = len(self.done)
        self._let_go[partition].set()
        await until(lambda: len(self.done) > before)

    async def cancel(self) -> None:
        self.working.cancel()
        await asyncio.wait((self.working,))


def test_one_partition_does_not_wait_for_another(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(6))
        bench.thread.fill(SECOND, range(6))
        agent = Agent(bench)
        await deliver(bench, agent.stream)
        await until(lambda: len(agent.held) == 2)
        assert len(bench.consumer._in_work) == 2
        await agent.let_go(1)
        await until(lambda: 1 in agent.held)
        await agent.let_go(1)
        await agent.let_go(0)
        await until(lambda: 0 in agent.held)
        await agent.let_go(0)
        assert agent.done == [(1, [0, 1, 2]), (1, [3, 4, 5]), (0, [0, 1, 2]), (0, [3, 4, 5])]
        assert bench.consumer.ledger.uncommitted() == {FIRST: 6, SECOND: 6}
        assert bench.consumer._in_work == {}
        await agent.cancel()

    on_bench(tmp_path, body)


class _Eager:
    """Lets the next chunk begin at once; waits for what stands for acknowledgements until they come."""

    def __init__(self, bench: Bench) -> None:
        self.stream = bench.app.stream(bench.topic)
        self.begun: list[int] = []
        self.done: list[tuple[int, bool]] = []
        self.acknowledged = {offset: asyncio.Event() for offset in (0, 3, 6)}
        self.working = asyncio.ensure_future(each_chunk(self.stream, self._work, chunks_max=8))

    async def _work(self, chunk: Chunk) -> None:
        first = chunk.span.start
        self.begun.append(first)
        chunk.let_next_begin()
        assert chunk_in_work() is chunk
        confirmed = await chunk.confirm(self.acknowledged[first].wait())
        self.done.append((first, confirmed))

    async def begins(self, *firsts: int) -> None:
        await until(lambda: len(self.begun) == len(firsts))
        await turns()
        assert self.begun == [*firsts]

    async def cancel(self) -> None:
        self.working.cancel()
        await asyncio.wait((self.working,))


async def turns() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def test_chunks_of_a_partition_begin_before_those_before_are_confirmed_and_are_confirmed_in_order(
    tmp_path: Path,
) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(9))
        agent = _Eager(bench)
        await deliver(bench, agent.stream)
        await agent.begins(0, 3, 6)
        assert len(bench.consumer._in_work) == 3
        agent.acknowledged[6].set()
        agent.acknowledged[3].set()
        await turns()
        assert agent.done == []
        assert bench.consumer.ledger.uncommitted() == {}
        agent.acknowledged[0].set()
        await until(lambda: len(agent.done) == 3)
        assert agent.done == [(0, True), (3, True), (6, True)]
        assert bench.consumer.ledger.uncommitted() == {FIRST: 9}
        await until(lambda: bench.consumer._in_work == {})
        await agent.cancel()

    on_bench(tmp_path, body)


def test_a_chunk_that_comes_late_waits_for_one_that_is_still_in_work(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(3))
        agent = _Eager(bench)
        await deliver(bench, agent.stream)
        await agent.begins(0)
        bench.thread.fill(FIRST, range(3, 6))
        await deliver(bench, agent.stream)
        await agent.begins(0, 3)
        agent.acknowledged[3].set()
        await turns()
        assert agent.done == []
        agent.acknowledged[0].set()
        await until(lambda: len(agent.done) == 2)
        assert agent.done == [(0, True), (3, True)]
        await agent.cancel()

    on_bench(tmp_path, body)


def test_what_has_begun_behind_a_void_chunk_is_not_confirmed(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(6))
        agent = _Eager(bench)
        await deliver(bench, agent.stream)
        await agent.begins(0, 3)
        bench.consumer.ledger.rewind(FIRST)
        for event in agent.acknowledged.values():
            event.set()
        await until(lambda: len(agent.done) == 2)
        assert agent.done == [(0, False), (3, False)]
        assert bench.consumer.ledger.uncommitted() == {}
        await agent.cancel()

    on_bench(tmp_path, body)


def test_a_drain_waits_for_all_that_has_begun(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(6))
        agent = _Eager(bench)
        await deliver(bench, agent.stream)
        await agent.begins(0, 3)
        draining = asyncio.ensure_future(bench.consumer.wait_empty())
        agent.acknowledged[0].set()
        await until(lambda: len(agent.done) == 1)
        await asyncio.sleep(0.02)
        assert not draining.done()
        agent.acknowledged[3].set()
        await draining
        assert bench.thread.group == {FIRST: 6}
        await agent.cancel()

    on_bench(tmp_path, body)


def test_at_a_stop_what_waits_is_passed_over_without_a_word(tmp_path: Path) -> None:
    """It is not lost: whoever comes next reads it."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(9))
        bench.consumer.suspects.open(FIRST, 0, "")
        agent = _Eager(bench)
        await deliver(bench, agent.stream)
        await agent.begins(0)
        bench.consumer.stop_flow()
        agent.acknowledged[0].set()
        await until(lambda: len(agent.done) == 1)
        await turns()
        await agent.begins(0)
        assert bench.notices == []
        assert bench.consumer.ledger.uncommitted() == {FIRST: 3}
        await agent.cancel()

    on_bench(tmp_path, body)


def test_a_chunk_that_is_noted_begins_when_those_before_it_are_confirmed(tmp_path: Path) -> None:
    """Its note is a commit of everything before it."""

    async def body(bench: Bench) -> None:
        bench.consumer.suspects.open(FIRST, 0, "tried 1")
        bench.thread.fill(FIRST, range(6))
        agent = _Eager(bench)
        await deliver(bench, agent.stream)
        await agent.begins(0)
        assert bench.thread.group == {FIRST: 0}
        agent.acknowledged[0].set()
        await agent.begins(0, 3)
        assert bench.thread.group == {FIRST: 3}
        assert agent.done == [(0, True)]
        agent.acknowledged[3].set()
        await until(lambda: len(agent.done) == 2)
        await agent.cancel()

    on_bench(tmp_path, body)


def test_no_more_is_taken_than_there_is_room_for(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(9))
        bench.thread.fill(SECOND, range(3))
        agent = Agent(bench, chunks_max=1)
        await deliver(bench, agent.stream)
        for _ in range(4):
            await until(lambda: len(agent.held) == 1)
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(agent.held) == len(bench.consumer._in_work) == 1
            await agent.let_go(next(iter(agent.held)))
        assert bench.consumer.ledger.uncommitted() == {FIRST: 9, SECOND: 3}
        await agent.cancel()

    on_bench(tmp_path, body)


def test_what_waits_is_void_once_the_partition_was_taken_away(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(6))
        agent = Agent(bench)
        await deliver(bench, agent.stream)
        await until(lambda: len(agent.held) == 1)
        bench.consumer.ledger.close([FIRST])
        working = agent.working
        agent._let_go[0].set()
        with pytest.raises(ExceptionGroup):  # the assertion that it was confirmed
            await working
        assert agent.done == []
        assert bench.consumer._in_work == {}

    on_bench(tmp_path, body)


def test_an_error_ends_all_lanes_and_nothing_stays_in_work(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        async def work(chunk: Chunk) -> None:
            if chunk.span.partition == SECOND:
                raise ZeroDivisionError
            await asyncio.Event().wait()

        bench.thread.fill(FIRST, range(3))
        bench.thread.fill(SECOND, range(3))
        stream = bench.app.stream(bench.topic)
        await deliver(bench, stream)
        with pytest.raises(ExceptionGroup) as found:
            await each_chunk(stream, work, chunks_max=8)
        assert found.group_contains(ZeroDivisionError)
        assert bench.consumer._in_work == {}
        assert bench.consumer.ledger.uncommitted() == {}

    on_bench(tmp_path, body)


@pytest.mark.parametrize(
    ("error", "note"),
    [(KafkaTimeoutError(), ""), (LeaderNotAvailableError(), ""), (MessageSizeTooLargeError(), "tried 1")],
)
def test_a_message_that_cannot_be_handed_over_is_not_the_records_fault(
    tmp_path: Path, error: Exception, note: str
) -> None:
    """If the broker is away; else these records would be put aside after a few starts."""

    async def body(bench: Bench) -> None:
        async def work(chunk: Chunk) -> None:
            raise error

        bench.consumer.suspects.open(FIRST, 0, "")
        bench.thread.fill(FIRST, range(3))
        stream = bench.app.stream(bench.topic)
        await deliver(bench, stream)
        with pytest.raises(ExceptionGroup) as found:
            await each_chunk(stream, work, chunks_max=8)
        assert found.value.exceptions == (error,)
        (_, first), *_ = [written[FIRST] for written in bench.thread.written]
        assert first == "tried 1"
        assert bench.thread.notes[FIRST] == (0, note)

    on_bench(tmp_path, body)


def test_a_table_write_goes_to_the_partition_of_the_chunk_in_work(tmp_path: Path) -> None:
    """Faust takes it from the event that the stream gave last, which with several chunks in work is another one."""

    async def body(bench: Bench) -> None:
        table = bench.app.Table("seen", partitions=2)
        table._verify_source_topic_partitions = lambda topic: None  # type: ignore[method-assign]
        found: dict[int, int | None] = {}

        async def work(chunk: Chunk) -> None:
            both.release()
            await turn.wait()
            found[chunk.span.partition[1]] = table.partition_for_key(b"key")

        both, turn = asyncio.Semaphore(0), asyncio.Event()
        bench.thread.fill(FIRST, range(3))
        bench.thread.fill(SECOND, range(3))
        stream = bench.app.stream(bench.topic)
        await deliver(bench, stream)
        working = asyncio.ensure_future(each_chunk(stream, work, chunks_max=8))
        await both.acquire()
        await both.acquire()
        turn.set()
        await until(lambda: len(found) == 2)
        assert found == {0: 0, 1: 1}
        working.cancel()
        await asyncio.wait((working,))

    on_bench(tmp_path, body)


def test_a_chunk_under_suspicion_is_alone_in_work(tmp_path: Path) -> None:
    """So whatever kills the worker then, no other partition's records are blamed for it."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(FIRST, range(6))
        bench.thread.fill(SECOND, range(3))
        for partition in (FIRST, SECOND):
            bench.consumer.suspects.open(partition, 0, "tried 1")
        agent = Agent(bench)
        await deliver(bench, agent.stream)
        for _ in range(3):
            await until(lambda: len(agent.held) == 1)
            for _ in range(50):
                await asyncio.sleep(0)
            (partition,) = agent.held
            assert list(bench.consumer._in_work) == [agent.held[partition]]
            await agent.let_go(partition)
        assert bench.consumer.ledger.uncommitted() == {FIRST: 6, SECOND: 3}
        await agent.cancel()

    on_bench(tmp_path, body)
