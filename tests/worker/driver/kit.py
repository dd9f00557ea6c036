"""The driver's consumer on a Kafka client that exists in memory only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import faust
from faust.types import TP

from stream.worker.driver import Chunk, ChunkConsumer, ChunkTable, Limits, use_chunks

FOR_EVER = float("inf")
RAW = TP("raw", 0)
CHANGELOG = TP("changelog", 0)


class GaveUpError(Exception):
    """Where the process would have ended with code 75."""


def give_up(why: str, error: BaseException | None = None) -> NoReturn:
    raise GaveUpError(why) from error


def record(partition: TP, offset: int, value: bytes = b"v") -> Any:
    return SimpleNamespace(
        topic=partition.topic,
        partition=partition.partition,
        offset=offset,
        timestamp=1_700_000_000_123 + offset,
        timestamp_type=0,
        key=b"k",
        value=value,
        headers=(("h", b"1"),),
        checksum=None,
        serialized_key_size=1,
        serialized_value_size=len(value),
    )


class FakeThread:
    """Stands for aiokafka: a log for each partition, the client's position, the group's committed offsets."""

    def __init__(self, *partitions: TP) -> None:
        self.log: dict[TP, list[Any]] = {partition: [] for partition in partitions}
        self.position = dict.fromkeys(partitions, 0)
        self.group: dict[TP, int] = {}
        self.answered_ms: dict[TP, int] = {}
        self.seeks: list[dict[TP, int]] = []
        self.fetch_max = 100
        self.before_offsets: Callable[[], Awaitable[None]] | None = None
        self.before_answer: Callable[[], Awaitable[None]] | None = None
        self.before_commit: Callable[[], Awaitable[None]] | None = None
        self.before_note: Callable[[], Awaitable[None]] | None = None
        self.takes_commits = True
        self.notes: dict[TP, tuple[int, str]] = {}
        self.written: list[dict[TP, tuple[int, str]]] = []

    def fill(self, partition: TP, offsets: Iterable[int], value: bytes = b"v") -> None:
        self.log[partition] += [record(partition, offset, value) for offset in offsets]

    def topic_partitions(self, topic: str) -> int:
        return 1

    def assignment(self) -> set[TP]:
        return set(self.log)

    def highwater(self, partition: TP) -> int | None:
        return self.log[partition][-1].offset + 1 if self.log[partition] else None

    def last_poll_timestamp(self, partition: TP) -> int | None:
        return self.answered_ms.get(partition)

    def _ensure_consumer(self) -> FakeThread:
        return self

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        found = {partition: self.group.get(partition) for partition in self.log}
        if self.before_offsets is not None:
            await self.before_offsets()
        self.position |= {partition: offset for partition, offset in found.items() if offset}
        return found

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return {partition: self.log[partition][0].offset if self.log[partition] else 0 for partition in partitions}

    async def seek_wait(self, offsets: Mapping[TP, int]) -> None:
        self.seeks.append(dict(offsets))
        self.position |= offsets

    async def getmany(self, active: set[TP], timeout: float) -> dict[TP, list[Any]]:
        fetched = {}
        for partition in active:
            records = [r for r in self.log[partition] if r.offset >= self.position[partition]][: self.fetch_max]
            if records:
                fetched[partition] = records
                self.position[partition] = records[-1].offset + 1
        if self.before_answer is not None:
            await self.before_answer()
        return fetched

    async def read_notes(self, partitions: Iterable[TP]) -> dict[TP, str]:
        found = {p: self.notes[p] for p in partitions if p in self.notes}
        return {p: note for p, (offset, note) in found.items() if offset == self.group.get(p)}

    async def write_notes(self, notes: Mapping[TP, tuple[int, str]]) -> bool:
        if self.before_note is not None:
            await self.before_note()
        if self.takes_commits:
            for partition, (offset, note) in notes.items():
                self.group[partition] = offset
                self.notes[partition] = (offset, note)
            self.written.append(dict(notes))
        return self.takes_commits

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.before_commit is not None:
            await self.before_commit()
        if self.takes_commits:
            self.group |= offsets
            for partition in offsets:
                self.notes.pop(partition, None)
        return self.takes_commits


class Bench:
    """A consumer whose partitions are dealt out; `notices` is what the driver said."""

    def __init__(self, folder: Path, *partitions: TP, **limits: Any) -> None:
        self.app = new_app(folder)
        self.notices: list[str] = []
        self.transport = use_chunks(self.app, Limits(**limits), give_up, self.notices.append)
        self.topic = self.transport.topic("raw")
        self.transport.lease.renewed(FOR_EVER)
        self.app.flow_control.resume()
        consumer = self.app.consumer
        assert isinstance(consumer, ChunkConsumer)
        self.consumer = consumer
        self.thread = FakeThread(*(partitions or (RAW,)))
        consumer._thread.thread_loop.close()
        consumer._thread = self.thread  # type: ignore[assignment]
        consumer._on_partitions_revoked = self._revoked  # type: ignore[method-assign]
        consumer._on_partitions_assigned = self._assigned  # type: ignore[method-assign]
        consumer._set_active_tps(set(self.thread.log))

    async def _revoked(self, partitions: set[TP]) -> None:
        # What the application does, as far as it concerns the consumer.
        self.consumer.stop_flow()
        await self.consumer.wait_empty()

    async def _assigned(self, partitions: set[TP], generation: int) -> None:
        self.consumer.resume_flow()

    async def fetch(self) -> list[Any]:
        """What one round of Faust's reading loop hands on: values of chunked topics are chunks."""
        return [message.value async for _, message in self.consumer.getmany(timeout=0)]

    async def chunks(self) -> list[Chunk]:
        values = await self.fetch()
        assert all(isinstance(value, Chunk) for value in values)
        return values

    async def work(self, chunk: Chunk) -> bool:
        """What an agent does."""
        if not await chunk.begin():
            return False
        try:
            return await chunk.confirm()
        finally:
            chunk.end()


def new_app(folder: Path, **settings: Any) -> faust.App:
    return faust.App(
        "test",
        **{
            "broker": "chunk://127.0.0.1:1",
            "datadir": folder,
            "store": "memory://",
            "web_enabled": False,
            "Table": ChunkTable,
            "table_standby_replicas": 0,
            "consumer_auto_offset_reset": "earliest",
            "stream_wait_empty": True,
            "topic_disable_leader": True,
            **settings,
        },
    )


def offsets(chunk: Chunk) -> list[int]:
    return [r.offset for r in chunk.records]


Body = Callable[[Bench], Awaitable[None]]


def bench_runner(folder: Path, *partitions: TP, **limits: float) -> Callable[[Body], None]:
    """Runs what is given on a bench whose consumer has sought its offsets; within a minute."""

    def run(body: Body) -> None:
        async def whole() -> None:
            bench = Bench(folder, *partitions, **limits)
            await bench.consumer.perform_seek()
            await asyncio.wait_for(body(bench), 60)

        asyncio.run(whole())

    return run


async def deal_out(bench: Bench, *partitions: TP) -> None:
    """As after a rebalance."""
    await bench.consumer.on_partitions_assigned(set(partitions))
    await bench.consumer.perform_seek()
    bench.consumer._set_active_tps(set(partitions))
