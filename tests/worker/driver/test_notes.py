"""When notes about a chunk are committed, and when they are erased, on a Kafka client in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from faust.types import TP

from stream.worker.driver.suspects import WARY
from tests.worker.driver.kit import RAW, Bench, Body, bench_runner, deal_out, offsets

RAW_1 = TP("raw", 1)


async def settled(bench: Bench) -> None:
    """Whatever the consumer has begun by itself is done."""
    await asyncio.gather(*bench.consumer._futures)


def test_a_chunk_on_which_workers_died_is_worked_one_record_at_a_time(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(9))
        bench.thread.group[RAW], bench.thread.notes[RAW] = 2, (2, "tried 2")
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.perform_seek()
        bench.consumer._set_active_tps({RAW})
        taken = await bench.chunks()
        assert [offsets(c) for c in taken] == [[2], [3], [4], [5, 6, 7], [8]]
        assert await taken[0].begin()
        assert bench.thread.notes[RAW] == (2, "alone 1")
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.perform_seek()
        bench.consumer._set_active_tps({RAW})
        assert [c.condemned for c in await bench.chunks()][:2] == [True, False]

    bench_runner(tmp_path, chunk_records_max=3)(body)


def test_a_chunk_is_left_alone_when_a_rebalance_comes_during_its_note(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        async def rebalance() -> None:
            bench.consumer.ledger.close([RAW])

        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        bench.thread.before_note = rebalance
        assert not await chunk.begin()
        assert bench.consumer._in_work == {}

    on_bench(body)


def test_a_note_is_erased_as_soon_as_its_chunk_is_confirmed(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        assert bench.thread.notes[RAW] == (0, "tried 1")
        assert await chunk.confirm()
        chunk.end()
        await settled(bench)
        assert bench.thread.notes[RAW] == (3, WARY)
        assert await bench.consumer.commit()
        assert bench.thread.group[RAW] == 3
        assert RAW not in bench.thread.notes

    on_bench(body)


def test_the_note_of_the_next_chunk_erases_the_one_before_in_the_same_commit(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        for partition in (RAW, RAW_1):
            bench.thread.fill(partition, range(4))
            bench.thread.group[partition], bench.thread.notes[partition] = 0, (0, "tried 1")
        await deal_out(bench, RAW, RAW_1)
        first, second, third, _ = sorted(await bench.chunks(), key=lambda c: (c.span.start, c.span.partition))
        assert await bench.work(first)
        assert await second.begin()
        assert bench.thread.written[-1] == {RAW: (2, WARY), RAW_1: (0, "tried 2")}
        assert await second.confirm()
        second.end()
        assert await third.begin()
        assert bench.thread.written[-1] == {RAW_1: (2, WARY), RAW: (2, "tried 1")}
        await settled(bench)
        assert len(bench.thread.written) == 3, "nothing was left to erase"

    bench_runner(tmp_path, RAW, RAW_1, chunk_records_max=2)(body)


def test_no_chunk_is_begun_while_a_note_is_outlived(tmp_path: Path) -> None:
    """Not even one that needs no note: its work may hold the event loop up."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(4))
        first, second = await bench.chunks()
        assert await bench.work(first)
        assert await second.begin()
        assert bench.thread.notes[RAW] == (2, WARY)

    bench_runner(tmp_path, chunk_records_max=2)(body)


def test_the_note_of_a_chunk_that_was_not_confirmed_stands(on_bench: Callable[[Body], None]) -> None:
    """An error in the agent is about to end the process, and the records may be why."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        chunk.end()
        await settled(bench)
        await bench.consumer.wait_empty()
        assert bench.thread.notes[RAW] == (0, "tried 1")

    on_bench(body)


def test_the_note_of_a_chunk_that_a_rewind_made_void_is_erased(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.consumer._rewind(RAW, "lost")
        assert not await chunk.confirm()
        chunk.end()
        await settled(bench)
        assert bench.thread.notes[RAW] == (0, WARY)

    on_bench(body)


def test_a_note_whose_chunk_was_never_begun_is_erased_at_a_stop(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        stopping: list[asyncio.Future[None]] = []

        async def stop() -> None:
            if not stopping:
                bench.consumer.stop_flow()
                stopping.append(asyncio.ensure_future(bench.consumer.wait_empty()))
                await asyncio.sleep(0.01)

        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        bench.thread.before_note = stop
        assert not await chunk.begin()
        await stopping[0]
        assert bench.thread.notes[RAW] == (0, WARY)

    on_bench(body)


def test_no_note_is_written_once_a_stop_has_begun(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        async with bench.consumer._committing:
            beginning = asyncio.ensure_future(chunk.begin())
            await asyncio.sleep(0.01)
            bench.consumer.stop_flow()
        assert not await beginning
        assert bench.thread.written == []

    on_bench(body)


def test_a_regular_commit_under_way_does_not_erase_the_note_of_a_chunk_in_work(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(6))
        bench.thread.group[RAW], bench.thread.notes[RAW] = 0, (0, "tried 1")
        await deal_out(bench, RAW)
        first, second, _ = await bench.chunks()
        flush = asyncio.Event()
        bench.app.producer.flush = flush.wait  # type: ignore[method-assign, assignment]
        assert await first.begin()
        assert await first.confirm()
        under_way = asyncio.ensure_future(bench.consumer.commit())
        await asyncio.sleep(0.01)
        first.end()
        assert await second.begin()
        flush.set()
        await under_way
        assert bench.thread.notes[RAW] == (2, "tried 1")
        assert bench.consumer.ledger.uncommitted() == {}

    bench_runner(tmp_path, chunk_records_max=2)(body)


def test_a_refused_erasure_is_left_to_the_next_commit(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.thread.takes_commits = False
        assert await chunk.confirm()
        chunk.end()
        await settled(bench)
        assert bench.thread.notes[RAW] == (0, "tried 1")
        bench.thread.takes_commits = True
        assert await bench.consumer.commit()
        assert bench.thread.group[RAW] == 3
        assert RAW not in bench.thread.notes

    on_bench(body)
