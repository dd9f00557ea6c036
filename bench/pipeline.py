"""How fast is a worker, beside a raw loop that does the same engine work and sends, in one run on one machine?

    python -m bench.pipeline [--articles N] [--rate N] [--seconds N] [--hot SHARE] [--rules DIR]

Throughput: N seed-sized articles arrive as fast as they can be sent; the first and the last timestamp of what comes out
give the rate.
The raw loop is aiokafka without Faust: fetch, engine, send, wait for the acknowledgements, commit.
Latency: articles are sent at a fixed rate; from handing one to the producer to holding its alert in the subscriber.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.engine import Engine
from stream.model import Record
from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset
from stream.wire.topics import ALERTS, DEAD, MATCHES, RAW, TAGGED, full_name

DEADLINE_SECONDS = 120.0
SEEDS = Path(__file__).parent.parent / "seeds"
QUIET_SECONDS = 3.0
START_SECONDS = 8.0
SMALL_TALK = (
    "The bakery on the corner of Mill Street will stay open until nine on Fridays, its owner said.",
    "Rain is expected in the afternoon, with a light wind from the west and 14 degrees by the lake.",
    "The school choir sang twelve songs, three of them written by pupils of the sixth year.",
    "Two hundred and forty runners took part in the autumn race, more than ever before.",
    "The library has bought 1,300 new books; most of them are about travel, cooking and gardens.",
    "“We did not expect so many people,” the head of the music club told this paper on Sunday.",
    "A new bridge for cyclists is to link the station with the old market by the end of next year.",
    "The council will vote on the budget for playgrounds, benches and street lamps in March.",
    "Their goalkeeper saved two penalties before the home side scored in the last minute.",
    "Apples are cheaper than last year because the harvest was good, growers in the valley say.",
    "The museum shows drawings of birds by a painter who was born here in 1871.",
)
OUTPUTS = (TAGGED, DEAD, *ALERTS.values())


@click.command()
@click.option("--articles", default=3_000, show_default=True, help="Articles of the throughput runs.")
@click.option("--rate", default=200, show_default=True, help="Articles a second of the latency run.")
@click.option("--seconds", default=15, show_default=True, help="Length of the latency run.")
@click.option("--hot", default=0.2, show_default=True, help="Share of articles on the subject of the rules, 0 to 1.")
@click.option("--rules", "rules_dir", default="rules", show_default=True, help="Folder of rule files.")
@click.option("--raw-loop", "raw_loop", hidden=True, default=None, help="Be the raw loop, with these settings.")
def main(articles: int, rate: int, seconds: int, hot: float, rules_dir: str, raw_loop: str | None) -> None:
    """Measure throughput and latency of a worker beside a raw loop."""
    if raw_loop is not None:
        asyncio.run(_raw_loop(Settings(**json.loads(raw_loop))))
        return
    with EmbeddedBroker() as broker:
        base = Settings(**setting_overrides(broker), rules_dir=Path(rules_dir), metrics_port=0, log_level="warning")
        rates = {}
        for name, program in (("raw loop", _raw_program), ("worker", _worker_program)):
            settings = _prepared(base, f"{name.replace(' ', '-')}.")
            with _process(*program(settings)) as process:
                busy = _cpu_seconds(process.pid)
                _publish(settings, articles, hot)
                rates[name], alerts = _throughput(settings, articles)
                spent = (_cpu_seconds(process.pid) - busy) * 1_000 / articles
            print(
                f"{name:9} {rates[name]:7,.0f} articles/s, {spent:.2f} ms of CPU an article"
                f"  ({articles:,} articles, {alerts:,} alerts)"
            )
        print(f"{'ratio':9} {rates['worker'] / rates['raw loop']:7.2f}")
        settings = _prepared(base, "latency.")
        with _process(*_worker_program(settings)):
            latencies = sorted(_latencies(settings, rate, seconds, hot))
    if not latencies:
        raise click.ClickException("no alert came; do the rules fire on the seeds?")
    p50, p99 = (latencies[int(len(latencies) * q)] * 1_000 for q in (0.5, 0.99))
    print(f"latency   p50 {p50:.0f} ms, p99 {p99:.0f} ms at {rate} articles/s  ({len(latencies):,} alerts)")


def _prepared(base: Settings, prefix: str) -> Settings:
    settings = base.model_copy(update={"topic_prefix": prefix, "consumer_group": f"{prefix}group"})
    with Admin(settings) as admin:
        admin.create()
    return settings


def _messages(count: int, hot: float) -> Iterator[tuple[str, bytes]]:
    """Every 1/hot-th article is a seed, on the subject of the shipped rules; the others are small talk of its size."""
    bodies = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(SEEDS.glob("*.txt"))]
    seeds = itertools.cycle(bodies)
    heat = 0.0
    for number in range(count):
        heat += hot
        body = next(seeds)
        if heat < 1:
            body = _small_talk(number, len(body))
        else:
            heat -= 1
        fields = {"id": f"bench-{number}", "title": body.lstrip().partition("\n")[0][:200], "body": body}
        yield f"bench-{number}", json.dumps({**fields, "exercise": True}).encode()


def _small_talk(number: int, characters: int) -> str:
    sentences = [f"Edition {number} of the town paper."]
    while sum(map(len, sentences)) < characters:
        number = (number * 1_103_515_245 + 12_345) % 2**31
        end = "\n\n" if number % 5 == 0 else " "
        sentences.append(SMALL_TALK[number // 8 % len(SMALL_TALK)] + end)
    return "".join(sentences)


def _publish(settings: Settings, count: int, hot: float) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=5)
    for key, value in _messages(count, hot):
        producer.send(full_name(settings.topic_prefix, RAW), key=key.encode(), value=value)
    producer.flush(timeout=DEADLINE_SECONDS)
    producer.close()


def _follow(settings: Settings, *, seconds: float) -> Iterator[tuple[str, int, bytes]]:
    """Topic without prefix, timestamp in ms and value of each output, until the time is up."""
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=10)
    names = [full_name(settings.topic_prefix, topic) for topic in OUTPUTS]
    partitions = [TopicPartition(n, p) for n in names for p in sorted(consumer.partitions_for_topic(n) or ())]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    yield record.topic.removeprefix(settings.topic_prefix), record.timestamp, record.value
            yield "", 0, b""
    finally:
        consumer.close()


def _throughput(settings: Settings, articles: int) -> tuple[float, int]:
    tagged: list[int] = []
    alerts: list[int] = []
    quiet_since = 0.0
    for topic, timestamp, _ in _follow(settings, seconds=DEADLINE_SECONDS):
        if topic == TAGGED.name:
            tagged.append(timestamp)
        elif topic.startswith("alerts."):
            alerts.append(timestamp)
        elif topic:
            raise click.ClickException(f"an unexpected record on {topic}")
        if topic:
            quiet_since = time.monotonic()
        elif len(tagged) >= articles and time.monotonic() - quiet_since > QUIET_SECONDS:
            spent_ms = max(tagged + alerts) - min(tagged)
            return articles / (spent_ms / 1_000), len(alerts)
    raise click.ClickException(f"found {len(tagged)} tagged articles of {articles} after {DEADLINE_SECONDS:.0f} s")


def _latencies(settings: Settings, rate: int, seconds: int, hot: float) -> list[float]:
    sent: dict[str, float] = {}
    came: dict[str, float] = {}
    done = threading.Event()

    def receive() -> None:
        for topic, _, value in _follow(settings, seconds=seconds + DEADLINE_SECONDS):
            if topic.startswith("alerts."):
                came.setdefault(json.loads(value)["data"]["article"]["id"], time.monotonic())
            elif not topic and done.is_set():
                return

    receiver = threading.Thread(target=receive)
    receiver.start()
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0)
    started = time.monotonic() + 1.0
    for number, (key, value) in enumerate(_messages(rate * seconds, hot)):
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
        sent[key] = time.monotonic()
        producer.send(full_name(settings.topic_prefix, RAW), key=key.encode(), value=value)
    producer.flush(timeout=DEADLINE_SECONDS)
    producer.close()
    time.sleep(2.0)
    done.set()
    receiver.join()
    # The first second warms up connections and caches.
    return [came[key] - sent[key] for key in came if sent[key] > started + 1.0]


def _worker_program(settings: Settings) -> tuple[list[str], dict[str, str]]:
    values = settings.model_dump(exclude_none=True)
    return ["-m", "stream.cli", "worker"], {f"REDLINE_{name.upper()}": str(value) for name, value in values.items()}


def _raw_program(settings: Settings) -> tuple[list[str], dict[str, str]]:
    return ["-m", "bench.pipeline", "--raw-loop", settings.model_dump_json(exclude_none=True)], {}


@contextmanager
def _process(arguments: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program for the time of the block, from when it has had time to load the rules and join its group."""
    process = subprocess.Popen([sys.executable, *arguments], env=os.environ | environment)
    try:
        time.sleep(START_SECONDS)
        if process.poll() is not None:
            raise click.ClickException(f"the program ended with code {process.returncode}")
        yield process
    finally:
        process.terminate()
        process.wait(15)


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; not a number where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")
    fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _raw_loop(settings: Settings) -> None:
    engine = Engine(load_ruleset(settings.rules_dir), settings.engine_config())
    matches = full_name(settings.topic_prefix, MATCHES)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", max_batch_size=131_072)
    consumer = AIOKafkaConsumer(
        full_name(settings.topic_prefix, RAW),
        matches,
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
        records = [
            Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
            for raw in fetched.values()
            for r in raw
        ]
        outputs = engine.tag([r for r in records if r.topic != matches]).outputs
        outputs += engine.alert([r for r in records if r.topic == matches], datetime.now(UTC)).outputs
        sends = [await producer.send(o.topic, o.value, key=o.key, headers=list(o.headers)) for o in outputs]
        await asyncio.gather(*sends)
        if time.monotonic() - committed_at > settings.commit_interval_ms / 1_000:
            await consumer.commit()
            committed_at = time.monotonic()


if __name__ == "__main__":
    main()
