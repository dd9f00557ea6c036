"""How fast is a worker, beside other programs that do the same engine work and sends, in one run on one machine?

    python -m bench.pipeline [--kafka] [--peers PYTHON] [--articles N] [--rate N] [--seconds N] [--hot SHARE …]
                             [--rules DIR] [--processes N]

Throughput: N articles of 5 KB wait on `articles.raw`; one process works them off. Rows are compared with the raw loop:
aiokafka without Faust that fetches, judges, sends, waits for the acknowledgements and commits. A row whose program ends
is told as failed, with the end of what it printed; without the raw loop there is nothing to compare.
`--hot`: which share of the articles is a seed, on the subject of the rules, with about five alerts each; the others are
small talk of their size. Of general news (`../shared/data`: 2,577 texts) one in a thousand raises an alert, of speeches
on the war itself one in four.
`--processes`: one row more, a worker with so many engine processes, whose time and memory are counted with it.
Two workers: articles arrive while one, then two workers run, several times; processor time an article.
Latency: articles at a fixed rate; `redline_end_to_end_seconds` of the worker, and at the subscriber, there beside the
raw loop that fetches as many records at a time.
`--kafka`: on a real Apache Kafka (Java and Maven) instead of the embedded broker. `--peers`: a Python that has Quix
Streams and confluent-kafka, and adds these rows. All Pythons have to judge in machine code, or none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bench.articles import publish
from bench.latency import DEADLINE_SECONDS, WARM_SECONDS, latencies, quantile, share_within
from bench.measure import Cost, cost, family, machine, resident_mb
from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.settings import Settings
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import REAL, WorkerProcess, running

LOOK_SECONDS = 0.05
ROUNDS = 3
"""Of two workers: the least of each is told, since what else the machine does only adds to it."""
AIM_SECONDS = 0.05
"""Of end to end; a bound of the histogram, so the share is exact."""
QUANTILES = (0.5, 0.95, 0.99)
APART_MAX = 0.01
"""So far a row's alerts may be from those of the first one before it is said."""
LINES_SHOWN = 5
"""Of what a program printed before it ended."""
ASK_NATIVE = "from stream.clean import native; print(native.package() is not None)"


@dataclass(frozen=True)
class Row:
    """A program of bench.peers, or our worker; with the Python that runs it."""

    name: str
    program: str
    python: str = sys.executable
    processes: int = 0


class Ended(click.ClickException):
    """A program that ended by itself."""


@dataclass(frozen=True)
class Program:
    """A program that runs, and how to read what it has printed."""

    process: subprocess.Popen[bytes]
    printed: Callable[[], str]

    def check(self) -> None:
        """Raises `Ended` if it has ended."""
        code = self.process.poll()
        if code is not None:
            said = [line for line in self.printed().splitlines() if line.strip()][-LINES_SHOWN:]
            raise Ended("\n    ".join([f"ended with {code}", *said]))


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
        print(_judging(rows), flush=True)
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


def _judging(rows: Sequence[Row]) -> str:
    """How all rows judge; refused if not all do it the same way, for that makes more difference than what is around."""
    native = {python: _is_native(python) for python in dict.fromkeys(row.python for row in rows)}
    if len(set(native.values())) > 1:
        each = ", ".join(f"{python} {'has' if has else 'lacks'} it" for python, has in native.items())
        raise click.ClickException(f"rows would judge in machine code and in Python: of redline_native, {each}")
    return f"judging in {'machine code (redline_native)' if all(native.values()) else 'Python'}"


