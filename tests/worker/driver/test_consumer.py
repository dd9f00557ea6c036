"""Fetch, confirm, commit, rebalance and stop, on a Kafka client in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.errors import IllegalStateError
from faust.types import TP

from stream.model import Record
from tests.worker.driver.kit import CHANGELOG, RAW, Bench, Body, GaveUpError, bench_runner, offsets, record

RAW_1 = TP("raw", 1)
MATCHES = TP("matches", 0)


def test_records_arrive_as_they_are_and_confirmed_ones_are_committed(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert chunk.records[2] == Record("raw", 0, 2, 1_700_000_000_125, b"k", b"v", (("h", b"1"),))
        assert not await bench.consumer.commit()
        assert await bench.work(chunk)
        assert await bench.consumer.commit()
        assert bench.thread.group == {RAW: 3}
        assert not await bench.consumer.commit(), "nothing new"

    on_bench(body)


def test_chunks_are_bounded_by_count_and_bytes(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(7))
        bench.thread.fill(RAW, [7, 8], b"x" * 30)
        bench.thread.fill(RAW, [9], b"x" * 500)
        bench.thread.fill(RAW, [10])
        assert [offsets(c) for c in await bench.chunks()] == [[0, 1, 2], [3, 4, 5], [6, 7], [8], [9], [10]]

    bench_runner(tmp_path, chunk_records_max=3, chunk_bytes_max=40)(body)


def test_a_topic_may_have_a_bound_of_its_own(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.transport.topic("matches", chunk_records_max=5)
        await bench.consumer.perform_seek()  # now it is chunked
        bench.thread.fill(RAW, range(2))
        bench.thread.fill(MATCHES, range(7))
        found = [(c.span.partition, offsets(c)) for c in await bench.chunks()]
        assert sorted(found) == [(MATCHES, [0, 1, 2, 3, 4]), (MATCHES, [5, 6]), (RAW, [0]), (RAW, [1])]

    bench_runner(tmp_path, RAW, MATCHES, chunk_records_max=1)(body)


def test_a_new_group_begins_at_the_beginning_of_the_log_wherever_the_client_is(
    on_bench: Callable[[Body], None],
) -> None:
    """Faust drops what comes while it recovers tables, and the client's position has moved: 1,000 of 1,500 lost."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(5, 25))
        bench.thread.position[RAW] = 20
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.perform_seek()
        bench.consumer._set_active_tps({RAW})
        assert bench.thread.seeks[-1] == {RAW: 5}
        assert offsets((await bench.chunks())[0])[0] == 5
        assert bench.consumer.ledger.uncommitted() == {}

    on_bench(body)


