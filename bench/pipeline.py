"""How fast is a worker, beside other programs that do the same engine work and sends, in one run on one machine?

    python -m bench.pipeline [--kafka] [--peers PYTHON] [--articles N] [--rate N] [--seconds N] [--hot SHARE …]
                             [--rules DIR] [--processes N]

Throughput: N articles of 5 KB wait on `articles.raw`; one process works them off. Rows are compared with the raw loop:
aiokafka without Faust that fetches, judges, sends, waits for the acknowledgements and commits.
`--hot`: which share of the articles is a seed, on the subject of the rules, with about five alerts each; the others are
small talk of their size. Of general news (`../shared/data`: 2,577 texts) one in a thousand raises an alert, of speeches
on the war itself one in four.
`--processes`: one row more, a worker with so many engine processes, whose time and memory are counted with it.
Two workers: articles arrive while one, then two workers run, several times; processor time an article.
Latency: articles at a fixed rate; `redline_end_to_end_seconds` of the worker, and at the subscriber, there beside the
raw loop that fetches as many records at a time.
`--kafka`: on a real Apache Kafka (Java and Maven) instead of the embedded broker. `--peers`: a Python that has Quix
Streams and confluent-kafka, and adds these rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import click
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench.articles import messages, publish
from bench.measure import Cost, cost, family, machine, resident_mb
from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.settings import Settings
from stream.wire.topics import ALERTS, RAW, full_name
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import REAL, WorkerProcess, running

DEADLINE_SECONDS = 300.0
WARM_SECONDS = 3.0
SETTLE_SECONDS = 2.0
LOOK_SECONDS = 0.05
ROUNDS = 3
"""Of two workers: the least of each is told, since what else the machine does only adds to it."""
SEEDS_FIRST = 10
"""Sent before all others, until an alert comes of them."""


@dataclass(frozen=True)
class Row:
    """A program of bench.peers, or our worker; with the Python that runs it."""

    name: str
    program: str
    python: str = sys.executable
    processes: int = 0


@click.command()
@click.option("--kafka", is_flag=True, help="On a real Apache Kafka.")
@click.option("--peers", default=None, help="A Python with Quix Streams and confluent-kafka.")
@click.option("--articles", default=3_000, show_default=True, help="Articles of the throughput runs.")
@click.option("--rate", default=200, show_default=True, help="Articles a second of the latency runs.")
@click.option("--seconds", default=20, show_default=True, help="Length of the latency runs.")
@click.option(
    "--hot",
    "shares",
    default=(0.02, 0.2),
    multiple=True,
    show_default=True,
    help="Share of articles on the subject of the rules, 0 to 1; may be given several times.",
)
@click.option("--processes", default=2, show_default=True, help="Engine processes of one row more; 0: no such row.")
@click.option("--rules", "rules_dir", default="rules", show_default=True, help="Folder of rule files.")
def main(
    kafka: bool,
    peers: str | None,
    articles: int,
    rate: int,
    seconds: int,
    shares: tuple[float, ...],
    processes: int,
    rules_dir: str,
) -> None:
    """Measure throughput, latency and memory of a worker beside other programs."""
    rows = [Row("raw aiokafka loop", "raw"), Row("redline worker", "worker")]
    if processes:
        rows.append(Row(f"and {processes} engine processes", "worker", processes=processes))
    if kafka:
        rows.append(Row("stock Faust", "faust"))
    if peers is not None:
        rows += [Row("Quix Streams", "quix", peers), Row("confluent-kafka loop", "confluent", peers)]
    with ExitStack() as held:
        if kafka:
            given: dict[str, Any] = {"bootstrap": held.enter_context(KafkaBroker()).bootstrap}
        else:
            given = setting_overrides(held.enter_context(EmbeddedBroker()))
        base = Settings(**given, rules_dir=Path(rules_dir), metrics_port=0)
        print(machine(), flush=True)
        for hot in shares:
            print(f"{hot:.0%} of the articles on the subject of the rules", flush=True)
            _throughput(base, rows, articles, hot)
            for chunk in (base.batch_records_max, 1):
                prepared = _prepared(base, f"latency-{hot}-raw-{chunk}.")
                raw = _raw_latency(prepared.model_copy(update={"batch_records_max": chunk}), rate, seconds, hot)
                for number in sorted({0, processes}):
                    changed = {"batch_records_max": chunk, "engine_processes": number}
                    prepared = _prepared(base, f"latency-{hot}-{number}-{chunk}.")
                    _latency(prepared.model_copy(update=changed), rate, seconds, hot, raw)
        if kafka:
            _two_workers(base, articles, shares[-1])
        print(machine(), flush=True)


def _prepared(base: Settings, prefix: str) -> Settings:
    settings = base.model_copy(update={"topic_prefix": prefix, "consumer_group": f"{prefix}group"})
    with Admin(settings) as admin:
        admin.create()
    return settings


def _throughput(base: Settings, rows: Sequence[Row], articles: int, hot: float) -> None:
    print(f"one program, {articles:,} articles of 5 KB, the same engine and rules")
    reference: Cost | None = None
    for row in rows:
        settings = _prepared(base, f"{row.program}-{row.processes}-{hot}.")
        settings = settings.model_copy(update={"engine_processes": row.processes})
        publish(settings, articles, hot)
        with _running(row, settings) as process:
            pids = _started(row, process.pid)
            found = cost(settings, pids, articles, DEADLINE_SECONDS)
            memory = sum(map(resident_mb, pids))
        reference = reference or found
        ratio, cpu = found.articles_per_second / reference.articles_per_second, reference.cpu_us / found.cpu_us
        print(
            f"  {row.name:22} {found.articles_per_second:7,.0f} articles/s = {ratio:4.2f},"
            f" {found.cpu_us:6,.0f} us of CPU an article = {cpu:4.2f}, {found.alerts:,} alerts, {memory:4.0f} MB",
            flush=True,
        )


def _started(row: Row, pid: int) -> list[int]:
    """The program's processes, once all of them have begun."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(pids := family(pid)) <= row.processes:
        if time.monotonic() > deadline:
            raise click.ClickException(f"found {len(pids) - 1} engine processes, expected {row.processes}")
        time.sleep(LOOK_SECONDS)
    return pids


