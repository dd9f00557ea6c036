"""State under faults: what the changelog holds is what was sent, whatever was killed, joined or stopped."""

import random
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from stream.broker.admin import Admin
from stream.settings import Settings
from stream.wire.topics import Topic
from tests.faults.conftest import Report
from tests.faults.kit import GAVE_UP, Feeder, progress_of, supervised
from tests.faults.results import Result
from tests.faults.tables import KEEPER, missing, settled, with_table
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import FAKE, Follower, make_topics, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

SEED = 20_260_702
RATE = 150
ENDED = (0, -signal.SIGTERM)
"""The latter for a keeper that has just been started again, and does not handle signals yet."""


@pytest.fixture
def settings(kafka_settings: Settings) -> Settings:
    return with_table(kafka_settings.model_copy(update={"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}))


def check(
    settings: Settings, feeder: Feeder, report: Report, fault: str, times: int, resumed: Sequence[float] = ()
) -> None:
    out = settled(settings, feeder.acknowledged)
    lacking = missing(settings, out)
    remark = f"missing in the table: {lacking}"
    report(Result(fault, times, len(out), 0, out.total() - len(out), resumed, remark))
    assert lacking == 0


def started(settings: Settings) -> None:
    """Until the group has worked on something."""
    follower = Follower(settings, "articles.tagged")
    try:
        follower.wait("articles.tagged", 1)
    finally:
        follower.close()


def test_a_keeper_is_killed(settings: Settings, report: Report) -> None:
    chance = random.Random(SEED)
    with supervised(settings, KEEPER) as keeper:
        resumed = []
        with Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
            started(settings)
            for _ in range(2):
                feeder.wait(chance.randrange(1, 2 * RATE))
                keeper.signal(signal.SIGKILL)
                resumed.append(progress.resumed())
        check(settings, feeder, report, "state: kill -9", 2, resumed)
        assert set(keeper.exits) == {-signal.SIGKILL}, keeper.worker.log
        assert keeper.stop() == 0


def test_keepers_join_die_stop_and_freeze(settings: Settings, report: Report) -> None:
    chance = random.Random(SEED + 1)
    with supervised(settings, KEEPER) as first:
        with Feeder(settings, RATE) as feeder:
            started(settings)
            for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
                with supervised(settings, KEEPER) as second:
                    feeder.wait(6 * RATE)
                    victim = chance.choice((first, second))
                    if how is not signal.SIGTERM:
                        victim.signal(how)
                        feeder.wait(5 * RATE)
                    if how is signal.SIGSTOP:
                        victim.signal(signal.SIGCONT)
                        feeder.wait(2 * RATE)
                    assert second.stop() in ENDED, second.worker.log
        check(settings, feeder, report, "state: two workers, SIGTERM, kill -9, SIGSTOP beyond the session", 3)
        assert first.stop() in ENDED


def test_a_keeper_frozen_with_state_in_hand_does_not_write_it_when_it_wakes(
    settings: Settings, tmp_path: Path, report: Report
) -> None:
    """While it is frozen, another one takes its partitions and works on; nobody writes after the frozen one wakes."""
    frozen = tmp_path / "frozen"
    with supervised(settings, KEEPER, KEEPER_FREEZES=str(frozen)) as first, ExitStack() as others:
        with Feeder(settings, RATE) as feeder:
            until(frozen.exists, "the first keeper freezes in the middle of a chunk")
            second = others.enter_context(supervised(settings, KEEPER))
            feeder.wait(4 * RATE)
        settled(settings, feeder.acknowledged)
        victim = first.worker
        first.signal(signal.SIGCONT)
        until(lambda: first.worker is not victim, "the one that woke gave up")
        check(settings, feeder, report, "state: frozen in the middle of a chunk, another worker goes on", 1)
        assert first.exits == {GAVE_UP: 1}, victim.log
        assert second.exits == {}, second.worker.log
        assert second.stop() == 0


def test_the_broker_is_killed_under_two_keepers(settings: Settings, kafka_broker: KafkaBroker, report: Report) -> None:
    with supervised(settings, KEEPER) as first, supervised(settings, KEEPER) as second:
        with Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
            started(settings)
            feeder.wait(2 * RATE)
            kafka_broker.kill()
            kafka_broker.start()
            resumed = progress.resumed()
        check(settings, feeder, report, "state: broker kill -9 under two workers", 1, [resumed])
        assert set(first.exits) | set(second.exits) <= {GAVE_UP}, first.worker.log
        assert first.stop() == 0
        assert second.stop() == 0


def test_sigterm_while_tables_are_recovered(kafka_settings: Settings) -> None:
    """A worker with a long changelog to read is asked to stop in the middle of it."""
    make_topics(kafka_settings)
    bare = kafka_settings.model_copy(update={"topic_prefix": ""})
    changelog = f"{kafka_settings.consumer_group}-fake-changelog"
    with Admin(bare) as admin:
        admin.create([Topic(changelog, "key", "number", "compact", None)])
    for start in range(0, 20_000, 10_000):
        publish(bare, changelog, [(b'"k%d"' % n, b"1") for n in range(start, start + 10_000)])
    with running(kafka_settings, FAKE, FAKE_WORKER="table") as worker:
        until(lambda: worker.page("/readyz")[1].startswith("waiting for its tables"), "recovering")
        assert worker.stop() == 0, worker.log
        assert "Traceback" not in worker.log