def test_a_group_at_offset_zero_is_sought_too(on_bench: Callable[[Body], None]) -> None:
    """aiokafka's seek_to_committed passes over offset 0."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(9))
        bench.thread.group[RAW] = 0
        bench.thread.position[RAW] = 7
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.perform_seek()
        assert bench.thread.position[RAW] == 0

    on_bench(body)


def test_a_lost_chunk_is_read_again_before_anything_after_it_counts(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(6))
        _, second, third = await bench.chunks()
        assert not await bench.work(second)
        assert not await bench.work(third), "void by now, without another rewind"
        assert bench.notices == [
            "partition 0 of raw: a chunk was lost on its way to the agent; reading again from offset 0"
        ]
        again = await bench.chunks()
        assert [offsets(c) for c in again] == [[0, 1], [2, 3], [4, 5]]
        assert [await bench.work(c) for c in again] == [True] * 3

    bench_runner(tmp_path, chunk_records_max=2)(body)


def test_chunks_lost_with_nothing_after_them_are_found(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(4))
        await bench.chunks()
        for _ in range(10):
            for lost in bench.consumer._lost.look([]):
                bench.consumer._rewind(lost, "lost")
            if bench.consumer._to_seek:
                break
        assert offsets((await bench.chunks())[0]) == [0, 1, 2, 3]

    on_bench(body)


def test_what_a_fetch_brings_while_the_flow_is_stopped_comes_again(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        async def stop() -> None:
            bench.consumer.stop_flow()

        bench.thread.fill(RAW, range(4))
        bench.thread.before_answer = stop
        assert await bench.fetch() == []
        bench.thread.before_answer = None
        bench.consumer.resume_flow()
        assert offsets((await bench.chunks())[0]) == [0, 1, 2, 3]

    on_bench(body)


def test_a_fetch_that_a_seek_overtook_is_not_used(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        async def rebalance() -> None:
            await bench.consumer.on_partitions_assigned({RAW})
            await bench.consumer.perform_seek()
            bench.consumer._set_active_tps({RAW})

        bench.thread.fill(RAW, range(4))
        bench.thread.before_answer = rebalance
        assert await bench.fetch() == []
        bench.thread.before_answer = None
        assert offsets((await bench.chunks())[0]) == [0, 1, 2, 3]

    on_bench(body)


def test_holes_in_the_log_are_passed_after_a_second_look(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, [0, 1, 4, 5])
        bench.thread.fetch_max = 2
        assert await bench.work((await bench.chunks())[0])
        assert await bench.fetch() == []
        (chunk,) = await bench.chunks()
        assert offsets(chunk) == [4, 5]
        assert await bench.work(chunk)
        assert bench.consumer.ledger.uncommitted() == {RAW: 6}
        assert bench.notices == ["partition 0 of raw: the log has no records 2 to 3"]

    on_bench(body)


def test_a_topic_made_anew_ends_the_process(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        assert await bench.work((await bench.chunks())[0])
        bench.thread.log[RAW] = [record(RAW, 0)]

        async def reset(offsets: object) -> None:
            bench.thread.position[RAW] = 0  # out of range: auto_offset_reset=earliest

        bench.thread.seek_wait = reset  # type: ignore[method-assign]
        bench.thread.position[RAW] = 0
        assert await bench.fetch() == []
        with pytest.raises(GaveUpError, match="expected offset 3, found 0; the broker has lost records"):
            await bench.fetch()

    on_bench(body)


def test_topics_that_are_not_chunked_go_faust_s_way(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(CHANGELOG, range(3))
        values = await bench.fetch()
        assert values == [b"v"] * 3
        assert CHANGELOG not in bench.consumer.ledger
        assert all(CHANGELOG not in seek for seek in bench.thread.seeks)

    bench_runner(tmp_path, RAW, CHANGELOG)(body)


def test_what_streams_acknowledge_is_not_committed(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        await bench.chunks()
        bench.consumer._acked[RAW] = [0, 1, 2]
        assert not await bench.consumer.commit()
        assert bench.thread.group == {}

    on_bench(body)


def test_a_refused_commit_is_tried_again(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        assert await bench.work((await bench.chunks())[0])
        bench.thread.takes_commits = False
        assert not await bench.consumer.commit()
        bench.thread.takes_commits = True
        assert await bench.consumer.commit()
        assert bench.thread.group == {RAW: 3}

    on_bench(body)


def test_a_hung_commit_ends_the_process(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        assert await bench.work((await bench.chunks())[0])
        bench.thread.before_commit = asyncio.Event().wait  # type: ignore[assignment]
        with pytest.raises(GaveUpError, match=r"a commit took longer than 0\.01 s"):
            await bench.consumer.commit()

    bench_runner(tmp_path, commit_seconds_max=0.01)(body)


def test_a_stop_waits_for_the_chunk_in_work_and_commits_it(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.consumer.stop_flow()
        await bench.consumer.perform_seek()  # what Faust does when a fetch returns after the flow was stopped
        waiting = asyncio.ensure_future(bench.consumer.wait_empty())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await chunk.confirm()
        chunk.end()
        await waiting
        assert bench.thread.group == {RAW: 3}

    on_bench(body)


def test_a_rebalance_during_a_stop_waits_for_the_chunk_in_work_too(on_bench: Callable[[Body], None]) -> None:
    """Faust closes the connection then, without waiting for anything."""

    async def body(bench: Bench) -> None:
        async def closed(partitions: set[TP]) -> None:
            bench.thread.takes_commits = False

        bench.consumer._on_partitions_revoked = closed  # type: ignore[method-assign]
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.consumer.stop_flow()
        bench.app._stopped.set()
        revoked = asyncio.ensure_future(bench.consumer.on_partitions_revoked({RAW}))
        await asyncio.wait((revoked,), timeout=0.05)
        assert not revoked.done()
        assert await chunk.confirm(), "it is still ours"
        chunk.end()
        await revoked
        assert bench.thread.group == {RAW: 3}

    on_bench(body)


def test_a_stop_asks_again_when_faust_answers_without_committing(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(6))
        bench.thread.fetch_max = 3
        assert await bench.work((await bench.chunks())[0])
        go_on = asyncio.Event()
        bench.thread.before_commit = go_on.wait  # type: ignore[assignment]
        under_way = asyncio.ensure_future(bench.consumer.commit())
        await asyncio.sleep(0.01)
        assert await bench.work((await bench.chunks())[0])
        stopping = asyncio.ensure_future(bench.consumer.wait_empty())
        await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(under_way, stopping)
        assert bench.thread.group == {RAW: 6}

    on_bench(body)


def test_a_stop_does_not_ask_faust_what_is_in_work(on_bench: Callable[[Body], None]) -> None:
    """A message that comes a second time stays in Faust's set of unacknowledged ones for ever."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        messages = [message async for _, message in bench.consumer.getmany(timeout=0)]
        bench.consumer._unacked_messages.update(messages)
        await bench.consumer.wait_empty()

    on_bench(body)