def _two_workers(base: Settings, articles: int, hot: float) -> None:
    print(f"workers while {articles:,} articles arrive, {ROUNDS} times in turn")
    costs: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(ROUNDS):
        for count, found in costs.items():
            found.append(_cpu_us(_prepared(base, f"workers-{count}-{turn}."), count, articles, hot))
    alone = min(costs[1])
    for count, found in costs.items():
        noun = "worker" if count == 1 else "workers"
        each = ", ".join(f"{cpu_us:,.0f}" for cpu_us in found)
        print(f"  {count} {noun:8} {each} us of CPU an article; the least = {min(found) / alone:4.2f}", flush=True)


def _cpu_us(settings: Settings, count: int, articles: int, hot: float) -> float:
    """Processor time of so many workers an article, in microseconds."""
    with ExitStack() as held:
        workers = [held.enter_context(running(settings, REAL)).ready() for _ in range(count)]
        time.sleep(WARM_SECONDS)  # the group deals the partitions out once more
        publishing = threading.Thread(target=publish, args=(settings, articles, hot))
        publishing.start()
        found = cost(settings, [worker.process.pid for worker in workers], articles, DEADLINE_SECONDS)
        publishing.join()
    return found.cpu_us


def _raw_latency(settings: Settings, rate: int, seconds: int, hot: float) -> tuple[float, float]:
    """Seconds at the subscriber of the raw loop, median and 99 %."""
    with _running(Row("raw aiokafka loop", "raw"), settings):
        latencies = _latencies(settings, rate, seconds, hot)
    p50, p99 = _percentiles(latencies)
    print(
        f"latency at {rate} articles/s, raw aiokafka loop, at most {settings.batch_records_max} records at a time:"
        f" at the subscriber p50 {p50 * 1_000:.0f} ms, p99 {p99 * 1_000:.0f} ms ({len(latencies):,} articles)",
        flush=True,
    )
    return p50, p99


