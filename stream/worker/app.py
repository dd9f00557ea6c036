"""The Faust application: two thin agents around the engine.

    articles.raw ──> tag ──> articles.tagged, matches, articles.dead
    matches ──> alert ──> alerts.<severity>, alerts.suppressed, articles.late, articles.dead
                  └─────> the table of states (states.py)

Delivery guarantees: at least once; an offset is committed only when everything that came of it is acknowledged.
Whatever goes wrong in an agent is infrastructure or a bug, never content: the process ends with code 75, commits
nothing, and whoever started it starts it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from faust.types import StreamT

from stream.engine import Batch
from stream.model import Record
from stream.settings import Settings
from stream.telemetry.events import ChunkAlerted, ChunkTagged, Event, StreamMended, Telemetry
from stream.wire.topics import MATCHES, RAW, full_name
from stream.worker.alertsfirst import WAITING_RECORDS_MAX, AlertsFirst
from stream.worker.batches import joined
from stream.worker.dead import put_aside
from stream.worker.driver import SCHEME, Chunk, ChunkConsumer, ChunkTable, Inlet, Limits, each_chunk, use_chunks
from stream.worker.exit import HardExit
from stream.worker.health import Vitals
from stream.worker.linger import Lingering
from stream.worker.loopback import Loopback
from stream.worker.progress import EVERY_SECONDS, Progress
from stream.worker.security import credentials
from stream.worker.sender import Sender
from stream.worker.stages import Stages, give_turns
from stream.worker.states import States

FRAMING_BYTES = 100_000
"""What headers and Kafka's own framing may add to a message of `message_bytes_max`."""

PRODUCER_BATCH_BYTES_MAX = 131_072
"""And no more than one message may have: a batch over the topic's limit is refused as a whole, good messages too."""


def create_app(
    settings: Settings, engine: Stages, telemetry: Telemetry, vitals: Vitals, way_out: HardExit, *, data_dir: Path
) -> faust.App:
    """The application, not started; must be called inside the event loop it will run in."""
    app = faust.App(
        settings.consumer_group,
        broker=[f"{SCHEME}://{broker}" for broker in settings.bootstrap.split(",")],
        broker_credentials=credentials(settings),
        datadir=data_dir,
        **_configuration(settings),
    )
    transport = use_chunks(app, _limits(settings), way_out.give_up, lambda what: telemetry.emit(StreamMended(what)))
    raw_topic = transport.topic(full_name(settings.topic_prefix, RAW))
    matches_topic = transport.topic(
        full_name(settings.topic_prefix, MATCHES), urgent=True, chunk_records_max=settings.match_batch_records_max
    )
    work = _Work(app, settings, engine, telemetry, vitals, way_out)

    @app.agent(raw_topic, name="tag")
    async def tag(stream: StreamT[Any]) -> None:
        await work.attend(stream, work.tag)

    @app.agent(matches_topic, name="alert")
    async def alert(stream: StreamT[Any]) -> None:
        await work.attend(stream, work.alert, work.matches_inlet)

    app.timer(interval=EVERY_SECONDS, name="progress")(work.tell_progress)
    transport.check()
    return app


