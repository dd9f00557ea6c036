"""What agents do with chunks; chunks in a real Faust stream."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from stream.worker.driver import Chunk, chunks
from stream.worker.driver.chunk import _in_work
from tests.worker.driver.kit import RAW, Bench, GaveUpError, offsets

Body = Callable[[Bench], Awaitable[None]]


def on_bench(folder: Path, body: Body, **limits: Any) -> None:
    async def whole() -> None:
        bench = Bench(folder, **limits)
        await bench.consumer.perform_seek()
        bench.app.topics._acking_topics.add("raw")  # type: ignore[attr-defined]
        await asyncio.wait_for(body(bench), 60)

    asyncio.run(whole())


async def deliver(bench: Bench, stream: Any) -> int:
    """What Faust's conductor does: messages become events in the queue of the agent's stream."""
    count = 0
    async for _, message in bench.consumer.getmany(timeout=0):
        message.incref()
        await stream.channel.queue.put(await bench.topic.decode(message))
        count += 1
    return count


def test_an_agent_takes_chunks_and_what_it_confirms_counts(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(6))
        stream = bench.app.stream(bench.topic)
        assert await deliver(bench, stream) == 2
        seen = []
        async for chunk in chunks(stream):
            assert _in_work.get() is chunk
            assert bench.consumer._in_work.keys() == {chunk}
            assert await chunk.confirm()
            seen.append(offsets(chunk))
            if len(seen) == 2:
                break
        assert seen == [[0, 1, 2], [3, 4, 5]]
        assert bench.consumer.ledger.uncommitted() == {RAW: 6}

    on_bench(tmp_path, body, chunk_records_max=3)


def test_a_chunk_that_is_not_confirmed_holds_up_those_after_it(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(6))
        stream = bench.app.stream(bench.topic)
        await deliver(bench, stream)
        taken = chunks(stream)
        assert offsets(await anext(taken)) == [0, 1, 2]
        after = asyncio.ensure_future(anext(taken))
        while not bench.notices:
            await asyncio.sleep(0)
        await deliver(bench, stream)
        assert offsets(await after) == [0, 1, 2]

    on_bench(tmp_path, body, chunk_records_max=3)


def test_what_a_cancelled_agent_held_is_neither_acknowledged_nor_in_work(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        async def agent() -> None:
            async for _ in chunks(stream):
                begun.set()
                await asyncio.Event().wait()

        bench.thread.fill(RAW, range(3))
        stream = bench.app.stream(bench.topic)
        begun = asyncio.Event()
        await deliver(bench, stream)
        working = asyncio.ensure_future(agent())
        await begun.wait()
        assert len(bench.consumer._in_work) == 1
        working.cancel()
        await asyncio.wait((working,))
        assert bench.consumer._in_work == {}
        assert bench.consumer._acked[RAW] == []
        assert not await bench.consumer.commit()

    on_bench(tmp_path, body)


async def one_chunk(bench: Bench) -> Chunk:
    bench.thread.fill(RAW, range(3))
    (chunk,) = await bench.chunks()
    assert await chunk.begin()
    return chunk


def test_confirm_waits_for_sends_and_table_writes(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        chunk = await one_chunk(bench)
        send, write = asyncio.Future[None](), asyncio.Future[None]()
        chunk.wait_for(write)
        confirming = asyncio.ensure_future(chunk.confirm(send))
        for future in (send, write):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert bench.consumer.ledger.uncommitted() == {}
            future.set_result(None)
        assert await confirming
        assert bench.consumer.ledger.uncommitted() == {RAW: 3}

    on_bench(tmp_path, body)


def test_a_refused_send_ends_the_process(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        chunk = await one_chunk(bench)
        send = asyncio.Future[None]()
        send.set_exception(ConnectionError("gone"))
        with pytest.raises(GaveUpError, match="the broker refused a message"):
            await chunk.confirm(send)
        assert bench.consumer.ledger.uncommitted() == {}

    on_bench(tmp_path, body)


def test_a_send_without_an_answer_ends_the_process(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        chunk = await one_chunk(bench)
        with pytest.raises(GaveUpError, match=r"the broker did not acknowledge within 0\.01 s"):
            await chunk.confirm(asyncio.Future())
        assert bench.consumer.ledger.uncommitted() == {}

    on_bench(tmp_path, body, send_seconds_max=0.01)


def test_a_broker_that_is_away_is_not_the_records_fault(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        chunk = await one_chunk(bench)
        assert bench.thread.notes[RAW] == (0, "tried 1")
        with pytest.raises(GaveUpError, match="did not acknowledge"):
            await chunk.confirm(asyncio.Future())
        assert bench.thread.notes[RAW] == (0, "")

    on_bench(tmp_path, body, send_seconds_max=0.01)


def test_a_message_that_is_refused_for_good_is(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        chunk = await one_chunk(bench)
        send = asyncio.Future[None]()
        send.set_exception(MessageSizeTooLargeError())
        with pytest.raises(GaveUpError, match="the broker refused a message"):
            await chunk.confirm(send)
        assert bench.thread.notes[RAW] == (0, "tried 1")

    on_bench(tmp_path, body)


def test_table_writes_belong_to_the_chunk_in_work(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        table = bench.app.Table("seen", partitions=1)
        chunk = await one_chunk(bench)
        table.send_changelog(0, "before", 1)
        _in_work.set(chunk)
        sent = table.send_changelog(0, "key", 1)
        _in_work.set(None)
        assert chunk._writes == [sent]

    on_bench(tmp_path, body)


def test_a_stream_without_chunks_is_refused_in_one_sentence(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        stream = bench.app.stream(bench.app.channel())
        await stream.channel.queue.put("text")
        with pytest.raises(TypeError, match="found a str in the stream of an agent, expected a chunk: chunked topics"):
            await anext(chunks(stream))

    on_bench(tmp_path, body)
