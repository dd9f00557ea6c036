"""What is handed in against what a fetch brings, on a broker that both kinds of tests give."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # type: ignore[import-untyped]

from stream.model import Output, Record
from stream.settings import Settings
from stream.wire.topics import MATCHES, TAGGED, full_name
from stream.worker.loopback import Loopback
from tests.worker.kit import make_topics

ROUNDS, PARTITIONS = 40, 3


def handed_in_as_fetched(settings: Settings) -> None:
    """Two producers write to the same partitions at the same time; what one of them hands in is what the log has."""
    make_topics(settings, PARTITIONS)
    handed, fetched = asyncio.run(_both(settings))
    assert len(handed) >= ROUNDS, "too few to say anything"
    assert max(map(len, handed)) >= 3, "of several in one request the first one's offset says nothing of the others'"
    for run in handed:
        logged = [fetched[each.partition, each.offset] for each in run]
        assert [each._replace(timestamp_ms=0) for each in run] == [each._replace(timestamp_ms=0) for each in logged]
        # The client tells that of the first message of a batch for all of them.
        assert all(0 <= there.timestamp_ms - here.timestamp_ms < 1_000 for here, there in zip(run, logged, strict=True))
        assert [each.offset for each in run] == list(range(run[0].offset, run[0].offset + len(run)))


async def _both(settings: Settings) -> tuple[list[list[Record]], dict[tuple[int, int], Record]]:
    handed: list[list[Record]] = []
    topic, other = full_name(settings.topic_prefix, MATCHES), full_name(settings.topic_prefix, TAGGED)
    loopback = Loopback(topic, lambda runs: handed.extend(map(list, runs)))
    ours, theirs = [AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all") for _ in range(2)]
    await asyncio.gather(ours.start(), theirs.start())
    rng = random.Random(7)
    try:
        waiting: list[asyncio.Future[Any]] = []
        for number in range(ROUNDS):
            outputs = [_output(rng, number, each, topic) for each in range(rng.randint(1, 12))]
            outputs.insert(rng.randint(0, len(outputs)), Output(other, b"k", b"tagged"))
            sends = [await _sent(ours, rng, output) for output in outputs]
            loopback.watch(outputs, sends)
            waiting += sends
            waiting += [await _sent(theirs, rng, Output(topic, b"o", b"another's")) for _ in range(rng.randint(0, 2))]
            if rng.random() < 0.7:
                await asyncio.wait(waiting)
        await asyncio.wait(waiting)
        await asyncio.sleep(0)  # for what hears of them
        assert not [each for each in waiting if each.exception()]
    finally:
        await asyncio.gather(ours.stop(), theirs.stop())
    return handed, await _read(settings, topic, sum(each.result().topic == topic for each in waiting))


def _output(rng: random.Random, number: int, each: int, topic: str) -> Output:
    headers = tuple((f"h{n}", rng.randbytes(n)) for n in range(rng.randint(0, 3)))
    return Output(topic, f"{number}".encode(), rng.randbytes(rng.choice((0, 1, 50, 3_000))) + b"%d" % each, headers)


async def _sent(producer: Any, rng: random.Random, output: Output) -> asyncio.Future[Any]:
    partition = rng.randrange(PARTITIONS)
    headers = list(output.headers)
    return await producer.send(output.topic, output.value, key=output.key, partition=partition, headers=headers)


async def _read(settings: Settings, topic: str, count: int) -> dict[tuple[int, int], Record]:
    found: dict[tuple[int, int], Record] = {}
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        async with asyncio.timeout(30):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found |= {(r.partition, r.offset): _as_record(r) for r in records}
    finally:
        await consumer.stop()
    return found


def _as_record(found: Any) -> Record:
    return Record(
        found.topic,
        found.partition,
        found.offset,
        found.timestamp,
        found.key,
        found.value,
        tuple(found.headers),
    )


def runs_of(records: Sequence[Sequence[Record]]) -> list[list[tuple[int, int]]]:
    """Partition and offset of each."""
    return [[(each.partition, each.offset) for each in run] for run in records]