def _is_native(python: str) -> bool:
    """Whether programs of a Python use redline_native: one of another version is not used."""
    try:
        asked = subprocess.run(
            [python, "-c", ASK_NATIVE], env=_environment(), capture_output=True, text=True, check=True
        )
    except OSError as error:
        raise click.ClickException(f"{python} does not start: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"code {error.returncode}"]
        raise click.ClickException(f"{python} cannot import the engine: {said[-1]}") from None
    return asked.stdout.strip() == "True"


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
        try:
            with _running(row, settings) as program:
                pids = _started(row, program)
                found = cost(settings, pids, articles, DEADLINE_SECONDS, program.check)
                memory = sum(map(resident_mb, pids))
        except click.ClickException as error:
            if reference is None:
                raise
            print(f"  {row.name:22} failed: {error.message}", flush=True)
            continue
        reference = reference or found
        ratio, cpu = found.articles_per_second / reference.articles_per_second, reference.cpu_us / found.cpu_us
        print(
            f"  {row.name:22} {found.articles_per_second:7,.0f} articles/s = {ratio:4.2f},"
            f" {found.cpu_us:6,.0f} us of CPU an article = {cpu:4.2f}, {found.alerts:,} alerts"
            f" and {found.suppressed:,} suppressed, {memory:4.0f} MB{_other_alerts(found, reference)}",
            flush=True,
        )


def _other_alerts(found: Cost, reference: Cost) -> str:
    """A note for a row that has done more or less than the first one."""
    here, there = found.alerts + found.suppressed, reference.alerts + reference.suppressed
    if abs(here - there) <= APART_MAX * there:
        return ""
    return f"   <-- {here - there:+,} alerts beside the first row: not the same work"


def _started(row: Row, program: Program) -> list[int]:
    """The program's processes, once all of them have begun."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(pids := family(program.process.pid)) <= row.processes:
        program.check()
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
        programs = [_program(worker) for worker in workers]
        pids = [program.process.pid for program in programs]

        def check() -> None:
            for program in programs:
                program.check()

        found = cost(settings, pids, articles, DEADLINE_SECONDS, check)
        publishing.join()
    return found.cpu_us


def _raw_latency(settings: Settings, rate: int, seconds: int, hot: float) -> list[float]:
    """Seconds at the subscriber of the raw loop, at each of QUANTILES."""
    with _running(Row("raw aiokafka loop", "raw"), settings) as program:
        late = latencies(settings, rate, seconds, hot, program.check)
    found = _percentiles(late)
    print(
        f"latency at {rate} articles/s, raw aiokafka loop, at most {settings.batch_records_max} articles at a time"
        f" or {settings.match_batch_records_max} matches:"
        f" at the subscriber {_in_ms(found)} ({len(late):,} articles)",
        flush=True,
    )
    return found


def _latency(settings: Settings, rate: int, seconds: int, hot: float, raw: Sequence[float]) -> None:
    buckets: list[list[tuple[float, float]]] = []
    with running(settings, REAL) as worker:
        worker.ready()
        check = _program(worker).check
        late = latencies(settings, rate, seconds, hot, check, lambda: buckets.append(_buckets(worker)))
        memory = sum(map(resident_mb, family(worker.process.pid)))
    before, after = buckets
    own = [(bound, count - early) for (bound, count), (_, early) in zip(after, before, strict=True)]
    found = _percentiles(late)
    ratios = ", ".join(f"{here / there:.2f}" for here, there in zip(found, raw, strict=True))
    print(
        f"latency at {rate} articles/s, {settings.engine_processes or 'no'} engine processes,"
        f" chunks of at most {settings.batch_records_max} articles or {settings.match_batch_records_max} matches:"
        f" end to end {_in_ms([quantile(own, share) for share in QUANTILES])},"
        f" {share_within(own, AIM_SECONDS):.1%} of {own[-1][1]:,.0f} alerts at most {AIM_SECONDS * 1_000:.0f} ms;"
        f" at the subscriber {_in_ms(found)} = {ratios} of the raw loop's"
        f" ({len(late):,} articles, {memory:.0f} MB)",
        flush=True,
    )


def _in_ms(seconds: Sequence[float]) -> str:
    shown = zip(QUANTILES, seconds, strict=True)
    return ", ".join(f"p{share * 100:.0f} {value * 1_000:.0f} ms" for share, value in shown)


def _percentiles(ascending: Sequence[float]) -> list[float]:
    if not ascending:
        raise click.ClickException("no alert came; do the rules fire on the seeds?")
    return [ascending[int(len(ascending) * share)] for share in QUANTILES]


def _buckets(worker: WorkerProcess) -> list[tuple[float, float]]:
    """Upper bounds in seconds, and how many alerts were at most so late."""
    page = worker.page("/metrics")[1]
    found = re.findall(r'^redline_end_to_end_seconds_bucket\{le="([^"]+)"\} (\S+)$', page, re.MULTILINE)
    if not found:
        raise click.ClickException("the worker's page of metrics has no redline_end_to_end_seconds")
    return [(float(bound), float(count)) for bound, count in found]


@contextmanager
def _running(row: Row, settings: Settings) -> Iterator[Program]:
    """Runs a program for the time of the block."""
    if row.program == "worker":
        with running(settings, REAL) as worker:
            yield _program(worker)
        return
    command = [row.python, "-m", "bench.peers", row.program, settings.model_dump_json(exclude_none=True)]
    with tempfile.NamedTemporaryFile(prefix="bench-", suffix=".log") as said:
        process = subprocess.Popen(command, env=_environment(), stderr=said)
        try:
            yield Program(process, lambda: Path(said.name).read_text(encoding="utf-8", errors="replace"))
        finally:
            process.kill()
            process.wait()


def _program(worker: WorkerProcess) -> Program:
    return Program(worker.process, lambda: worker.log)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": "."}


if __name__ == "__main__":
    main()
