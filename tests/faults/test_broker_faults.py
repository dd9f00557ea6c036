"""The broker is not there yet, is killed, stays away, is full, or has lost what it had; on a real Kafka.

After each, every raw record is accounted for, and alerts, episodes and the table are those of one undisturbed run.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition

from stream.settings import Settings
from tests.e2e import scenarios
from tests.faults import stateful
from tests.faults.conftest import Report
from tests.faults.kit import GAVE_UP, Feeder, progress_of, settle, supervised
from tests.faults.results import Result
from tests.kafka.broker import KafkaBroker
from tests.worker.disk import fill, small_disk
from tests.worker.kit import REAL, following, publish, running, until

GIVE_UP_SECONDS = 60.0
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

RATE = 30
AWAY_SECONDS = 3
ANSWERS_MS_MAX = 4_000
"""Where the broker goes away: until then a worker waits for it, and then it gives up and is started again."""
MEGABYTE = 1_000_000


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path) -> Settings:
    quick = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}
    return scenarios.with_rules(kafka_settings.model_copy(update=quick), tmp_path)


@pytest.fixture
def with_state(kafka_settings: Settings, tmp_path: Path) -> Settings:
    quick = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300, "kafka_request_timeout_ms": ANSWERS_MS_MAX}
    return stateful.with_rules(kafka_settings.model_copy(update=quick), tmp_path)


def test_a_worker_waits_for_a_broker_that_starts_later(settings: Settings, kafka_broker: KafkaBroker) -> None:
    publish(settings, "articles.raw", scenarios.articles(0, 20))
    kafka_broker.kill()
    try:
        patient = settings.model_copy(update={"kafka_connect_timeout_ms": 60_000})
        with running(patient, REAL) as worker:
            until(lambda: worker.page("/readyz") == (503, "waiting for the broker\n"), "not ready")
            time.sleep(2)  # some attempts
            assert worker.page("/livez")[0] == 200
            assert worker.log.count("\n") == 2, "attempts are no news"
            kafka_broker.start()
            worker.ready()
            with following(settings, "alerts.high") as follower:
                follower.wait("alerts.high", 20)
            assert worker.stop() == 0
    finally:
        if kafka_broker.process.poll() is not None:
            kafka_broker.start()


def test_the_broker_is_killed_under_two_workers_and_away_for_a_while(
    with_state: Settings, kafka_broker: KafkaBroker, report: Report
) -> None:
    settings = with_state
    with supervised(settings) as worker, supervised(settings) as second:
        worker.worker.ready()
        second.worker.ready()
        with Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
            feeder.wait(2 * RATE)
            kafka_broker.kill()
            until(lambda: worker.worker.page("/readyz")[0] == 503, "not ready")
            time.sleep(AWAY_SECONDS)  # that is the fault
            kafka_broker.start()
            resumed = progress.resumed()
        account = settle(settings, feeder)
        assert worker.stop() == 0
        assert second.stop() == 0
        report(account.result(f"broker kill -9 under two workers, away for more than {AWAY_SECONDS} s", 1, [resumed]))
        account.check(settings)
        assert set(worker.exits) | set(second.exits) <= {GAVE_UP, 2}


def test_a_frozen_broker_is_waited_for(settings: Settings, kafka_broker: KafkaBroker) -> None:
    """Longer than the stall timeout: an idle worker is not at fault, and goes on when the broker does."""
    impatient = settings.model_copy(update={"stall_timeout_ms": 4_000})
    with running(impatient, REAL) as worker, following(settings, "alerts.high") as follower:
        worker.ready()
        with frozen(kafka_broker):
            until(lambda: "has not answered" in worker.page("/readyz")[1], "not ready")
            assert worker.page("/livez")[0] == 200
        publish(settings, "articles.raw", scenarios.articles(0, 5))
        worker.ready()
        follower.wait("alerts.high", 5)
        assert worker.stop() == 0


def test_a_broker_that_has_lost_its_log_is_refused_until_it_is_accepted(
    settings: Settings, kafka_broker: KafkaBroker, report: Report
) -> None:
    publish(settings, "articles.raw", scenarios.articles(0, 100))
    with running(settings, REAL) as worker, following(settings, "alerts.high") as follower:
        follower.wait("alerts.high", 100)
        assert worker.stop() == 0
    kafka_broker.kill()
    for folder in kafka_broker.folder.glob(f"logs/{settings.topic_prefix}articles.raw-*"):
        shutil.rmtree(folder)
    kafka_broker.start()
    with running(settings, REAL) as worker:
        assert worker.wait_exit() == 2
        said = worker.log.splitlines()[-1]
        assert f"the broker has lost records: {settings.topic_prefix}articles.raw[" in said
        assert "and ends at 0" in said
        assert "--accept-offset-reset" in said
    publish(settings, "articles.raw", scenarios.articles(100, 10))
    with (
        running(settings, (*REAL, "--accept-offset-reset")) as worker,
        following(settings, "alerts.high") as follower,
    ):
        worker.ready()
        assert "reading from the beginning, as accepted" in worker.log
        until(lambda: follower.poll() and len(scenarios.alert_ids(follower)) == 110, "the new ones too")
        assert worker.stop() == 0
    with running(settings, REAL) as worker:
        worker.ready()
        assert worker.stop() == 0
    report(Result("broker has lost its log: refused, then accepted", 1, 110, 0, 0, (), "of what the broker has"))


def test_what_retention_deleted_is_said_and_the_rest_goes_on(kafka_settings: Settings, tmp_path: Path) -> None:
    one = scenarios.with_rules(kafka_settings, tmp_path, partitions=1)
    publish(one, "articles.raw", scenarios.articles(0, 10))
    with running(one, REAL) as worker, following(one, "alerts.high") as follower:
        follower.wait("alerts.high", 10)
        assert worker.stop() == 0
    publish(one, "articles.raw", scenarios.articles(10, 20))
    admin = KafkaAdminClient(bootstrap_servers=one.bootstrap)
    try:
        admin.delete_records({TopicPartition(f"{one.topic_prefix}articles.raw", 0): 25})
    finally:
        admin.close()
    with running(one, REAL) as worker, following(one, "alerts.high") as follower:
        worker.ready()
        follower.wait("alerts.high", 15)
        until(lambda: "the log has no records 10 to 24" in worker.log, "said so")
        assert worker.stop() == 0


def test_topics_that_take_too_small_messages_are_refused(settings: Settings) -> None:
    larger = settings.model_copy(update={"message_bytes_max": 5_000_000})
    with running(larger, REAL) as worker:
        assert worker.wait_exit() == 2
        assert "found max.message.bytes=916384, expected 5016384" in worker.log.splitlines()[-1]


def test_the_log_directory_is_full(tmp_path: Path, topic_prefix: str, report: Report) -> None:
    """Kafka stops when it cannot write its log. Somebody makes room and starts it again; nothing else is done."""
    with small_disk(tmp_path / "disk", 96 * MEGABYTE) as disk, KafkaBroker(folder=disk) as broker:
        given = Settings(
            bootstrap=broker.bootstrap,
            topic_prefix=topic_prefix,
            consumer_group=f"{topic_prefix}worker",
            session_timeout_ms=2_000,
            heartbeat_interval_ms=300,
            kafka_request_timeout_ms=ANSWERS_MS_MAX,
            metrics_port=0,
        )
        settings = stateful.with_rules(given, tmp_path, partitions=1)
        with supervised(settings) as worker:
            worker.worker.ready()
            with Feeder(settings, RATE) as feeder, progress_of(settings, feeder) as progress:
                feeder.wait(2 * RATE)
                filler = disk / "filler"
                fill(filler)
                give_up(broker)
                until(lambda: worker.worker.page("/readyz")[0] != 200, "not ready")
                filler.unlink()
                broker.start()
                resumed = progress.resumed()
            account = settle(settings, feeder)
            assert worker.stop() == 0
            report(account.result("broker's log directory full, until there is room", 1, [resumed]))
            account.check(settings)
            assert set(worker.exits) <= {GAVE_UP, 2}


def give_up(broker: KafkaBroker) -> None:
    """Until it has ended. A broker that hangs on its full disk instead is ended as its operator would end it."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while broker.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    broker.kill()


@contextmanager
def frozen(broker: KafkaBroker) -> Iterator[None]:
    """A broker that keeps its connections and says nothing."""
    broker.freeze()
    try:
        yield
    finally:
        broker.thaw()
