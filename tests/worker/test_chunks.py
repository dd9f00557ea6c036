"""The seam to Faust, on an in-memory channel: no broker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from stream.model import Record
from stream.worker.chunks import Chunk, chunks


class Bench:
    """A stream with records on it; `acked` are the offsets that Faust may commit, `confirmed` what was told."""

    def __init__(self, folder: Path) -> None:
        self.app = faust.App("test", broker="kafka://127.0.0.1:1", datadir=folder, store="memory://", web_enabled=False)
        self.app.flow_control.resume()
        self.channel = self.app.topic("raw", value_type=bytes, value_serializer="raw", allow_empty=True)
        self.stream = self.app.stream(self.channel)
        self.app.topics._acking_topics.add("raw")
        self.confirmed: list[int] = []
        self._count = 0

    async def put(self, *values: bytes | None) -> None:
        for value in values:
            partition = TP("raw", 0)
            message = ConsumerMessage(
                "raw", 0, self._count, 1_700_000_000.123, 0, [("h", b"1")], b"k", value, None, tp=partition
            )
            message.generation_id = self.app.consumer_generation_id
            message.incref()
            self._count += 1
            queue = self.stream.channel.queue  # type: ignore[attr-defined]
            await queue.put(faust.Event(self.app, b"k", value, {}, message))

    @property
    def acked(self) -> list[int]:
        return sorted(self.app.consumer._acked[TP("raw", 0)])  # type: ignore[attr-defined]

    def chunks(self, *, records_max: int = 100, bytes_max: int = 1_000_000) -> Any:
        return chunks(
            self.stream,
            records_max=records_max,
            bytes_max=bytes_max,
            send_timeout_seconds=0.2,
            confirmed=self._note,
        )

    def _note(self, records: Sequence[Record]) -> None:
        self.confirmed.extend(record.offset for record in records)


def on_bench(test: Callable[[Bench], Awaitable[None]]) -> Callable[[Path], None]:
    def run(tmp_path: Path) -> None:
        async def body() -> None:
            await test(Bench(tmp_path))

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


async def next_of(taken: Any) -> Chunk:
    chunk = await asyncio.wait_for(anext(taken), 5)
    assert isinstance(chunk, Chunk)
    return chunk


@on_bench
async def test_a_chunk_is_what_has_arrived(bench: Bench) -> None:
    taken = bench.chunks()
    await bench.put(b"a", None, b"c")
    chunk = await next_of(taken)
    assert [record.value for record in chunk.records] == [b"a", None, b"c"]
    assert chunk.records[0] == Record("raw", 0, 0, 1_700_000_000_123, b"k", b"a", (("h", b"1"),))
    await chunk.confirm()
    await bench.put(b"d")
    assert [record.value for record in (await next_of(taken)).records] == [b"d"]
    await taken.aclose()


@on_bench
async def test_chunks_are_bounded_in_records_and_bytes(bench: Bench) -> None:
    taken = bench.chunks(records_max=3, bytes_max=10)
    await bench.put(*[b"x"] * 7, b"y" * 20, b"z")
    sizes = []
    for _ in range(4):
        chunk = await next_of(taken)
        sizes.append(len(chunk.records))
        await chunk.confirm()
    assert sizes == [3, 3, 2, 1]
    await taken.aclose()


@on_bench
async def test_nothing_is_committable_before_all_sends_are_done(bench: Bench) -> None:
    taken = bench.chunks()
    await bench.put(b"a", b"b")
    chunk = await next_of(taken)
    first, second = asyncio.Future[None](), asyncio.Future[None]()
    confirming = asyncio.ensure_future(chunk.confirm(first, second))
    first.set_result(None)
    await asyncio.sleep(0)
    assert (bench.acked, bench.confirmed) == ([], [])
    second.set_result(None)
    await confirming
    assert (bench.acked, bench.confirmed) == ([0, 1], [0, 1])
    await taken.aclose()


@on_bench
async def test_a_failed_send_confirms_nothing(bench: Bench) -> None:
    taken = bench.chunks()
    await bench.put(b"a", b"b")
    chunk = await next_of(taken)
    good, bad = asyncio.Future[None](), asyncio.Future[None]()
    good.set_result(None)
    bad.set_exception(ConnectionError("refused"))
    with pytest.raises(ConnectionError):
        await chunk.confirm(good, bad)
    assert (bench.acked, bench.confirmed) == ([], [])
    await taken.aclose()
    assert bench.acked == []


@on_bench
async def test_a_send_without_answer_times_out(bench: Bench) -> None:
    taken = bench.chunks()
    await bench.put(b"a")
    chunk = await next_of(taken)
    with pytest.raises(TimeoutError):
        await chunk.confirm(asyncio.Future[None]())
    assert bench.acked == []
    await taken.aclose()


@on_bench
async def test_cancelling_the_agent_confirms_nothing(bench: Bench) -> None:
    await bench.put(b"a", b"b")

    async def agent() -> None:
        async for chunk in bench.chunks():
            await chunk.confirm(asyncio.Future[None]())

    task = asyncio.ensure_future(agent())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (bench.acked, bench.confirmed) == ([], [])
