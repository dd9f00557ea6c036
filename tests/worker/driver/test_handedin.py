"""Records that are begun when the broker has acknowledged them, and come with a fetch all the same."""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Record
from stream.worker.driver import Chunk, Inlet, each_chunk
from stream.worker.driver.handedin import UNFETCHED_RECORDS_MAX, HandedIn
from stream.worker.driver.suspects import Suspects
from tests.worker.driver.kit import RAW, Bench, Body, GaveUpError, bench_runner, deal_out, offsets, record


def logged(partition: TP, numbers: Iterable[int]) -> list[Record]:
    return [
        Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
        for r in (record(partition, number) for number in numbers)
    ]


def test_they_are_chunks_at_once_and_what_the_fetch_brings_of_them_is_passed_over(
    on_bench: Callable[[Body], None],
) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.thread.fill(RAW, range(5))
        (chunk,) = bench.consumer.hand_in(logged(RAW, range(2)))
        assert RAW in bench.app.monitor.stream_inbound_time, "Faust would say that its stream stands still"
        assert (offsets(chunk), chunk.records) == ([0, 1], logged(RAW, range(2)))
        assert await bench.work(chunk)
        (rest,) = await bench.chunks()
        assert offsets(rest) == [2, 3, 4]
        assert await bench.work(rest)
        assert bench.consumer.ledger.uncommitted() == {RAW: 5}
        bench.thread.fill(RAW, [5])
        assert [offsets(each) for each in await bench.chunks()] == [[5]], "nothing is passed over any more"
        assert (bench.thread.seeks[1:], bench.notices) == ([], [])

    on_bench(body)


