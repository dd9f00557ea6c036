"""The Faust application: two thin agents around the engine.

    articles.raw ──> tag ──> articles.tagged, matches, articles.dead
    matches ──> alert ──> alerts.<severity>, articles.dead

Delivery guarantees: at least once; an offset is committed only when everything that came of it is acknowledged.
Whatever goes wrong in an agent is infrastructure or a bug, never content: the process ends with code 75, commits
nothing, and whoever started it starts it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust
from faust.types import StreamT

from stream.engine import Batch, Facts
from stream.model import Record
from stream.settings import Settings
from stream.telemetry.events import ChunkAlerted, ChunkTagged, Event, StreamMended, Telemetry
from stream.wire.topics import MATCHES, RAW, full_name
from stream.worker.dead import put_aside
from stream.worker.driver import SCHEME, ChunkTable, Limits, chunks, use_chunks
from stream.worker.exit import HardExit
from stream.worker.health import Vitals
from stream.worker.reload import Stages
from stream.worker.security import credentials
from stream.worker.sender import Sender

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
    matches_topic = transport.topic(full_name(settings.topic_prefix, MATCHES), urgent=True)
    sender = Sender(app)

    async def attend(
        stream: StreamT[Any], judge: Callable[[Sequence[Record]], Batch], told: Callable[[Facts, float], Event]
    ) -> None:
        try:
            async with aclosing(chunks(stream)) as arriving:
                async for chunk in arriving:
                    with vitals.work():
                        started = time.perf_counter()
                        batch = put_aside(chunk.records, settings) if chunk.condemned else judge(chunk.records)
                        spent = time.perf_counter() - started
                        confirmed = await chunk.confirm(*await sender.send(batch.outputs))
                    if confirmed:
                        vitals.confirmed()
                        telemetry.emit(told(batch.facts, spent))
        except Exception as error:  # noqa: BLE001 - Faust would commit what failed and go on
            way_out.give_up("an agent failed", error)

    @app.agent(raw_topic, name="tag")
    async def tag(stream: StreamT[Any]) -> None:
        await attend(stream, engine.tag, ChunkTagged)

    @app.agent(matches_topic, name="alert")
    async def alert(stream: StreamT[Any]) -> None:
        await attend(
            stream,
            lambda records: engine.alert(records, datetime.now(UTC)),
            lambda facts, spent: ChunkAlerted(facts, spent, datetime.now(UTC)),
        )

    transport.check()
    return app


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
