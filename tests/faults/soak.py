"""The long variants of the fault tests: `make soak MINUTES=30 SEED=1`, or `python -m tests.faults.soak --help`.

With rules over time: after each part alerts, episodes and the table must be those of one undisturbed run.
Each part gets its share of the time and is cut off when it is over, whatever it has reached; the results say how far it
came. Ends with 1 if anything was lost. Results go to the file that FAULT_RESULTS names, for docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stream.settings import Settings
from tests.faults import stateful
from tests.faults.kit import Account, Feeder, Supervised, progress_of, rss_bytes, settle, supervised
from tests.faults.results import Result, begin, record
from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster

RATE = 50
KILLS_MAX = 100
MEGABYTE = 1_000_000
FROZEN_SECONDS = AWAY_SECONDS = 60.0


def kill_9(settings: Settings, chance: random.Random, seconds: float) -> list[Result]:
    """A worker is killed at random points, again and again."""
    deadline = time.monotonic() + seconds
    resumed: list[float] = []
    with supervised(settings) as worker, Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
        worker.worker.ready()
        while len(resumed) < KILLS_MAX and time.monotonic() < deadline:
            time.sleep(chance.uniform(0.0, 1.5))  # the random point
            worker.signal(signal.SIGKILL)
            resumed.append(progress.resumed())
    return _ended("soak: worker kill -9 at random points", len(resumed), resumed, settings, feeder, worker)


def two_workers(settings: Settings, chance: random.Random, seconds: float) -> list[Result]:
    """Two workers join, die, freeze and return, at random."""
    deadline = time.monotonic() + seconds
    times = 0
    with supervised(settings) as first, supervised(settings) as second, Feeder(settings, RATE) as feeder:
        first.worker.ready()
        while time.monotonic() < deadline:
            time.sleep(chance.uniform(0.5, 6.0))
            victim = chance.choice((first, second))
            how = chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP))
            victim.signal(how)
            times += 1
            if how is signal.SIGSTOP:
                time.sleep(chance.uniform(0.5, 8.0))  # shorter and longer than the session
                victim.signal(signal.SIGCONT)
    return _ended(
        "soak: two workers are killed, stopped, frozen and return", times, [], settings, feeder, first, second
    )


def frozen_and_away(settings: Settings, broker: KafkaBroker) -> list[Result]:
    """A worker is stopped for a minute beside another one; then the broker is away for a minute."""
    with supervised(settings) as first, supervised(settings) as second, Feeder(settings, RATE) as feeder:
        first.worker.ready()
        second.worker.ready()
        with progress_of(settings, feeder) as progress:
            first.signal(signal.SIGSTOP)
            resumed = [progress.resumed()]
            time.sleep(FROZEN_SECONDS)
            first.signal(signal.SIGCONT)
            frozen = progress.resumed()
            broker.kill()
            time.sleep(AWAY_SECONDS)
            broker.start()
            away = progress.resumed()
    account = _account(settings, feeder, first, second)
    return [
        account.result(f"soak: SIGSTOP for {FROZEN_SECONDS:.0f} s beside a second worker", 1, [*resumed, frozen]),
        account.result(f"soak: broker away for {AWAY_SECONDS:.0f} s", 1, [away], "same articles as above"),
    ]


def one_of_three(settings: Settings, cluster: KafkaCluster, chance: random.Random, seconds: float) -> list[Result]:
    """One broker of three is killed and comes back, again and again."""
    deadline = time.monotonic() + seconds
    resumed: list[float] = []
    with supervised(settings) as worker, Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
        worker.worker.ready()
        while not resumed or time.monotonic() < deadline:
            time.sleep(chance.uniform(0.5, 3.0))
            node = chance.choice(cluster.nodes)
            node.kill()
            resumed.append(progress.resumed())
            node.start()
            progress.resumed()
            time.sleep(5.0)  # replicas catch up
    return _ended("soak: one of three brokers kill -9", len(resumed), resumed, settings, feeder, worker)


def memory(settings: Settings, seconds: float) -> list[Result]:
    """A worker under a steady stream: how its memory grows."""
    samples: list[tuple[float, float]] = []
    with supervised(settings) as worker, Feeder(settings, 2 * RATE) as feeder:
        worker.worker.ready()
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            samples.append((now, rss_bytes(worker.worker.process.pid) / MEGABYTE))
            time.sleep(min(2.0, seconds / 50))
    settled = samples[len(samples) // 3 :]  # until then it warms up
    remark = (
        f"{settled[-1][1]:.0f} MB after {seconds / 60:.0f} min, slope {slope(settled) * 60:+.2f} MB a minute "
        f"over the last two thirds"
    )
    return [_account(settings, feeder, worker).result("soak: steady stream, memory", 1, [], remark)]


def slope(samples: list[tuple[float, float]]) -> float:
    """Least squares, in y a unit of x."""
    n = len(samples)
    mean_x, mean_y = sum(x for x, _ in samples) / n, sum(y for _, y in samples) / n
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def _account(settings: Settings, feeder: Feeder, *workers: Supervised) -> Account:
    for worker in workers:
        worker.end()
    with supervised(settings) as again:  # whoever was killed last: somebody finishes the work
        account = settle(settings, feeder, seconds=300.0)
        again.stop()
    if not account.lost:  # what is lost is in the result; anything else is a bug to look at
        account.check(settings)
    return account


def _ended(
    fault: str, times: int, resumed: list[float], settings: Settings, feeder: Feeder, *workers: Supervised
) -> list[Result]:
    return [_account(settings, feeder, *workers).result(fault, times, resumed)]


@contextmanager
def _settings(bootstrap: str, name: str, replication: int = 1) -> Iterator[Settings]:
    given = Settings(
        bootstrap=bootstrap,
        topic_prefix=f"{name}.",
        topic_replication=replication,
        consumer_group=f"{name}-worker",
        session_timeout_ms=2_000,
        heartbeat_interval_ms=300,
        metrics_port=0,
    )
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        yield stateful.with_rules(given, Path(folder))


def main() -> int:
    """Runs all parts; 1 if anything was lost or came under two ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="for all parts together, about")
    parser.add_argument("--seed", type=int, default=20_260_703)
    parser.add_argument("--part", choices=["all", "kills"], default="all", help="kills: all of the time is its own")
    given = parser.parse_args()
    seconds, chance = given.minutes * 60, random.Random(given.seed)
    results: list[Result] = []

    def done(found: list[Result]) -> None:
        for result in found:
            record(result)
            results.append(result)
            sys.stdout.write(result.sentence() + "\n")
            sys.stdout.flush()

    sys.stdout.write(f"soak: {given.minutes:g} min, seed {given.seed}, pid {os.getpid()}\n")
    begin(minutes=given.minutes, seed=given.seed)
    with KafkaBroker() as broker:
        with _settings(broker.bootstrap, "kills") as settings:
            done(kill_9(settings, chance, seconds * (0.40 if given.part == "all" else 1.0)))
        if given.part == "all":
            _others(broker, chance, seconds, done)
    lost = sum(result.lost for result in results)
    sys.stdout.write(f"lost in all: {lost}\n")
    return 1 if lost else 0


def _others(broker: KafkaBroker, chance: random.Random, seconds: float, done: Callable[[list[Result]], None]) -> None:
    with _settings(broker.bootstrap, "two") as settings:
        done(two_workers(settings, chance, seconds * 0.25))
    with _settings(broker.bootstrap, "frozen") as settings:
        done(frozen_and_away(settings, broker))
    with _settings(broker.bootstrap, "memory") as settings:
        done(memory(settings, seconds * 0.15))
    with KafkaCluster() as cluster, _settings(cluster.bootstrap, "three", replication=3) as settings:
        done(one_of_three(settings, cluster, chance, seconds * 0.10))


if __name__ == "__main__":
    sys.exit(main())
