"""Workers are killed, stopped, joined, frozen and flooded, under a steady stream on a real Kafka.

After each, every raw record is accounted for, and alerts, episodes and the table are those of one undisturbed run.
"""

import random
import re
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.e2e import scenarios
from tests.faults import stateful
from tests.faults.conftest import Report
from tests.faults.kit import GAVE_UP, Feeder, progress_of, rss_bytes, settle, supervised
from tests.faults.results import Result
from tests.worker.kit import REAL, following, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SEED = 20_260_701
RATE = 30
QUICK = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}
FREEZER = ("-m", "tests.faults.freezer", "worker")


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path) -> Settings:
    return stateful.with_rules(kafka_settings.model_copy(update=QUICK), tmp_path)


def test_kill_9_ten_times_at_random_points(settings: Settings, report: Report) -> None:
    chance = random.Random(SEED)
    with supervised(settings) as worker:
        resumed = []
        with Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
            worker.worker.ready()
            for _ in range(10):
                feeder.wait(chance.randrange(1, RATE // 2))
                worker.signal(signal.SIGKILL)
                resumed.append(progress.resumed())
        account = settle(settings, feeder)
        assert worker.stop() == 0
        report(account.result("worker kill -9 at random points", 10, resumed))
        account.check(settings)
        assert worker.exits[-signal.SIGKILL] == 10


def test_kill_9_while_chunks_follow_each_other(settings: Settings, report: Report) -> None:
    """After a death chunks are noted and worked alone; a worker that comes after a clean stop lets them follow."""
    small = settings.model_copy(update={"batch_records_max": 10})
    chance = random.Random(SEED + 3)
    with supervised(small) as worker:
        resumed = []
        with Feeder(small, 2 * RATE) as feeder, progress_of(small, feeder) as progress:
            worker.worker.ready()
            for _ in range(3):
                feeder.wait(chance.randrange(1, 2 * RATE))
                worker.signal(signal.SIGKILL)
                resumed.append(progress.resumed())
                stopped = worker.worker
                worker.signal(signal.SIGTERM)
                until(lambda stopped=stopped: worker.worker is not stopped, "the next worker begins")  # type: ignore[misc]
                worker.worker.ready()
        account = settle(small, feeder)
        assert worker.stop() == 0
        report(account.result("worker kill -9 while chunks follow each other, then a clean stop", 3, resumed))
        account.check(small)
        assert worker.exits == {-signal.SIGKILL: 3, 0: 3}


def test_a_second_worker_joins_dies_and_leaves_and_one_freezes(settings: Settings, report: Report) -> None:
    """SIGTERM, kill -9, then SIGSTOP for more than two sessions."""
    chance = random.Random(SEED + 1)
    with supervised(settings) as first:
        first.worker.ready()
        with Feeder(settings, RATE) as feeder:
            with supervised(settings) as second:
                second.worker.ready()
                feeder.wait(chance.randrange(1, RATE))
                assert second.stop() == 0, second.worker.log
            with supervised(settings) as second:
                second.worker.ready()
                feeder.wait(chance.randrange(1, RATE))
                chance.choice((first, second)).signal(signal.SIGKILL)
                feeder.wait(RATE)
                second.worker.ready()
                frozen = first.worker
                first.signal(signal.SIGSTOP)
                feeder.wait(4 * RATE)
                frozen.process.send_signal(signal.SIGCONT)
                feeder.wait(RATE)
                second.worker.ready()
                assert second.stop() == 0, second.worker.log
        account = settle(settings, feeder)
        assert first.stop() == 0
        report(account.result("a second worker joins, is stopped or killed; SIGSTOP beyond the session, SIGCONT", 3))
        account.check(settings)
        assert set(first.exits) <= {GAVE_UP, -signal.SIGKILL}


def test_a_worker_frozen_with_state_in_hand_does_not_write_it_when_it_wakes(
    settings: Settings, tmp_path: Path, report: Report
) -> None:
    """While it is frozen, another one takes its partitions and works on; nobody writes after the frozen one wakes."""
    frozen = tmp_path / "frozen"
    with supervised(settings, FREEZER, FREEZES=str(frozen)) as first, ExitStack() as others:
        with Feeder(settings, RATE) as feeder:
            until(frozen.exists, "the first worker freezes in the middle of a chunk")
            second = others.enter_context(supervised(settings))
            feeder.wait(3 * RATE)
        account = settle(settings, feeder)
        victim = first.worker
        first.signal(signal.SIGCONT)
        until(lambda: first.worker is not victim, "the one that woke gave up")
        first.worker.ready()
        assert first.stop() == 0
        assert second.stop() == 0
        report(account.result("frozen with alerts sent and states not written, another worker goes on", 1))
        account.check(settings)
        assert first.exits == {GAVE_UP: 1}, victim.log
        assert second.exits == {}, second.worker.log


def test_rebalance_storm(kafka_settings: Settings, tmp_path: Path, report: Report) -> None:
    """Every two seconds one of three workers on eight partitions is stopped or killed, and comes back."""
    settings = stateful.with_rules(kafka_settings.model_copy(update=QUICK), tmp_path, partitions=8)
    chance = random.Random(SEED + 2)
    with supervised(settings) as first, supervised(settings) as second, supervised(settings) as third:
        for worker in (first, second, third):
            worker.worker.ready()
        with Feeder(settings, RATE) as feeder:
            for _ in range(5):
                feeder.wait(2 * RATE)
                chance.choice((first, second, third)).signal(chance.choice((signal.SIGTERM, signal.SIGKILL)))
        account = settle(settings, feeder)
        for worker in (first, second, third):
            worker.worker.ready()
            assert worker.stop() == 0, worker.worker.log
        report(account.result("rebalance storm: three workers, one stopped or killed every 2 s", 5))
        account.check(settings)


def test_more_comes_than_is_worked(kafka_settings: Settings, tmp_path: Path, report: Report) -> None:
    """A backlog of megabytes behind a slow worker: lag says so, memory does not."""
    settings = scenarios.with_rules(kafka_settings.model_copy(update=QUICK), tmp_path)
    slow = settings.model_copy(update={"batch_records_max": 1})
    body = "Nothing about anything. " * 2_000
    backlog = [(f"a{n}".encode(), scenarios.article(n, body=body, fires=False)) for n in range(1_500)]
    publish(settings, "articles.raw", backlog[:200])
    with running(slow, REAL) as worker, following(settings, "articles.tagged") as follower:
        worker.ready()
        follower.wait("articles.tagged", 200)
        before = rss_bytes(worker.process.pid)
        publish(settings, "articles.raw", backlog[200:])
        most_lag, most_rss = 0.0, before
        while len(follower.poll()["articles.tagged"]) < len(backlog):
            lag = re.findall(r"^redline_consumer_lag{.*} ([0-9.]+)$", worker.page("/metrics")[1], re.MULTILINE)
            most_lag = max(most_lag, sum(map(float, lag)))
            most_rss = max(most_rss, rss_bytes(worker.process.pid))
            assert worker.process.poll() is None, worker.log
        grown = (most_rss - before) / 1e6
        size = sum(len(value or b"") for _, value in backlog) / 1e6
        remark = f"backlog {size:.0f} MB, lag up to {most_lag:.0f} records, memory grew by {grown:.0f} MB"
        report(Result("more comes than is worked (back-pressure)", 1, len(backlog), 0, 0, (), remark))
        assert most_lag > 300
        assert grown < size / 2
        assert worker.stop() == 0
