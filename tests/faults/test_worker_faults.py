"""Workers are killed, stopped, joined, frozen and flooded, under a steady stream on a real Kafka.

After each, every raw record is accounted for: tagged and alerted, or a dead letter. Lost must be 0.
"""

import random
import re
import signal
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.e2e import scenarios
from tests.faults.conftest import Report
from tests.faults.kit import GAVE_UP, Feeder, progress_of, rss_bytes, settle, supervised
from tests.faults.results import Result
from tests.worker.kit import REAL, following, publish, running

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

SEED = 20_260_701
RATE = 150


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path) -> Settings:
    quick = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}
    return scenarios.with_rules(kafka_settings.model_copy(update=quick), tmp_path)


def test_kill_9_ten_times_at_random_points(settings: Settings, report: Report) -> None:
    chance = random.Random(SEED)
    with supervised(settings) as worker:
        resumed = []
        with Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
            worker.worker.ready()
            for _ in range(10):
                feeder.wait(chance.randrange(1, RATE))
                worker.signal(signal.SIGKILL)
                resumed.append(progress.resumed())
        account = settle(settings, feeder)
        report(account.result("worker kill -9 at random points", 10, resumed))
        account.check()
        assert worker.exits[-signal.SIGKILL] == 10
        assert worker.stop() == 0


def test_two_workers_join_die_and_leave(settings: Settings, report: Report) -> None:
    chance = random.Random(SEED + 1)
    with supervised(settings) as first:
        first.worker.ready()
        with Feeder(settings, RATE) as feeder:
            for how in (signal.SIGTERM, signal.SIGKILL):
                with supervised(settings) as second:
                    second.worker.ready()
                    feeder.wait(chance.randrange(1, RATE))
                    if how is signal.SIGKILL:
                        chance.choice((first, second)).signal(signal.SIGKILL)
                        feeder.wait(RATE)
                    second.worker.ready()
                    assert second.stop() == 0, second.worker.log
        account = settle(settings, feeder)
        report(account.result("a second worker joins, one of the two is stopped or killed", 2))
        account.check()
        assert first.stop() == 0


def test_a_worker_stopped_beyond_its_session_comes_back(settings: Settings, report: Report) -> None:
    with supervised(settings) as first, supervised(settings) as second:
        first.worker.ready()
        second.worker.ready()
        with Feeder(settings, RATE) as feeder:
            feeder.wait(RATE)
            first.signal(signal.SIGSTOP)
            feeder.wait(8 * RATE)  # four sessions long
            first.signal(signal.SIGCONT)
            feeder.wait(2 * RATE)
        account = settle(settings, feeder)
        report(account.result("SIGSTOP for four sessions beside a second worker, SIGCONT", 1))
        account.check()
        assert set(first.exits) | set(second.exits) <= {GAVE_UP}
        assert first.stop() == 0
        assert second.stop() == 0


def test_rebalance_storm(kafka_settings: Settings, tmp_path: Path, report: Report) -> None:
    """Every two seconds one of three workers on eight partitions is stopped or killed, and comes back."""
    quick = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}
    settings = scenarios.with_rules(kafka_settings.model_copy(update=quick), tmp_path, partitions=8)
    chance = random.Random(SEED + 2)
    with supervised(settings) as first, supervised(settings) as second, supervised(settings) as third:
        for worker in (first, second, third):
            worker.worker.ready()
        with Feeder(settings, RATE) as feeder:
            for _ in range(5):
                feeder.wait(2 * RATE)
                chance.choice((first, second, third)).signal(chance.choice((signal.SIGTERM, signal.SIGKILL)))
        account = settle(settings, feeder)
        report(account.result("rebalance storm: three workers, one stopped or killed every 2 s", 5))
        account.check()
        for worker in (first, second, third):
            worker.worker.ready()
            assert worker.stop() == 0, worker.worker.log


def test_more_comes_than_is_worked(settings: Settings, report: Report) -> None:
    """A backlog of megabytes behind a slow worker: lag says so, memory does not."""
    slow = settings.model_copy(update={"batch_records_max": 1})
    body = "Nothing about anything. " * 2_000
    backlog = [(f"a{n}".encode(), scenarios.article(n, body=body, fires=False)) for n in range(2_000)]
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