class _Work:
    """What the agents do with a chunk; how is the engine's business."""

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        engine: Stages,
        telemetry: Telemetry,
        vitals: Vitals,
        way_out: HardExit,
    ) -> None:
        self._app, self._settings, self._engine = app, settings, engine
        self._telemetry, self._vitals, self._way_out = telemetry, vitals, way_out
        self._sender = Sender(app)
        # A chunk has a message or more, so those that are held never take all the places of chunks in work.
        self._held_max = settings.batches_in_work_max // 2
        self._lingering = Lingering(self._sender.send, settings.linger_ms_max / 1_000, self._held_max)
        self._states = States(app, settings.topic_partitions, settings.detect_limits())
        self._progress = Progress()
        self._topics = {
            "raw": full_name(settings.topic_prefix, RAW),
            "matches": full_name(settings.topic_prefix, MATCHES),
        }
        # Engine processes judge while this one raises alerts; nobody has to wait.
        first_ms = 0 if settings.engine_processes else settings.alerts_first_ms_max
        self._alerts_first = AlertsFirst(self._topics["matches"], first_ms / 1_000)
        self.matches_inlet = Inlet()
        self._loopback = Loopback(self._topics["matches"], self._hand_in)

    async def attend(
        self, stream: StreamT[Any], work: Callable[[Chunk], Awaitable[Event | None]], inlet: Inlet | None = None
    ) -> None:
        """Hands every chunk of an agent's stream and of an inlet to `work`, and counts what was confirmed."""

        async def counted(chunk: Chunk) -> None:
            with self._vitals.work():
                event = await work(chunk)
            if event is not None:
                self._vitals.confirmed()
                self._telemetry.emit(event)

        try:
            await each_chunk(stream, counted, chunks_max=self._settings.batches_in_work_max, inlet=inlet)
        except ExceptionGroup as errors:  # Faust would commit what failed and go on
            self._way_out.give_up("an agent failed", errors.exceptions[0])

    async def tag(self, chunk: Chunk) -> Event | None:
        """Raw records: everything that comes of them, in parts, then how far it brought the partition."""
        sends: list[asyncio.Future[object]] = []
        parts: list[Batch] = []
        spent = 0.0
        async with self._engine.turn(), aclosing(self._parts(chunk)) as judged:
            began = time.perf_counter()
            async for part in judged:
                spent += time.perf_counter() - began
                parts.append(part)
                sent = await self._lingering.send(part.outputs, at_once=part.facts.matches > 0)
                if part.facts.matches and not chunk.condemned and self._few_wait(chunk):
                    self._loopback.watch(part.outputs, sent)
                sends += sent
                await give_turns()
                began = time.perf_counter()
            batch = joined(parts)
            if batch.facts.matches and self._few_wait(chunk):
                await self._alerts_first.wait_for(sends, self._alerts_here)
        if self._engine.ruleset.correlations:
            partition = chunk.records[0].partition
            newest = batch.newest_live_us, batch.newest_published_us
            controls = batch.controls + self._progress.handled(partition, *newest, time.monotonic())
            sends += await self._sender.tell(controls, **self._topics)
        chunk.let_next_begin()
        return ChunkTagged(batch.facts, spent) if await chunk.confirm(*sends) else None

    async def _parts(self, chunk: Chunk) -> AsyncGenerator[Batch, None]:
        if chunk.condemned:
            yield put_aside(chunk.records, self._settings)
            return
        async with aclosing(self._engine.tag(chunk.records)) as judged:
            async for part in judged:
                yield part

    async def alert(self, chunk: Chunk) -> Event | None:
        """Matches: alerts, then the states in their steps, each when the one before is acknowledged.

        The next chunk is judged while this one waits; its states are written after those of this one.
        """
        partition = chunk.records[0].partition
        if not chunk.condemned:
            await self._engine.catch_up(chunk.records)
        if not self._states.remembers(partition):
            await chunk.turn()  # the table has to know what came of the chunks before
        memory = self._states.memory(partition)
        began = time.perf_counter()
        aside = put_aside(chunk.records, self._settings) if chunk.condemned else None
        batch = aside or self._engine.alert(chunk.records, datetime.now(UTC), memory)
        spent = time.perf_counter() - began
        sends = await self._sender.send(batch.outputs)
        await give_turns()  # alerts leave, also those of other partitions, before states are packed
        changes = memory.changes()
        chunk.let_next_begin()
        await chunk.acknowledged(*sends)
        alerted = datetime.now(UTC)
        self._alerts_first.alerted(partition, chunk.records[-1].offset + 1)
        if await chunk.turn():
            for step in changes:
                await chunk.acknowledged()
                self._states.write(partition, step)
        if not await chunk.confirm():
            self._states.forget(partition)
            return None
        return ChunkAlerted(batch.facts, spent, alerted)

    def _hand_in(self, runs: Sequence[Sequence[Record]]) -> None:
        if self.matches_inlet.is_open:
            consumer = self._consumer()
            self.matches_inlet.put([chunk for run in runs for chunk in consumer.hand_in(run)])

    def _few_wait(self, chunk: Chunk) -> bool:
        """Whether there is no backlog behind the chunk, nor a suspicion."""
        consumer = self._consumer()
        # Chunks under suspicion are alone: they wait for this one, or nothing begins before this one is finished.
        if any(map(consumer.has_suspects, consumer.ledger.partitions())):
            return False
        # What was held has just left with this chunk: it is not behind it.
        waiting_max = WAITING_RECORDS_MAX + self._held_max
        return consumer.unconfirmed(self._topics["raw"]) - len(chunk.records) <= waiting_max

    def _alerts_here(self, partition: int) -> bool:
        return (self._topics["matches"], partition) in self._consumer().ledger

    def _consumer(self) -> ChunkConsumer:
        consumer = self._app.consumer
        assert isinstance(consumer, ChunkConsumer)
        return consumer

    async def tell_progress(self) -> None:
        """Tells how far partitions are that have nothing to do."""
        consumer = self._app.consumer
        if not self._engine.ruleset.correlations or not isinstance(consumer, ChunkConsumer):
            return
        if self._app.rebalancing or self._vitals.ready() is not None:
            return
        wall = datetime.now(UTC)
        answers = {p: ms for (topic, p), ms in consumer.caught_up().items() if topic == self._topics["raw"]}
        ages = {partition: max(0.0, wall.timestamp() - ms / 1_000) for partition, ms in answers.items()}
        controls = self._progress.idle(ages, wall, time.monotonic())
        try:
            for sent in await self._sender.tell(controls, **self._topics):
                # Not waited for: in a second there is the next one.
                sent.add_done_callback(lambda done: done.cancelled() or done.exception())
        except KafkaError:
            return