def _latency(settings: Settings, rate: int, seconds: int, hot: float, raw: tuple[float, float]) -> None:
    buckets: list[list[tuple[float, float]]] = []
    with running(settings, REAL) as worker:
        worker.ready()
        latencies = _latencies(settings, rate, seconds, hot, lambda: buckets.append(_buckets(worker)))
        memory = sum(map(resident_mb, family(worker.process.pid)))
    p50, p99 = _percentiles(latencies)
    before, after = buckets
    own = [(bound, count - early) for (bound, count), (_, early) in zip(after, before, strict=True)]
    in50, in99 = (_quantile(own, q) * 1_000 for q in (0.5, 0.99))
    print(
        f"latency at {rate} articles/s, {settings.engine_processes or 'no'} engine processes,"
        f" chunks of at most {settings.batch_records_max} articles or {settings.match_batch_records_max} matches:"
        f" end to end p50 {in50:.0f} ms, p99 {in99:.0f} ms; at the subscriber"
        f" p50 {p50 * 1_000:.0f} ms = {p50 / raw[0]:.2f}, p99 {p99 * 1_000:.0f} ms = {p99 / raw[1]:.2f}"
        f" of the raw loop's ({len(latencies):,} articles, {memory:.0f} MB)",
        flush=True,
    )


def _percentiles(ascending: Sequence[float]) -> tuple[float, float]:
    if not ascending:
        raise click.ClickException("no alert came; do the rules fire on the seeds?")
    return ascending[int(len(ascending) * 0.5)], ascending[int(len(ascending) * 0.99)]


def _latencies(
    settings: Settings, rate: int, seconds: int, hot: float, look: Callable[[], object] = lambda: None
) -> list[float]:
    """Seconds from handing an article to the producer to holding its first alert, ascending.

    Of what is sent behind the first WARM_SECONDS, in which connections and caches are warmed up; `look` is called
    before and after.
    """
    sent: dict[str, float] = {}
    alerts: list[tuple[float, bytes]] = []  # read in the end: it would take the worker's time
    done = threading.Event()

    def receive() -> None:
        for value in _follow(settings, done):
            alerts.append((time.monotonic(), value))  # noqa: PERF401 - the list is looked at meanwhile

    receiver = threading.Thread(target=receive)
    receiver.start()
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0)
    # Made before: what the articles cost to make is not the worker's.
    articles = iter(list(messages(int(rate * (WARM_SECONDS + seconds)), hot)))

    def send(some: Iterable[tuple[str, bytes]]) -> None:
        started = time.monotonic()
        for number, (key, value) in enumerate(some):
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
            sent[key] = time.monotonic()
            producer.send(full_name(settings.topic_prefix, RAW), key=key.encode(), value=value)
        producer.flush(timeout=DEADLINE_SECONDS)
        time.sleep(SETTLE_SECONDS)

    try:
        send(messages(SEEDS_FIRST, hot=1.0))
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not alerts:  # not every program can say when it has begun
            if time.monotonic() > deadline:
                raise click.ClickException("no alert came; do the rules fire on the seeds?")
            time.sleep(LOOK_SECONDS)
        send(islice(articles, int(rate * WARM_SECONDS)))
        sent.clear()
        look()
        send(articles)
    finally:
        producer.close()
        done.set()
        receiver.join()
    look()
    came: dict[str, float] = {}
    for moment, value in alerts:
        came.setdefault(json.loads(value)["data"]["article"]["id"], moment)
    return sorted(came[key] - sent[key] for key in came.keys() & sent.keys())


def _follow(settings: Settings, done: threading.Event) -> Iterator[bytes]:
    # Answered as soon as there is an alert; to ask more often only takes the broker's time, and the worker's with it.
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=500)
    names = [full_name(settings.topic_prefix, topic) for topic in ALERTS.values()]
    partitions = [TopicPartition(n, p) for n in names for p in sorted(consumer.partitions_for_topic(n) or ())]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    try:
        while not done.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                yield from (record.value for record in records)
    finally:
        consumer.close()


def _buckets(worker: WorkerProcess) -> list[tuple[float, float]]:
    """Upper bounds in seconds, and how many alerts were at most so late."""
    page = worker.page("/metrics")[1]
    found = re.findall(r'^redline_end_to_end_seconds_bucket\{le="([^"]+)"\} (\S+)$', page, re.MULTILINE)
    return [(float(bound), float(count)) for bound, count in found]


def _quantile(buckets: Sequence[tuple[float, float]], share: float) -> float:
    """As Prometheus' histogram_quantile: straight lines inside a bucket."""
    wanted, before, below = share * buckets[-1][1], 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted:
            return below + (bound - below) * (wanted - before) / max(1.0, count - before)
        before, below = count, bound
    return below


@contextmanager
def _running(row: Row, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program for the time of the block."""
    if row.program == "worker":
        with running(settings, REAL) as worker:
            yield worker.process
        return
    command = [row.python, "-m", "bench.peers", row.program, settings.model_dump_json(exclude_none=True)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."}, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