def test_a_chunk_that_outlasts_a_stop_ends_the_process(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        with pytest.raises(GaveUpError, match=r"not finished within 0\.01 s of a stop or rebalance"):
            await bench.consumer.wait_empty()
        assert bench.thread.group[RAW] == 0

    bench_runner(tmp_path, drain_seconds_max=0.01)(body)


def test_a_chunk_of_a_partition_that_went_away_is_refused(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.consumer.ledger.close([RAW])
        assert not await chunk.confirm()
        chunk.end()
        assert bench.consumer.ledger.uncommitted() == {}

    on_bench(body)


def test_a_rebalance_closes_all_accounts(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(6))
        bench.thread.fetch_max = 3
        assert await bench.work((await bench.chunks())[0])
        await bench.consumer.on_partitions_revoked({RAW})
        assert RAW not in bench.consumer.ledger
        bench.thread.group[RAW] = 5  # another worker went on
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.perform_seek()
        bench.consumer._set_active_tps({RAW})
        assert [offsets(c) for c in await bench.chunks()] == [[5]]

    on_bench(body)


def test_offsets_that_were_asked_for_before_a_rebalance_are_not_used(tmp_path: Path) -> None:
    """A broker answers them behind the request to join: meanwhile RAW went away, and more of RAW_1 was committed."""

    async def body(bench: Bench) -> None:
        thread, consumer = bench.thread, bench.consumer
        answered = asyncio.Event()
        thread.fill(RAW, range(4))
        thread.fill(RAW_1, range(4))
        thread.group = {RAW: 2, RAW_1: 2}
        await consumer.on_partitions_revoked({RAW, RAW_1})
        thread.before_offsets = answered.wait
        outdated = asyncio.create_task(consumer.perform_seek())
        await asyncio.sleep(0)
        del thread.log[RAW]
        thread.group[RAW_1] = 3
        await consumer.on_partitions_assigned({RAW_1})
        answered.set()
        await outdated
        assert consumer.ledger.partitions() == []
        await consumer.perform_seek()
        consumer._set_active_tps({RAW_1})
        assert consumer.ledger.partitions() == [RAW_1]
        assert [offsets(c) for c in await bench.chunks()] == [[3]]
        consumer._rewind(RAW_1, "lost")
        assert [offsets(c) for c in await bench.chunks()] == [[3]]
        assert consumer._to_seek == set()

    bench_runner(tmp_path, RAW, RAW_1)(body)


def test_a_seek_that_a_rebalance_made_impossible_is_no_error(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        async def gone(offsets: object) -> None:
            raise IllegalStateError("not assigned")

        bench.thread.fill(RAW, range(3))
        bench.consumer._rewind(RAW, "lost")
        bench.thread.seek_wait = gone  # type: ignore[method-assign]
        await bench.consumer._seek_back()
        assert bench.consumer._to_seek == {RAW}

    on_bench(body)


def test_an_agent_that_raises_ends_the_process(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        with pytest.raises(GaveUpError, match="an agent failed"):
            await bench.consumer.on_task_error(ZeroDivisionError())

    on_bench(body)


def test_the_lag_counts_what_is_not_confirmed(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        assert bench.consumer.lags() == {("raw", 0): 0}
        bench.thread.fill(RAW, range(6))
        bench.thread.fetch_max = 4
        (chunk,) = await bench.chunks()
        assert bench.consumer.lags() == {("raw", 0): 6}
        assert await bench.work(chunk)
        assert bench.consumer.lags() == {("raw", 0): 2}

    on_bench(body)


def test_what_holds_no_record_is_not_waited_for(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        consumer, thread = bench.consumer, bench.thread
        ends = {RAW: 8}  # a transaction of six records ends with a marker, and one without any with another
        thread.highwater = ends.get  # type: ignore[method-assign]
        thread.answered_ms[RAW] = 1_700_000_000_000
        thread.fill(RAW, range(6))
        (chunk,) = await bench.chunks()
        consumer._driver.holes.note(RAW, 6, 7)
        consumer._driver.holes.note(RAW, 7, 8)
        assert consumer.lags() == {("raw", 0): 6}
        assert await bench.work(chunk)
        assert consumer.lags() == {("raw", 0): 0}
        assert consumer.caught_up() == {("raw", 0): 1_700_000_000_000}
        ends[RAW] = 9
        assert consumer.lags() == {("raw", 0): 3}
        assert consumer.caught_up() == {}

    on_bench(body)


def test_a_partition_is_caught_up_when_the_broker_has_said_so(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        consumer, thread = bench.consumer, bench.thread
        ends: dict[TP, int] = {}
        thread.highwater = ends.get  # type: ignore[method-assign]
        assert consumer.lags() == {("raw", 0): 0}
        assert consumer.caught_up() == {}, "no fetch was answered yet"
        thread.fill(RAW, range(6))
        (chunk,) = await bench.chunks()
        ends[RAW], thread.answered_ms[RAW] = 6, 1_700_000_000_000
        assert consumer.caught_up() == {}
        assert await bench.work(chunk)
        assert consumer.caught_up() == {("raw", 0): 1_700_000_000_000}

    on_bench(body)


def test_what_is_read_again_begins_when_it_is_not_in_work_any_more(on_bench: Callable[[Body], None]) -> None:
    """The agent knows it already, so nothing would come of it; and what came of it before is not acknowledged."""

    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.consumer._rewind(RAW, "lost")
        (again,) = await bench.chunks()
        beginning = asyncio.create_task(again.begin())
        assert await asyncio.wait((beginning,), timeout=0.05) == (set(), {beginning})
        assert not await chunk.confirm()
        chunk.end()
        assert await beginning
        assert await again.confirm()
        again.end()
        assert bench.consumer.ledger.uncommitted() == {RAW: 3}

    on_bench(body)
