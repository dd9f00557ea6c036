"""Workers are killed, stopped, joined and left alone by their broker, under a steady stream on a real Kafka.

After each, every raw record is accounted for: tagged and alerted, or a dead letter. Lost must be 0.
"""

import random
import signal
import time
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.e2e import scenarios
from tests.faults.kit import GAVE_UP, Account, Feeder, settle, supervised
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

SEED = 20_260_701
RATE = 150


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path) -> Settings:
    quick = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}
    return scenarios.with_rules(kafka_settings.model_copy(update=quick), tmp_path)


def report(capsys: pytest.CaptureFixture[str], what: str, account: Account) -> None:
    with capsys.disabled():
        print(  # noqa: T201 - the figures are the result
            f"\n{what}: {len(account.raw):,} articles, lost {len(account.lost)}, "
            f"repeated under the same id {account.repeated}"
        )


def test_kill_9_ten_times_at_random_points(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    with supervised(settings) as worker:
        with Feeder(settings, RATE) as feeder:
            for _ in range(10):
                worker.worker.ready()
                feeder.wait(chance.randrange(1, 2 * RATE))
                killed = worker.worker
                worker.signal(signal.SIGKILL)
                until(lambda killed=killed: worker.worker is not killed, "started again")
        account = settle(settings, feeder)
        report(capsys, "kill -9 x10", account)
        account.check()
        assert worker.exits[-signal.SIGKILL] == 10
        assert worker.stop() == 0


def test_two_workers_join_die_and_leave(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED + 1)
    with supervised(settings) as first:
        first.worker.ready()
        with Feeder(settings, RATE) as feeder:
            for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                with supervised(settings) as second:
                    second.worker.ready()
                    feeder.wait(chance.randrange(1, RATE))
                    if how is signal.SIGKILL:
                        chance.choice((first, second)).signal(signal.SIGKILL)
                        feeder.wait(RATE)
                    second.worker.ready()
                    assert second.stop() == 0, second.worker.log
        account = settle(settings, feeder)
        report(capsys, "two workers, 2x SIGTERM, 2x kill -9", account)
        account.check()
        assert first.stop() == 0


def test_a_worker_stopped_beyond_its_session_comes_back(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
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
        report(capsys, "SIGSTOP for four sessions beside a second worker", account)
        account.check()
        assert set(first.exits) | set(second.exits) <= {GAVE_UP}
        assert first.stop() == 0
        assert second.stop() == 0


def test_the_broker_is_killed_twice(
    settings: Settings, kafka_broker: KafkaBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    with supervised(settings) as worker:
        worker.worker.ready()
        with Feeder(settings, RATE) as feeder:
            for _ in range(2):
                feeder.wait(2 * RATE)
                kafka_broker.kill()
                kafka_broker.start()
                came_back = time.monotonic()
                until(lambda: worker.worker.page("/readyz")[0] == 200, "ready again")
                with capsys.disabled():
                    print(f"\nready {time.monotonic() - came_back:.1f} s after the broker")  # noqa: T201
        account = settle(settings, feeder)
        report(capsys, "broker kill -9 x2", account)
        account.check()
        assert set(worker.exits) <= {GAVE_UP, 2}
        assert worker.stop() == 0
