"""The same work without our worker: fetch, judge, send, acknowledged, commit.

    python -m bench.peers NAME SETTINGS-AS-JSON

Run by bench.pipeline, until it is ended. `quix` and `confluent` run in the environment of `make bench-pipeline`.
All judge with the same engine and rules; the raw loops hand it as many records at once as our worker does, stock Faust
and Quix Streams give one at a time, as their interfaces do.

What the worker takes more than the raw loop is its own overhead, so the raw loop has what the worker has below it:
uvloop, and its settings of memory and collector. The others are as their documents write them, without either.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stream.detect import Memory
from stream.engine import Engine
from stream.model import Output, Record
from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset
from stream.wire.topics import MATCHES, RAW, TOPICS, full_name
from stream.worker.memory import one_heap, settle

BATCH_BYTES = 131_072


class Judge:
    """The engine on records of either topic, with one memory: a key is of one partition, and no partition moves.

    Nobody tells it how far time is, so correlations take matches in and never end.
    """

    def __init__(self, settings: Settings) -> None:
        self._memory = Memory(settings.detect_limits())
        self._engine = Engine(load_ruleset(settings.rules_dir), settings.engine_config())
        self.raw, self.matches = full_name(settings.topic_prefix, RAW), full_name(settings.topic_prefix, MATCHES)

    def outputs(self, records: list[Record]) -> list[Output]:
        """What is to be sent."""
        sent: list[Output] = []
        if raw := [r for r in records if r.topic == self.raw]:
            sent += self._engine.tag(raw).outputs
        if matches := [r for r in records if r.topic == self.matches]:
            sent += self._engine.alert(matches, datetime.now(UTC), self._memory).outputs
            self._memory.changes()
        return sent


def raw_loop(settings: Settings) -> None:
    """aiokafka without anything around it, on the worker's event loop: what all others are compared with."""
    import uvloop

    one_heap()
    judge = Judge(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_raw_loop(settings, judge))


async def _raw_loop(settings: Settings, judge: Judge) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    settle()
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    consumer = AIOKafkaConsumer(
        judge.raw,
        judge.matches,
        bootstrap_servers=settings.bootstrap,
        group_id=settings.consumer_group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms_max,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_interval_ms,
    )
    await producer.start()
    await consumer.start()
    committed_at = time.monotonic()
    while True:
        fetched = await consumer.getmany(timeout_ms=1_000, max_records=settings.batch_records_max)
        batches = list(fetched.values())
        matches = sum(len(batch) for partition, batch in fetched.items() if partition.topic == judge.matches)
        if 0 < matches < settings.match_batch_records_max:
            # The worker takes so many at a time, however few articles it takes.
            partitions = [partition for partition in consumer.assignment() if partition.topic == judge.matches]
            rest = settings.match_batch_records_max - matches
            batches += (await consumer.getmany(*partitions, timeout_ms=0, max_records=rest)).values()
        records = [
            Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
            for batch in batches
            for r in batch
        ]
        outputs = judge.outputs(records)
        sends = [await producer.send(o.topic, o.value, key=o.key, headers=list(o.headers)) for o in outputs]
        await asyncio.gather(*sends)
        if time.monotonic() - committed_at > settings.commit_interval_ms / 1_000:
            await consumer.commit()
            committed_at = time.monotonic()


def stock_faust(settings: Settings) -> None:
    """Faust's own driver; each send is awaited, because otherwise it loses more."""
    asyncio.run(_stock_faust(settings))


