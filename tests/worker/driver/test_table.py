"""Tables that are recovered: a fetch at a time, in the order of the log, and only what Faust asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError  # type: ignore[import-untyped]
from faust.types import TP

from stream.worker.driver.chunk import Chunk, at_work
from tests.worker.driver.kit import CHANGELOG, RAW, Bench, GaveUpError, record

Body = Callable[[Bench, Any], Awaitable[None]]


@pytest.fixture
def recovering(tmp_path: Path) -> Callable[..., None]:
    """A bench with a table whose changelog is read up from offset `seen` + 1."""

    def run(body: Body, *, seen: int | None = -1, kind: type = bytes) -> None:
        async def whole() -> None:
            bench = Bench(tmp_path, RAW, CHANGELOG)
            table = bench.app.Table("states", partitions=1, key_type=kind, value_type=kind)
            recovery: Any = bench.app.tables.recovery  # type: ignore[attr-defined]
            recovery.tp_to_table[CHANGELOG] = table
            if seen is not None:
                recovery.active_offsets[CHANGELOG] = seen
            await asyncio.wait_for(body(bench, table), 60)

        asyncio.run(whole())

    return run


def write(bench: Bench, *pairs: tuple[bytes, bytes | None]) -> None:
    log = bench.thread.log[CHANGELOG]
    for key, value in pairs:
        written = record(CHANGELOG, len(log), value or b"")
        written.key, written.value = key, value
        log.append(written)


async def messages(bench: Bench) -> list[Any]:
    return [message async for _, message in bench.consumer.getmany(timeout=0)]


def apply(table: Any, found: list[Any]) -> None:
    """What Faust does with messages of a changelog."""
    table.apply_changelog_batch([SimpleNamespace(message=m, key=m.key, value=m.value) for m in found])


def test_a_fetch_is_taken_in_at_once_and_faust_learns_how_far_it_went(recovering: Callable[..., None]) -> None:
    async def body(bench: Bench, table: Any) -> None:
        write(bench, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"c", b"3"))
        found = await messages(bench)
        assert table.data.data == {b"a": b"2", b"c": b"3"}
        assert [(m.tp, m.offset) for m in found] == [(CHANGELOG, 4)]
        # It comes late, when a newer value is there already: nothing changes.
        write(bench, (b"c", b"4"))
        again = await messages(bench)
        apply(table, found + again)
        assert table.data.data == {b"a": b"2", b"c": b"4"}

    recovering(body)


def test_what_was_seen_before_is_not_taken_in_again(recovering: Callable[..., None]) -> None:
    async def body(bench: Bench, table: Any) -> None:
        table.data.data[b"a"] = b"newer"
        write(bench, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"))
        assert await messages(bench) == []
        assert table.data.data == {b"a": b"newer"}

    recovering(body, seen=2)


def test_keys_of_partitions_that_went_away_are_forgotten_after_recovery(recovering: Callable[..., None]) -> None:
    async def body(bench: Bench, table: Any) -> None:
        write(bench, (b"a", b"1"), (b"b", b"1"))
        await messages(bench)
        await table.data.on_recovery_completed({CHANGELOG}, set())
        assert len(table.data.data) == 2
        await table.data.on_recovery_completed({TP("changelog", 1)}, set())
        assert table.data.data == {}

    recovering(body)


@pytest.mark.parametrize(("seen", "kind"), [(None, bytes), (-1, str)])
def test_other_tables_and_other_times_are_left_to_faust(
    recovering: Callable[..., None], seen: int | None, kind: type
) -> None:
    async def body(bench: Bench, table: Any) -> None:
        write(bench, (b"a", b"1"), (b"a", b"2"))
        found = await messages(bench)
        assert [m.offset for m in found] == [0, 1]
        assert table.data.data == {}
        apply(table, found)
        assert table.data.data == {b"a": b"2"}

    recovering(body, seen=seen, kind=kind)


class FakeProducer:
    """Takes messages and acknowledges when it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, bytes, bytes | None]] = []
        self.answers: list[asyncio.Future[None]] = []

    async def send(self, topic: str, value: bytes | None, *, key: bytes, partition: int) -> asyncio.Future[None]:
        self.sent.append((topic, partition, key, value))
        self.answers.append(asyncio.Future())
        return self.answers[-1]


async def begun(bench: Bench) -> tuple[FakeProducer, Chunk]:
    """A chunk of two records in an agent's hands, and what its table writes go to."""
    producer = FakeProducer()
    bench.app.producer._ensure_producer = lambda: producer  # type: ignore[attr-defined]
    await bench.consumer.perform_seek()
    bench.thread.fill(RAW, range(2))
    (chunk,) = await bench.chunks()
    assert await chunk.begin()
    return producer, chunk


def test_what_a_chunk_writes_goes_to_the_producer_in_order_and_is_waited_for(recovering: Callable[..., None]) -> None:
    async def body(bench: Bench, table: Any) -> None:
        producer, chunk = await begun(bench)
        with at_work(chunk):
            table[b"a"] = b"1"
            table[b"b"] = b"1"
            del table[b"a"]
            assert table.data.data == {b"b": b"1"}
            assert producer.sent == []
            confirming = asyncio.ensure_future(chunk.confirm())
            log = table.changelog_topic.get_topic_name()
            for number in range(3):
                while len(producer.answers) <= number:
                    await asyncio.sleep(0)
                assert bench.consumer.ledger.uncommitted() == {}
                producer.answers[number].set_result(None)
            assert await confirming
        assert producer.sent == [(log, 0, b"a", b"1"), (log, 0, b"b", b"1"), (log, 0, b"a", None)]
        assert bench.consumer.ledger.uncommitted() == {RAW: 2}

    recovering(body)


def test_what_chunks_wrote_is_forgotten_with_its_partition_and_what_they_deleted_at_once(
    recovering: Callable[..., None],
) -> None:
    async def body(bench: Bench, table: Any) -> None:
        write(bench, (b"old", b"1"), (b"gone", b"1"))
        await messages(bench)
        _, chunk = await begun(bench)
        with at_work(chunk):
            for key in (b"a", b"b"):
                table[key] = b"1"
            for key in (b"a", b"gone"):
                del table[key]
        assert table.data._key_partition == {b"old": 0, b"b": 0}
        await table.data.on_recovery_completed({CHANGELOG}, set())
        assert table.data.data == {b"old": b"1", b"b": b"1"}
        await table.data.on_recovery_completed({TP("changelog", 1)}, set())
        assert table.data.data == {}

    recovering(body)


def test_a_table_write_that_is_refused_ends_the_process(recovering: Callable[..., None]) -> None:
    async def body(bench: Bench, table: Any) -> None:
        producer, chunk = await begun(bench)
        with at_work(chunk):
            table[b"a"] = b"1"
            confirming = asyncio.ensure_future(chunk.confirm())
            while not producer.answers:
                await asyncio.sleep(0)
            producer.answers[0].set_exception(MessageSizeTooLargeError())
            with pytest.raises(GaveUpError, match="the broker refused a message"):
                await confirming
        assert bench.consumer.ledger.uncommitted() == {}

    recovering(body)