def test_a_fetch_of_nothing_else_gives_nothing(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.thread.fill(RAW, range(3))
        bench.thread.fetch_max = 2
        (chunk,) = bench.consumer.hand_in(logged(RAW, range(3)))
        assert await bench.chunks() == []
        assert await bench.chunks() == []
        assert await bench.work(chunk)
        assert (bench.thread.seeks[1:], bench.notices) == ([], [])

    on_bench(body)


def test_they_are_as_large_as_others(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(3)
        bench.thread.fill(RAW, range(7))
        assert list(map(offsets, bench.consumer.hand_in(logged(RAW, range(7))))) == [[0, 1, 2], [3, 4, 5], [6]]

    bench_runner(tmp_path, chunk_records_max=3)(body)


def test_what_does_not_follow_on_comes_with_its_fetch(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.thread.fill(RAW, range(4))
        assert not bench.consumer.hand_in(logged(RAW, [2, 3])), "0 and 1 are somebody else's"
        (chunk,) = await bench.chunks()
        bench.thread.fill(RAW, [4])
        assert not bench.consumer.hand_in(logged(RAW, [4])), "what is before it has not begun: it would overtake"
        assert await chunk.begin()
        (behind,) = bench.consumer.hand_in(logged(RAW, [4]))
        assert await behind.begin()
        assert await chunk.confirm()
        assert await behind.confirm()
        assert await bench.chunks() == []
        assert not bench.consumer.hand_in(logged(RAW, [3, 4])), "it is worked already"

    on_bench(body)


def test_nothing_is_handed_in_while_nothing_may_begin(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        consumer = bench.consumer
        consumer.suspects = Suspects(100)
        bench.thread.fill(RAW, range(2))
        records = logged(RAW, range(2))
        consumer.stop_flow()
        assert not consumer.hand_in(records), "a rebalance or a stop"
        consumer.resume_flow()
        consumer.pause_partitions({RAW})
        assert not consumer.hand_in(records), "tables are recovered"
        consumer.resume_partitions({RAW})
        consumer._to_seek.add(RAW)
        assert not consumer.hand_in(records), "it is about to be read again"
        consumer._to_seek.clear()
        consumer._moving = 1
        assert not consumer.hand_in(records), "it is being sought"
        consumer._moving = 0
        assert not consumer.hand_in(logged(TP("raw", 7), range(2))), "another worker's"
        consumer.ledger.close([RAW])
        assert not consumer.hand_in(records), "it went away"
        await deal_out(bench, RAW)
        consumer.suspects = Suspects(100)
        assert consumer.hand_in(records)

    on_bench(body)


def test_what_is_under_suspicion_is_handed_in_one_by_one(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.thread.fill(RAW, range(2))
        bench.consumer.suspects.open(RAW, 0, "tried 2")
        assert list(map(offsets, bench.consumer.hand_in(logged(RAW, range(2))))) == [[0], [1]]

    on_bench(body)


def test_a_chunk_that_was_lost_is_read_again(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.thread.fill(RAW, range(3))
        assert bench.consumer.hand_in(logged(RAW, [0, 1]))  # nobody works on it
        (behind,) = await bench.chunks()
        assert offsets(behind) == [2]
        assert not await bench.work(behind), "0 and 1 are missing"
        assert [offsets(each) for each in await bench.chunks()] == [[0, 1, 2]]

    on_bench(body)


def test_a_log_that_lost_what_was_handed_in_is_noticed(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.thread.fill(RAW, range(5))
        (chunk,) = bench.consumer.hand_in(logged(RAW, range(5)))
        assert await bench.work(chunk)
        assert await bench.chunks() == []
        bench.thread.log[RAW] = [record(RAW, 3, b"another log")]
        bench.thread.position[RAW] = 3  # where the client resets itself to
        bench.thread.seek_wait = _resetting(bench, 3)  # type: ignore[method-assign]
        assert await bench.chunks() == [], "it is looked at again, after a seek"
        with pytest.raises(GaveUpError, match="expected offset 5, found 3; the broker has lost records"):
            await bench.chunks()

    on_bench(body)


def _resetting(bench: Bench, offset: int) -> Callable[..., object]:
    async def seek_wait(_: object) -> None:
        bench.thread.position[RAW] = offset

    return seek_wait


def test_another_record_where_one_was_handed_in_ends_the_process(on_bench: Callable[[Body], None]) -> None:
    """A broker that loses what it has acknowledged gives the offsets to others."""

    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        (chunk,) = bench.consumer.hand_in(logged(RAW, range(2)))
        assert await bench.work(chunk)
        bench.thread.fill(RAW, [0])
        bench.thread.fill(RAW, [1], b"another one")
        with pytest.raises(GaveUpError, match="at offset 1 there is another record than the one that the broker had"):
            await bench.chunks()

    on_bench(body)


def test_no_more_is_handed_in_than_is_remembered(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        many = range(UNFETCHED_RECORDS_MAX)
        for chunk in bench.consumer.hand_in(logged(RAW, many)):
            assert await bench.work(chunk)
        assert not bench.consumer.hand_in(logged(RAW, [UNFETCHED_RECORDS_MAX])), "no fetch has come"
        bench.thread.fill(RAW, range(UNFETCHED_RECORDS_MAX + 1))
        bench.thread.fetch_max = UNFETCHED_RECORDS_MAX
        assert await bench.chunks() == []
        assert bench.consumer.hand_in(logged(RAW, [UNFETCHED_RECORDS_MAX]))

    on_bench(body)


def test_a_seek_makes_an_end_of_it() -> None:
    handed, fetched = HandedIn(), logged(RAW, range(8, 12))
    assert handed.new_of(RAW, fetched) == fetched, "nothing was handed in"
    handed.note(RAW, fetched[:1])
    handed.note(RAW, fetched[1:2])
    assert offsets_of(handed.new_of(RAW, fetched[:1])) == [], "the rest is still to come"
    assert offsets_of(handed.new_of(RAW, fetched[1:])) == [10, 11]
    assert handed.new_of(RAW, fetched) == fetched, "all has come that was to come"
    handed.note(RAW, fetched[:2])
    before = logged(RAW, [7, 8])
    assert handed.new_of(RAW, before) == before, "for the ledger to judge"
    handed.note(RAW, fetched[:2])
    handed.sought(RAW)
    assert handed.new_of(RAW, fetched) == fetched


def offsets_of(records: Iterable[Record]) -> list[int]:
    return [each.offset for each in records]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 4), st.booleans()),
        st.tuples(st.just("acknowledge"), st.just(0), st.just(False)),
        st.tuples(st.just("fetch"), st.integers(1, 5), st.booleans()),
        st.tuples(st.just("work"), st.integers(1, 3), st.just(False)),
        st.tuples(st.sampled_from(["lose", "rebalance", "commit"]), st.just(0), st.just(False)),
    ),
    max_size=40,
)


class Play:
    """A log to which others write as well, acknowledgements, fetches, and an agent that works or loses chunks."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.consumer, self.log = bench, bench.consumer, bench.thread.log[RAW]
        self.consumer.suspects = Suspects(4)
        self._ours: deque[list[Record]] = deque()
        self._waiting: deque[Chunk] = deque()
        self.confirmed: list[int] = []

    async def write(self, count: int, is_ours: bool) -> None:
        numbers = range(len(self.log), len(self.log) + count)
        self.bench.thread.fill(RAW, numbers)
        if is_ours:
            self._ours.append(logged(RAW, numbers))

    async def acknowledge(self, *_: object) -> None:
        if self._ours:
            self._waiting.extend(self.consumer.hand_in(self._ours.popleft()))

    async def fetch(self, records_max: int, meanwhile: bool) -> None:
        """`meanwhile`: an acknowledgement comes while the answer is on its way to the event loop."""
        self.bench.thread.fetch_max = records_max
        self.bench.thread.before_answer = self.acknowledge if meanwhile else None
        self._waiting.extend(await self.bench.chunks())

    async def work(self, count: int, _: object = None) -> None:
        for _each in range(min(count, len(self._waiting))):
            chunk = self._waiting.popleft()
            if await self.bench.work(chunk):
                self.confirmed.extend(offsets(chunk))

    async def lose(self, *_: object) -> None:
        if self._waiting:
            self._waiting.popleft()

    async def rebalance(self, *_: object) -> None:
        await self.consumer.on_partitions_revoked({RAW})
        await deal_out(self.bench, RAW)
        self.consumer.suspects = Suspects(4)
        del self.confirmed[self.bench.thread.group.get(RAW, 0) :]

    async def commit(self, *_: object) -> None:
        await self.consumer.commit()

    async def to_the_end(self) -> None:
        for _ in range(3 * len(self.log) + 20):
            await self.fetch(5, False)
            await self.work(len(self._waiting))
            for lost in self.consumer._lost.look(()):  # what looks after chunks once a second
                self.consumer._rewind(lost, "lost")


@given(OPERATIONS)
def test_whatever_happens_every_record_is_confirmed_once_and_in_order(operations: list[tuple[str, int, bool]]) -> None:
    async def body(bench: Bench) -> None:
        play = Play(bench)
        for what, count, flag in operations:
            await getattr(play, what)(count, flag)
        await play.to_the_end()
        assert play.confirmed == list(range(len(play.log)))

    with tempfile.TemporaryDirectory() as folder:
        bench_runner(Path(folder), chunk_records_max=4)(body)


def test_an_agent_gets_them_beside_its_stream_together(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.app.topics._acking_topics.add("raw")  # type: ignore[attr-defined]
        inlet, begun, go = Inlet(), list[int](), asyncio.Event()

        async def work(chunk: Chunk) -> None:
            begun.append(chunk.span.partition[1])
            await go.wait()
            assert await chunk.confirm()

        assert not inlet.is_open
        working = asyncio.ensure_future(each_chunk(bench.app.stream(bench.topic), work, chunks_max=2, inlet=inlet))
        while not inlet.is_open:
            await asyncio.sleep(0)
        partitions = [TP("raw", number) for number in range(3)]
        for partition in partitions:
            bench.thread.fill(partition, [0])
        inlet.put([chunk for each in partitions for chunk in bench.consumer.hand_in(logged(each, [0]))])
        while len(begun) < 2:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert begun == [0, 1], "there is room for two"
        go.set()
        while len(bench.consumer.ledger.uncommitted()) < 3:
            await asyncio.sleep(0)
        assert begun == [0, 1, 2]
        working.cancel()
        await asyncio.wait((working,))
        assert not inlet.is_open

    bench_runner(tmp_path, *(TP("raw", number) for number in range(3)))(body)


def test_what_is_handed_out_later_does_not_overtake_it_where_there_is_no_room(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.app.topics._acking_topics.add("raw")  # type: ignore[attr-defined]
        inlet, go = Inlet(), asyncio.Event()
        worked: list[tuple[int, int, bool]] = []

        async def work(chunk: Chunk) -> None:
            chunk.let_next_begin()
            await go.wait()
            partition, first = chunk.span.partition[1], chunk.span.start
            for _ in range(50 * partition):
                await asyncio.sleep(0)
            worked.append((partition, first, await chunk.confirm()))

        stream = bench.app.stream(bench.topic)
        working = asyncio.ensure_future(each_chunk(stream, work, chunks_max=3, inlet=inlet))
        while not inlet.is_open:
            await asyncio.sleep(0)
        partitions = [TP("raw", number) for number in range(4)]
        last = partitions.pop()
        await put(inlet, bench, (last, 0))
        await put(inlet, bench, *((each, 0) for each in partitions), (last, 1))
        bench.thread.fill(last, [2])
        while len(worked) < 6:
            async for _, message in bench.consumer.getmany(timeout=0):
                await stream.channel.queue.put(await bench.topic.decode(message))
            for _ in range(20):
                await asyncio.sleep(0)
            go.set()
        assert bench.notices == []
        assert sorted(worked) == [(0, 0, True), (1, 0, True), (2, 0, True), (3, 0, True), (3, 1, True), (3, 2, True)]
        working.cancel()
        await asyncio.wait((working,))

    bench_runner(tmp_path, *(TP("raw", number) for number in range(4)))(body)


async def put(inlet: Inlet, bench: Bench, *places: tuple[TP, int]) -> None:
    for partition, offset in places:
        bench.thread.fill(partition, [offset])
    inlet.put([chunk for place in places for chunk in bench.consumer.hand_in(logged(place[0], [place[1]]))])
    for _ in range(20):
        await asyncio.sleep(0)


def test_an_agent_that_has_failed_takes_nothing_more(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer.suspects = Suspects(100)
        bench.app.topics._acking_topics.add("raw")  # type: ignore[attr-defined]
        inlet = Inlet()

        def keep_putting() -> None:
            if inlet.is_open:
                inlet.put([])
                asyncio.get_running_loop().call_soon(keep_putting)

        async def work(chunk: Chunk) -> None:
            keep_putting()
            raise ZeroDivisionError

        working = asyncio.ensure_future(each_chunk(bench.app.stream(bench.topic), work, chunks_max=3, inlet=inlet))
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        while not inlet.is_open:
            await asyncio.sleep(0)
        await put(inlet, bench, (RAW, 0))
        with pytest.raises(ExceptionGroup):
            await working
        assert not inlet.is_open
        assert errors == []

    bench_runner(tmp_path)(body)