async def _stock_faust(settings: Settings) -> None:
    import faust

    judge = Judge(settings)
    app = faust.App(
        settings.consumer_group,
        broker=f"kafka://{settings.bootstrap}",
        datadir=tempfile.mkdtemp(prefix="bench-faust-"),
        store="memory://",
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
    )
    raw_bytes: dict[str, Any] = {
        "key_type": bytes,
        "value_type": bytes,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "allow_empty": True,
    }
    topics = {name: app.topic(name, **raw_bytes) for name in _names(settings)}

    async def work(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            record = Record(
                message.topic,
                message.partition,
                message.offset,
                round(message.timestamp * 1_000),
                message.key,
                message.value,
                tuple((message.headers or {}).items()),
            )
            for output in judge.outputs([record]):
                headers = dict(output.headers)
                await (await topics[output.topic].send(key=output.key, value=output.value, headers=headers))

    app.agent(topics[judge.raw], name="tag")(work)

    @app.agent(topics[judge.matches], name="alert")
    async def alert(stream: Any) -> None:
        await work(stream)

    await app.start()
    await asyncio.Event().wait()


def quix(settings: Settings) -> None:
    """Quix Streams: one application with two data frames."""
    from quixstreams import Application, message_context
    from quixstreams.models.serializers import Serializer

    judge = Judge(settings)

    class Value(Serializer):  # type: ignore[misc]
        def __call__(self, value: Output, ctx: Any) -> bytes:
            return value.value

    app = Application(
        broker_address=settings.bootstrap,
        consumer_group=settings.consumer_group,
        auto_offset_reset="earliest",
        commit_interval=settings.commit_interval_ms / 1_000,
        auto_create_topics=False,
        loglevel="ERROR",
        producer_extra_config={"acks": "all", "batch.size": BATCH_BYTES},
        state_dir=tempfile.mkdtemp(prefix="bench-quix-"),
    )
    outputs = {name: app.topic(name, value_serializer=Value(), key_serializer="bytes") for name in _names(settings)}

    def judged(value: bytes, key: Any, timestamp: int, headers: Any) -> list[Output]:
        at = message_context()
        record = Record(at.topic, at.partition, at.offset, timestamp, key, value, tuple(headers or ()))
        return judge.outputs([record])

    for name in (judge.raw, judge.matches):
        frame = app.dataframe(app.topic(name, value_deserializer="bytes", key_deserializer="bytes"))
        frame = frame.apply(judged, expand=True, metadata=True)
        frame = frame.set_headers(lambda output, *_: list(output.headers))
        frame.to_topic(lambda output, *_: outputs[output.topic], key=lambda output: output.key)
    app.run()


def confluent(settings: Settings) -> None:
    """A plain loop on confluent-kafka (librdkafka).

    `consume` cannot ask for matches alone, so it takes of both topics together up to `batch_records_max` records.
    """
    from confluent_kafka import Consumer, Producer

    judge = Judge(settings)
    producer = Producer({"bootstrap.servers": settings.bootstrap, "acks": "all", "batch.size": BATCH_BYTES})
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": settings.consumer_group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": settings.fetch_wait_ms_max,
            "session.timeout.ms": settings.session_timeout_ms,
            "heartbeat.interval.ms": settings.heartbeat_interval_ms,
        }
    )
    consumer.subscribe([judge.raw, judge.matches])
    committed_at = time.monotonic()
    while True:
        fetched = consumer.consume(settings.batch_records_max, timeout=settings.fetch_wait_ms_max / 1_000)
        records = [
            Record(m.topic(), m.partition(), m.offset(), m.timestamp()[1], m.key(), m.value(), tuple(m.headers() or ()))
            for m in fetched
            if m.error() is None
        ]
        for output in judge.outputs(records):
            producer.produce(output.topic, output.value, key=output.key, headers=list(output.headers))
        producer.flush()
        if records and time.monotonic() - committed_at > settings.commit_interval_ms / 1_000:
            consumer.commit(asynchronous=False)
            committed_at = time.monotonic()


def _names(settings: Settings) -> list[str]:
    return [full_name(settings.topic_prefix, topic) for topic in TOPICS]


PEERS: dict[str, Callable[[Settings], None]] = {
    "raw": raw_loop,
    "faust": stock_faust,
    "quix": quix,
    "confluent": confluent,
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](Settings.model_validate_json(sys.argv[2]))
