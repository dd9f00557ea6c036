"""What does the driver cost by itself? Records a second with an agent that does nothing, on one partition.

    python -m bench.driver [--bootstrap HOST:PORT] [--records N] [--bytes N] [--peers PYTHON]

Rows: a bare aiokafka loop, the chunk driver, Faust's own driver and, with a Python that has them, Quix Streams and a
bare confluent-kafka loop; each in a process of its own, over the same records. Bare loop and chunk driver run as the
worker does, on uvloop and with its settings of memory and collector; the others as their documents write them.
Without `--bootstrap` a real Apache Kafka is started (Java and Maven); on a running one it leaves a topic behind.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, NoReturn

import click
import faust
import uvloop
from aiokafka import AIOKafkaConsumer
from kafka import KafkaProducer

from bench.measure import machine
from stream.broker.admin import Admin
from stream.settings import Settings
from stream.wire.topics import RAW, full_name
from stream.worker.driver import SCHEME, ChunkTable, Limits, chunks, use_chunks
from stream.worker.memory import one_heap, settle

CHUNK_RECORDS = 100
FETCH_RECORDS = 256
ROW_SECONDS_MAX = 300
CHUNKED: dict[str, Any] = {
    "Table": ChunkTable,
    "table_standby_replicas": 0,
    "stream_wait_empty": True,
    "broker_max_poll_records": FETCH_RECORDS,
    "broker_commit_interval": 0.2,
}


class Meter:
    """Counts from the first record on; prints a row and ends the process at the last one."""

    def __init__(self, name: str, records: int) -> None:
        self._name, self._records, self._seen = name, records, 0
        self._began = self._cpu = 0.0

    def saw(self, count: int) -> None:
        """So many more records."""
        if self._seen == 0:
            self._began, self._cpu = time.perf_counter(), time.process_time()
        self._seen += count
        if self._seen >= self._records:
            rate = self._seen / (time.perf_counter() - self._began)
            cpu_us = (time.process_time() - self._cpu) / self._seen * 1e6
            print(f"{self._name:12} {rate:9,.0f} records/s, {cpu_us:6.1f} us of CPU a record", flush=True)
            os._exit(0)


@click.command()
@click.option("--bootstrap", default=None, help="A running Kafka broker.")
@click.option("--records", default=40_000, show_default=True)
@click.option("--bytes", "size", default=4_800, show_default=True, help="Size of a record.")
@click.option("--peers", default=None, help="A Python with Quix Streams and confluent-kafka.")
@click.option("--row", hidden=True, default=None)
@click.option("--topic", hidden=True, default="")
def main(bootstrap: str | None, records: int, size: int, peers: str | None, row: str | None, topic: str) -> None:
    """Measure the chunk driver beside a bare loop and other drivers."""
    if row is not None:
        as_worker = row in AS_WORKER
        if as_worker:
            one_heap()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop if as_worker else None) as runner:
            runner.run(ROWS[row](bootstrap or "", topic, Meter(row, records)))
        return
    with ExitStack() as held:
        if bootstrap is None:
            from tests.kafka.broker import KafkaBroker

            bootstrap = held.enter_context(KafkaBroker()).bootstrap
        settings = Settings(bootstrap=bootstrap, topic_prefix=f"bench-{uuid.uuid4().hex[:8]}.", topic_partitions=1)
        with Admin(settings) as admin:
            admin.create()
        topic = full_name(settings.topic_prefix, RAW)
        _fill(bootstrap, topic, records, size)
        print(machine(), flush=True)
        print(
            f"one process, one partition, {records:,} records of {size:,} bytes, an agent that does nothing", flush=True
        )
        for name in ROWS:
            python = peers if name in PEERS else sys.executable
            if python is not None:
                arguments = ["--bootstrap", bootstrap, "--records", str(records), "--row", name, "--topic", topic]
                subprocess.run([python, "-m", "bench.driver", *arguments], check=True, timeout=ROW_SECONDS_MAX)


def _fill(bootstrap: str, topic: str, records: int, size: int) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20)
    for number in range(records):
        producer.send(topic, key=str(number).encode(), value=os.urandom(size))
    producer.flush()
    producer.close()


async def _bare(bootstrap: str, topic: str, meter: Meter) -> None:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=_group(), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    settle()
    await consumer.start()
    while True:
        for records in (await consumer.getmany(timeout_ms=1_000, max_records=FETCH_RECORDS)).values():
            meter.saw(len(records))


async def _chunked(bootstrap: str, topic: str, meter: Meter) -> None:
    def give_up(why: str, error: BaseException | None = None) -> NoReturn:
        print(f"giving up: {why}: {error!r}", file=sys.stderr, flush=True)
        os._exit(75)

    app = _app(f"{SCHEME}://{bootstrap}", **CHUNKED)
    transport = use_chunks(app, Limits(chunk_records_max=CHUNK_RECORDS), give_up, lambda _: None)

    @app.agent(transport.topic(topic))
    async def agent(stream: Any) -> None:
        async for chunk in chunks(stream):
            await chunk.confirm()
            meter.saw(len(chunk.records))

    settle()
    await _run(app)


async def _stock(bootstrap: str, topic: str, meter: Meter) -> None:
    app = _app(f"kafka://{bootstrap}")
    raw = app.topic(topic, value_type=bytes, value_serializer="raw", key_serializer="raw", allow_empty=True)

    @app.agent(raw)
    async def agent(stream: Any) -> None:
        async for _ in stream:
            meter.saw(1)

    await _run(app)


async def _quix(bootstrap: str, topic: str, meter: Meter) -> None:
    from quixstreams import Application

    app = Application(
        broker_address=bootstrap,
        consumer_group=_group(),
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel="ERROR",
        state_dir=tempfile.mkdtemp(prefix="bench-"),
    )
    frame = app.dataframe(app.topic(topic, value_deserializer="bytes", key_deserializer="bytes"))
    frame.update(lambda _: meter.saw(1))
    app.run()


async def _confluent(bootstrap: str, topic: str, meter: Meter) -> None:
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": _group(), "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while True:
        if records := consumer.consume(FETCH_RECORDS, timeout=1.0):
            meter.saw(len(records))


def _app(broker: str, **settings: Any) -> faust.App:
    return faust.App(
        _group(),
        broker=broker,
        datadir=tempfile.mkdtemp(),
        store="memory://",
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        **settings,
    )


async def _run(app: faust.App) -> None:
    await app.start()
    await asyncio.sleep(ROW_SECONDS_MAX)


def _group() -> str:
    return f"bench-{uuid.uuid4().hex[:8]}"


ROWS: dict[str, Callable[[str, str, Meter], Coroutine[Any, Any, None]]] = {
    "bare loop": _bare,
    "chunk driver": _chunked,
    "stock Faust": _stock,
    "Quix Streams": _quix,
    "confluent": _confluent,
}
PEERS = ("Quix Streams", "confluent")
AS_WORKER = ("bare loop", "chunk driver")

if __name__ == "__main__":
    main()