def rebalance_seconds_max(settings: Settings) -> float:
    """How long a rebalance may take: workers that finish their chunks, or one that is dead."""
    return max(30.0, settings.session_timeout_ms / 1_000)


def _limits(settings: Settings) -> Limits:
    acknowledged = settings.kafka_request_timeout_ms / 1_000 + 1
    return Limits(
        chunk_records_max=settings.batch_records_max,
        chunk_bytes_max=settings.batch_bytes_max,
        fetch_wait_ms_max=settings.fetch_wait_ms_max,
        send_seconds_max=acknowledged,
        commit_seconds_max=acknowledged,
        drain_seconds_max=settings.shutdown_timeout_ms / 1_000,
        work_seconds_max=settings.stall_timeout_ms / 1_000,
    )


def _configuration(settings: Settings) -> dict[str, Any]:
    session = settings.session_timeout_ms / 1_000
    return {
        "processing_guarantee": "at_least_once",
        "store": "memory://",
        "Table": ChunkTable,
        "table_standby_replicas": 0,
        "web_enabled": False,
        "autodiscover": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "broker_session_timeout": session,
        "broker_heartbeat_interval": settings.heartbeat_interval_ms / 1_000,
        "broker_rebalance_timeout": rebalance_seconds_max(settings),
        "broker_request_timeout": max(90.0, session + 10.0),
        "broker_commit_interval": settings.commit_interval_ms / 1_000,
        "broker_commit_every": 500,
        "broker_max_poll_records": settings.buffer_records_max,
        "stream_buffer_maxsize": settings.buffer_records_max,
        "stream_wait_empty": True,
        "stream_publish_on_commit": False,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": max(1_048_576, settings.message_bytes_max + FRAMING_BYTES),
        "producer_threaded": False,
        "producer_acks": -1,
        "producer_linger": 0.0,
        "producer_compression_type": None,
        "producer_max_batch_size": min(PRODUCER_BATCH_BYTES_MAX, settings.message_bytes_max),
        "producer_max_request_size": settings.message_bytes_max + FRAMING_BYTES,
        "producer_request_timeout": settings.kafka_request_timeout_ms / 1_000,
    }
