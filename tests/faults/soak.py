"""The long variants of the fault tests: `make soak MINUTES=30 SEED=1`, or `python -m tests.faults.soak --help`.

With rules over time: after each part alerts, episodes and the table must be those of one undisturbed run.
Each part gets its share of the time and is cut off when it is over, whatever it has reached; the results say how far it
came. Ends with 1 if anything was lost. Results go to the file that FAULT_RESULTS names, for docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import string
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kafka import KafkaProducer

from bench.articles import messages
from stream.settings import Settings
from stream.wire.topics import DEAD, RAW, TAGGED, full_name
from tests.faults import stateful
from tests.faults.kit import Account, Feeder, Supervised, progress_of, rss_bytes, settle, supervised
from tests.faults.results import Result, begin, failed, record
from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster
from tests.worker.kit import following, until

RATE = 50
KILLS_MAX = 100
MEGABYTE = 1_000_000
TELL_SECONDS = 300.0
NEW_WORDS = 10
READ_A_SECOND_MIN = 250
"""Articles a second that the account reads at least, with all that came of them, on a machine with other work."""
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


def memory(settings: Settings, seconds: float, rate: int) -> list[Result]:
    """A worker under a steady stream: how its memory grows."""
    with supervised(settings) as worker, Feeder(settings, rate) as feeder:
        worker.worker.ready()
        remark = _memory_remark(worker, seconds)
    return [_account(settings, feeder, worker).result("soak: steady stream, memory", 1, [], remark)]


def memory_of_news(settings: Settings, seconds: float, rate: int) -> list[Result]:
    """The same with the shipped rules and articles of 5 KB, some on their subject, all with words never seen before."""
    with supervised(settings) as worker, NewsFeeder(settings, rate) as feeder:
        worker.worker.ready()
        remark = _memory_remark(worker, seconds)
        feeder.stop()
        with following(settings, TAGGED.name, DEAD.name) as follower:
            seen = Counter[str]()

            def all_came() -> bool:
                for name, values in follower.poll().items():
                    seen[name] += len(values)
                    values.clear()
                return seen.total() >= feeder.acknowledged

            with suppress(AssertionError):
                until(all_came, "every article tagged", 300.0 + feeder.acknowledged / READ_A_SECOND_MIN)
        worker.stop()
    lost = feeder.acknowledged - seen.total()
    return [Result("soak: steady stream of news, shipped rules, memory", 1, feeder.acknowledged, lost, 0, [], remark)]


def _memory_remark(worker: Supervised, seconds: float) -> str:
    samples: list[tuple[float, float]] = []
    began = told = time.monotonic()
    while (now := time.monotonic()) - began < seconds:
        samples.append((now - began, rss_bytes(worker.worker.process.pid) / MEGABYTE))
        if now - told > TELL_SECONDS:
            told = now
            _say(f"{(now - began) / 60:.0f} min: {samples[-1][1]:.1f} MB, exits {dict(worker.exits)}")
        time.sleep(min(2.0, seconds / 50))
    settled = samples[len(samples) // 3 :]  # until then it warms up
    return (
        f"{settled[-1][1]:.0f} MB after {seconds / 60:.0f} min, at most {max(size for _, size in samples):.0f} MB, "
        f"slope {slope(settled) * 60:+.2f} MB a minute over the last two thirds"
    )


class NewsFeeder:
    """Articles as in the benchmarks, at a steady rate in the background."""

    def __init__(self, settings: Settings, rate: int) -> None:
        self._settings, self._rate = settings, rate
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self.acknowledged = 0

    def _feed(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._settings.bootstrap, acks="all", linger_ms=5)
        chance = random.Random(self._rate)
        raw = full_name(self._settings.topic_prefix, RAW)
        began = time.monotonic()
        for number, (key, value) in enumerate(messages(sys.maxsize, hot=0.2)):
            if self._done.is_set():
                break
            fields = json.loads(value)
            fields["body"] += "\n\n" + " ".join(_new_word(chance) for _ in range(NEW_WORDS))
            sending = producer.send(raw, key=key.encode(), value=json.dumps(fields).encode())
            sending.add_callback(self._count)
            self._done.wait(max(0.0, began + number / self._rate - time.monotonic()))
        producer.flush(timeout=60)
        producer.close()

    def _count(self, _: object) -> None:
        self.acknowledged += 1

    def stop(self) -> None:
        """Returns when all is acknowledged."""
        self._done.set()
        self._thread.join()

    def __enter__(self) -> NewsFeeder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _new_word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(5, 11))).capitalize()


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
        account = settle(settings, feeder, seconds=300.0 + feeder.acknowledged / READ_A_SECOND_MIN)
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


def _parts(
    given: argparse.Namespace, seconds: float, chance: random.Random, done: Callable[[list[Result]], None]
) -> None:
    with KafkaBroker() as broker:
        if given.part in ("all", "kills"):
            with _settings(broker.bootstrap, "kills") as settings:
                done(kill_9(settings, chance, seconds * (0.40 if given.part == "all" else 1.0)))
        if given.part == "two":
            with _settings(broker.bootstrap, "two") as settings:
                done(two_workers(settings, chance, seconds))
        if given.part == "brokers":
            _brokers(broker, chance, seconds, done)
        if given.part == "memory":
            with _settings(broker.bootstrap, "memory") as settings:
                done(memory(settings, seconds, given.rate))
        if given.part == "news":
            with _settings(broker.bootstrap, "news") as settings:
                shipped = settings.model_copy(update={"rules_dir": Path("rules")})
                done(memory_of_news(shipped, seconds, given.rate))
        if given.part == "all":
            _others(broker, chance, seconds, done)


def main() -> int:
    """Runs all parts; 1 if anything was lost or came under two ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="for all parts together, about")
    parser.add_argument("--seed", type=int, default=20_260_703)
    parts = ["all", "kills", "two", "brokers", "memory", "news"]
    parser.add_argument("--part", choices=parts, default="all", help="the one to run")
    parser.add_argument("--rate", type=int, default=2 * RATE, help="articles a second of the parts memory and news")
    given = parser.parse_args()
    seconds, chance = given.minutes * 60, random.Random(given.seed)
    results: list[Result] = []

    def done(found: list[Result]) -> None:
        for result in found:
            record(result)
            results.append(result)
            _say(result.sentence())

    _say(f"soak: {given.minutes:g} min, seed {given.seed}, pid {os.getpid()}")
    begin(minutes=given.minutes, seed=given.seed, rate=given.rate)
    try:
        _parts(given, seconds, chance, done)
    except BaseException as error:
        failed(f"{type(error).__name__}: {error}")
        raise
    lost = sum(result.lost for result in results)
    _say(f"lost in all: {lost}")
    return 1 if lost else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _others(broker: KafkaBroker, chance: random.Random, seconds: float, done: Callable[[list[Result]], None]) -> None:
    with _settings(broker.bootstrap, "two") as settings:
        done(two_workers(settings, chance, seconds * 0.25))
    with _settings(broker.bootstrap, "memory") as settings:
        done(memory(settings, seconds * 0.15, 2 * RATE))
    _brokers(broker, chance, seconds * 0.10, done)


def _brokers(broker: KafkaBroker, chance: random.Random, seconds: float, done: Callable[[list[Result]], None]) -> None:
    """`seconds` are those of the cluster; a frozen worker and a broker that is away take as long as they take."""
    with _settings(broker.bootstrap, "frozen") as settings:
        done(frozen_and_away(settings, broker))
    with KafkaCluster() as cluster, _settings(cluster.bootstrap, "three", replication=3) as settings:
        done(one_of_three(settings, cluster, chance, seconds))


if __name__ == "__main__":
    sys.exit(main())
