"""Faust's Kafka consumer, with a ledger: fetched records become chunks, and only confirmed offsets are committed.

The changelogs of tables go into their tables a fetch at a time (`table.py`); Faust's own way, for any other topic
that is not chunked, is left as it is. For chunked topics:

fetch       records that follow on from the ledger's position are cut into chunks; anything else is sought again
confirm     moves the confirmed offset; a gap rewinds the partition
commit      commits confirmed offsets, whatever Faust's streams have acknowledged
rebalance   a chunk in work is finished and committed, then the ledger's accounts are closed; what is assigned anew
            begins at the group's committed offset, by an explicit seek: aiokafka's position proves nothing
lease       chunks are begun, and written for, only while the group counts this process as a member
stop        the same, without the seek; a rebalance may come in the midst of it

Whatever cannot be trusted any more ends the process without a commit: a hung commit, a chunk that takes too long, an
agent that raises, a log that is not the one read before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NoReturn, cast

from aiokafka.errors import IllegalStateError  # type: ignore[import-untyped]
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer
from faust.types import TP, ConsumerMessage
from mode import Service

from stream.model import Record
from stream.worker.driver.chunk import Change, Chunk
from stream.worker.driver.cut import cut
from stream.worker.driver.handedin import HandedIn
from stream.worker.driver.lag import Lag
from stream.worker.driver.ledger import Arrival, Ledger, LostSpans, Partition, Span
from stream.worker.driver.limits import Limits
from stream.worker.driver.notes import Notes
from stream.worker.driver.records import as_record
from stream.worker.driver.suspects import Suspects
from stream.worker.driver.table import Reached, take_in
from stream.worker.driver.thread import ChunkThread
from stream.worker.driver.turns import Turns
from stream.worker.driver.wiring import WiredTransport

LOOK_SECONDS = 1.0
LOOKS_UNTIL_LOST = 4
DRAIN_POLL_SECONDS = 0.005
PARTITIONS_POLL_SECONDS = 0.02
LEASE_POLL_SECONDS = 0.02
FORMER_POLL_SECONDS = 0.005
COMMITS_AT_STOP_MAX = 3
"""Faust answers a commit during another commit without committing; so it is asked again."""


class ChunkConsumer(Consumer):
    """Made by Faust from `ChunkTransport.Consumer`; everything public here runs in the event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._driver = cast(WiredTransport, self.transport)
        self._lease = self._driver.lease
        self.limits: Limits = self._driver.limits
        self.send_seconds_max = self.limits.send_seconds_max
        self.ledger = Ledger()
        self.suspects = Suspects(max((self.limits.chunk_records_max, *self._driver.topic_records_max.values())))
        self._lost = LostSpans(self.ledger, LOOKS_UNTIL_LOST)
        self._in_work: dict[Chunk, float] = {}
        self._handed_in = HandedIn()
        self._committing = asyncio.Lock()
        self._notes = Notes(
            self.ledger,
            self.suspects,
            lambda notes: cast(ChunkThread, self._thread).write_notes(notes),
            self._committing,
            self.fail,
            self.limits.commit_seconds_max,
        )
        self._lag = Lag(self.ledger, self._driver.holes, lambda: self._thread._ensure_consumer())
        self._turns = Turns()
        self._to_seek: set[Partition] = set()
        self._moves = 0
        self._moving = 0
        self._closings = 0

    def fail(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Ends the process without a commit."""
        self._driver.fail(why, error)

    # Called by chunks ----------------------------------------------------------------------------------------------

    async def begin(self, chunk: Chunk) -> bool:
        """An agent takes the chunk. False: it is void, or something before it is missing."""
        span = chunk.span
        await self._wait_for_lease()
        await self._wait_for_former(span)
        if self.ledger.is_due(span):
            await self._turns.enter(chunk, alone=self.suspects.note_before(span) is not None)
            try:
                return await self._begin(chunk)
            finally:
                if chunk not in self._in_work:
                    self._turns.leave(chunk)
        # In a rebalance or stop what is not begun comes again anyhow.
        if self.flow_active and self.ledger.is_after_a_gap(span):
            self._rewind(span.partition, "a chunk was lost on its way to the agent")
        return False

    async def _begin(self, chunk: Chunk) -> bool:
        span = chunk.span
        await self._notes.write_before(span, self._may_begin)
        if self._may_begin(span):
            self.ledger.begin(span)
            self._in_work[chunk] = self.loop.time()
            return True
        self.suspects.let_go(span)  # a rebalance or stop began meanwhile
        return False

    def _may_begin(self, span: Span) -> bool:
        # A note is a commit of what stands before the chunk, which therefore has to be confirmed: it is, since whoever
        # is noted is alone.
        noted = self.suspects.note_before(span) is not None
        is_due = self.ledger.is_next(span) if noted else self.ledger.is_due(span)
        return self.flow_active and not self._lease.lost and is_due

    async def _wait_for_lease(self) -> None:
        """Returns when the lease holds, or when the partition goes away anyhow.

        After a pause of the process, a chunk from before it would else be worked for another worker's partition.
        """
        while self.flow_active and not self._lease.lost and not self._lease.holds():
            await asyncio.sleep(LEASE_POLL_SECONDS)

    async def _wait_for_former(self, span: Span) -> None:
        """Returns when nothing is in work of the partition that was handed out before it was rewound.

        What is in work is known to the agent and not yet acknowledged. Read again now, it would be taken for done.
        """
        while any(c.span.partition == span.partition and c.span.epoch != span.epoch for c in self._in_work):
            await asyncio.sleep(FORMER_POLL_SECONDS)

    async def acquit(self, span: Span) -> None:
        """The process is about to end, and not because of these records: the broker was away."""
        await self._notes.acquit(span)

    async def write(self, change: Change) -> asyncio.Future[object]:
        """Hands a table write to the client beneath Faust's producer."""
        client = cast(Producer, self.app.producer)._ensure_producer()
        topic, partition, key, value = change
        return cast(asyncio.Future[object], await client.send(topic, value, key=key, partition=partition))

    def end(self, chunk: Chunk) -> None:
        """The agent lets go of the chunk, confirmed or not."""
        if self._in_work.pop(chunk, None) is not None:
            self.ledger.let_go(chunk.span)
        if not self.ledger.is_next(chunk.span):  # else it was not confirmed: its note stands, an error may be why
            self.suspects.let_go(chunk.span)
            if self.suspects.outlived():
                self.add_future(self._notes.erase())
        self._turns.leave(chunk)

    def confirm(self, span: Span) -> bool:
        """Everything that came of the chunk is acknowledged. False: it will be delivered again."""
        return self.ledger.confirm(span)

    def is_next(self, span: Span) -> bool:
        """Whether it is the next one to be confirmed."""
        return self.ledger.is_next(span)

    def unconfirmed(self, topic: str) -> int:
        """How many offsets of a topic are in chunks that are not confirmed, in work or not."""
        mine = [partition for partition in self.ledger.partitions() if partition[0] == topic]
        return sum(self.ledger.position(partition) - self.ledger.confirmed(partition) for partition in mine)

    def has_suspects(self, partition: Partition) -> bool:
        """Whether a chunk was handed out that is alone in the process, because a worker may have died of it."""
        handed_out = self.ledger.position(partition)
        return self.ledger.confirmed(partition) < min(handed_out, self.suspects.noted_below(partition))

    # Fetching ------------------------------------------------------------------------------------------------------

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> Any:
        """Called by Faust's reading loop, which else sleeps for a second whenever no partition may be read yet."""
        while self.flow_active and not self.should_stop and not self._get_active_partitions():
            await asyncio.sleep(PARTITIONS_POLL_SECONDS)
        return await super()._wait_next_records(timeout)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        sought = await self._seek_back()
        before = self._moves, self.app.consumer_generation_id
        fetched = await super()._getmany(active_partitions, timeout)
        disturbed = not self.flow_active or self._moving or before != (self._moves, self.app.consumer_generation_id)
        taken: dict[TP, Any] = {}
        for partition, records in fetched.items():
            if not self._is_chunked(partition):
                taken[partition] = take_in(self.app, partition, records)
                continue
            new = self._new_of(partition, records)
            if not new:
                continue
            if not disturbed and self._follows_on(partition, new[0].offset, partition in sought):
                taken[partition] = list(self._cut(partition, new))
            else:
                self._to_seek.add(partition)
        return taken

    def hand_in(self, records: Sequence[Record]) -> list[Chunk]:
        """Chunks of consecutive records of one partition that the broker has acknowledged to this process, which need
        not wait for their fetch; they are handed out with this, and are to be begun before any others.

        Empty: they do not follow on what has begun, or nothing may be begun now; they come with a fetch.
        """
        first = records[0].offset
        partition = TP(records[0].topic, records[0].partition)
        if not self.flow_active or self._moving or partition not in self._get_active_partitions():
            return []
        if partition not in self.ledger or partition in self._to_seek:
            return []
        if self.ledger.position(partition) != first or not self.ledger.all_begun(partition):
            return []
        if not self._handed_in.has_room(partition, len(records)):
            return []
        self._handed_in.note(partition, records)
        # Faust warns of partitions that have records of which its stream has seen none for minutes.
        self.app.monitor.stream_inbound_time[partition] = self.loop.time()
        return list(self._cut(partition, records))

    def _new_of(self, partition: TP, records: Sequence[Any]) -> Sequence[Any]:
        try:
            return self._handed_in.new_of(partition, records)
        except LookupError as error:
            self.fail(
                f"{_named(partition)}: at offset {error} there is another record than the one that the broker had "
                "acknowledged and that was worked; the broker has lost records, and those from there on may be unread"
            )

    def _follows_on(self, partition: Partition, first: int, after_seek: bool) -> bool:
        if partition not in self.ledger:
            return False
        position = self.ledger.position(partition)
        arrival = self.ledger.arrival(partition, first, after_seek=after_seek)
        if arrival is Arrival.IMPOSSIBLE:
            self.fail(
                f"{_named(partition)}: expected offset {position}, found {first}; the broker has lost records: if "
                "nothing can bring them back, start one worker once with --accept-offset-reset"
            )
        if arrival is Arrival.EXPECTED and first > position:
            self._driver.notice(f"{_named(partition)}: the log has no records {position} to {first - 1}")
        return arrival is Arrival.EXPECTED

    def _cut(self, partition: TP, found: Sequence[Any]) -> Iterator[Chunk]:
        runs = cut(
            found if type(found[0]) is Record else [as_record(each) for each in found],  # all of one fetch are alike
            records_max=self._driver.topic_records_max.get(partition.topic, self.limits.chunk_records_max),
            bytes_max=self.limits.chunk_bytes_max,
            alone_below=self.suspects.alone_below(partition),
        )
        for records in runs:
            span = self.ledger.hand_out(partition, records[-1].offset + 1)
            yield Chunk(self, span, records, condemned=self.suspects.condemned(span))

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if isinstance(record, Reached):
            return record.message(tp, self.app.consumer_generation_id)
        if not isinstance(record, Chunk):
            return super()._to_message(tp, record)
        first = record.records[0]
        # Faust passes over offsets below the last one it has seen; whether a chunk is due is for the ledger to say.
        self._read_offset[tp] = None
        return ConsumerMessage(
            first.topic,
            first.partition,
            first.offset,
            first.timestamp_ms / 1_000,
            0,
            None,
            None,
            cast(Any, record),
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """A full queue of chunks holds the reading loop up by itself; Faust's way costs a second each time."""
        if not self._is_chunked(tp):
            super().on_buffer_full(tp)

    def _is_chunked(self, partition: Partition) -> bool:
        return partition[0] in self._driver.chunked_topics

    # Positions -----------------------------------------------------------------------------------------------------

    def _rewind(self, partition: Partition, why: str) -> None:
        offset = self.ledger.rewind(partition)
        self._to_seek.add(partition)
        self._driver.notice(f"{_named(partition)}: {why}; reading again from offset {offset}")

    async def _seek_back(self) -> Set[Partition]:
        """Seeks where it is due; returns the partitions that are at the ledger's position now."""
        partitions, self._to_seek = self._to_seek, set()
        return await self._move({TP(*p): self.ledger.position(p) for p in partitions if p in self.ledger})

    async def _move(self, offsets: Mapping[TP, int]) -> Set[Partition]:
        """Seeks; what an overlapping fetch brings is not used. Returns the partitions that were sought."""
        self._moving += 1
        try:
            if offsets:
                await self.seek_wait(offsets)
                for partition in offsets:
                    self._handed_in.sought(partition)
        except IllegalStateError:
            self._to_seek.update(offsets)  # a rebalance took a partition away: its account is closed in a moment
            return frozenset()
        else:
            return offsets.keys()
        finally:
            self._moving -= 1
            self._moves += 1

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Called by Faust after every rebalance, and when a fetch returns while the flow is stopped.

        Partitions that are held go on from their position: a chunk of theirs may be in work. One that outlives a
        rebalance changes nothing: the broker answers it behind the request to join, and what it asked for before may be
        another worker's by then, or committed further. What follows the rebalance seeks again.
        """
        closings = self._closings
        self._moving += 1
        try:
            committed = await super().seek_to_committed()
            new = [TP(*p) for p in committed if self._is_chunked(p) and p not in self.ledger]
            starts = await self._starts({partition: committed[partition] for partition in new})
            notes = await cast(ChunkThread, self._thread).read_notes(new) if new else {}
            if closings != self._closings:
                return {}
            for partition, offset in starts.items():
                if partition not in self.ledger:
                    self.ledger.open(partition, offset)
                    self.suspects.open(partition, offset, notes.get(partition, ""))
            await self._move({TP(*p): self.ledger.position(p) for p in committed if p in self.ledger})
            return committed
        finally:
            self._moving -= 1
            self._moves += 1

    async def _starts(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]:
        # Not the consumer's position: a fetch that Faust dropped meanwhile has already moved it on.
        unknown = [partition for partition, offset in committed.items() if offset is None or offset < 0]
        beginnings = await self.earliest_offsets(*unknown) if unknown else {}
        return {
            partition: offset if offset is not None and offset >= 0 else beginnings[partition]
            for partition, offset in committed.items()
        }

    # Committing ----------------------------------------------------------------------------------------------------

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        stock = super()._filter_committable_offsets(tp for tp in tps if not self._is_chunked(tp))
        return stock | {TP(*partition): offset for partition, offset in self.ledger.uncommitted().items()}

    async def force_commit(self, *args: Any, **kwargs: Any) -> bool:
        """Called by Faust for every commit."""
        try:
            async with asyncio.timeout(self.limits.commit_seconds_max):
                return bool(await super().force_commit(*args, **kwargs))
        except TimeoutError as error:
            self.fail(f"a commit took longer than {self.limits.commit_seconds_max:g} s", error)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        async with self._committing:
            # A note may have been committed meanwhile, at the same offset: this would erase it.
            due = {p: offset for p, offset in offsets.items() if not self.ledger.is_committed(p, offset)}
            done = await super()._commit(due) if due else True
            if done:
                self.suspects.erased(due)
                for partition, offset in due.items():
                    self.ledger.committed(partition, offset)
            return done

    async def on_task_error(self, exc: BaseException) -> None:
        """Called by Faust when an agent has raised; Faust would commit what failed."""
        self.fail("an agent failed", exc)

    # Rebalance and stop --------------------------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Called at the beginning of a rebalance; Faust stops the flow in it and calls `wait_empty`.

        While the application stops, Faust closes the connection instead and waits for nothing; what is in work would
        then write its state, without a lease, behind that of the worker which has the partition next.
        """
        if self.app.should_stop:
            await self.wait_empty()
        await super().on_partitions_revoked(revoked)
        self._close(revoked)
        self._lease.end()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Called at the end of a rebalance, before `seek_to_committed`."""
        self._lease.begin()
        self._close(self.ledger.partitions())
        self._to_seek.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    def _close(self, partitions: Iterable[Partition]) -> None:
        partitions = list(partitions)
        self.ledger.close(partitions)
        self.suspects.close(partitions)
        for partition in partitions:
            self._handed_in.sought(partition)
        self._closings += 1

    async def wait_empty(self) -> None:
        """Lets chunks in work finish and commits them.

        Bounded, unlike Faust's: a chunk that does not finish in time must not go on writing state of a partition that
        another worker is about to take over.
        """
        deadline = self.loop.time() + self.limits.drain_seconds_max
        while self._in_work:
            if self._lease.lost:
                self.fail("the group gave this worker's partitions away while a chunk was in work")
            if self.loop.time() > deadline:
                self.fail(f"a chunk was not finished within {self.limits.drain_seconds_max:g} s of a stop or rebalance")
            await asyncio.sleep(DRAIN_POLL_SECONDS)
        for _ in range(COMMITS_AT_STOP_MAX):
            if not self.ledger.uncommitted():
                break
            await self.commit()
        await self._notes.erase()

    # Watching ------------------------------------------------------------------------------------------------------

    @Service.task
    async def _look_after_chunks(self) -> None:
        async for _ in self.itertimer(LOOK_SECONDS, name="chunks"):
            now = self.loop.time()
            for chunk, since in self._in_work.items():
                if now - since > self.limits.work_seconds_max:
                    partition = _named(chunk.span.partition)
                    self.fail(f"{partition}: the chunk at offset {chunk.span.start} takes over {now - since:.0f} s")
            if self.flow_active and not self.app.rebalancing:
                for lost in self._lost.look(chunk.span.partition[0] for chunk in self._in_work):
                    self._rewind(lost, "chunks were lost on their way to the agent")

    def lags(self) -> dict[Partition, int]:
        """For each held partition, the records up to the high watermark of the last fetch that are not confirmed."""
        return self._lag.records(self.assignment())

    def caught_up(self) -> dict[Partition, int]:
        """Held partitions of which everything is confirmed that the broker had when it last answered a fetch for them,
        with the moment of that answer in milliseconds since 1970."""
        return self._lag.caught_up(self.assignment())

    def last_fetch_ms(self) -> int:
        """When the broker last answered a fetch, in milliseconds since 1970; 0: not yet."""
        return self._lag.last_fetch_ms(self.assignment())


def _named(partition: Partition) -> str:
    return f"partition {partition[1]} of {partition[0]}"
