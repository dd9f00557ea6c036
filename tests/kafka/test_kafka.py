"""The same scenarios, and harder ones, on a real Apache Kafka."""

import asyncio
import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from stream.settings import Settings
from tests.e2e import scenarios
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import REAL, following, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path) -> Settings:
    return scenarios.with_rules(kafka_settings, tmp_path)


def test_from_raw_to_alerts(settings: Settings) -> None:
    scenarios.from_raw_to_alerts(settings)


def test_bad_input_is_dead_letters_and_stalls_nothing(settings: Settings) -> None:
    scenarios.bad_input_is_dead_letters_and_stalls_nothing(settings)


def test_a_flood_of_bad_input_does_not_hold_up_the_good(settings: Settings) -> None:
    scenarios.a_flood_of_bad_input_does_not_hold_up_the_good(settings)


def test_sigterm_loses_and_repeats_nothing(settings: Settings) -> None:
    lost, repeated = scenarios.killed_and_started_again(settings, count=2_000, kills=4, hard=False)
    assert (lost, repeated) == (0, 0)


def test_kill_9_loses_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    lost, repeated = scenarios.killed_and_started_again(settings, count=2_000, kills=4, hard=True)
    with capsys.disabled():
        print(f"\nkill -9 x4, 2,000 articles: lost {lost}, repeated under the same id {repeated}")  # noqa: T201
    assert lost == 0


def test_workers_come_and_go(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    lost, repeated = scenarios.workers_come_and_go(settings, count=5_000)
    with capsys.disabled():
        print(f"\nworkers come and go, 5,000 articles: lost {lost}, repeated under the same id {repeated}")  # noqa: T201
    assert lost == 0


def test_the_broker_is_killed_and_comes_back(settings: Settings, kafka_broker: KafkaBroker) -> None:
    with running(settings, REAL) as worker, following(settings, "alerts.high") as follower:
        worker.ready()
        publish(settings, "articles.raw", scenarios.articles(0, 20))
        follower.wait("alerts.high", 20)
        kafka_broker.kill()
        kafka_broker.start()
        publish(settings, "articles.raw", scenarios.articles(20, 20))
        ended = worker.process.poll() is not None
        if not ended:
            until(
                lambda: worker.process.poll() is not None or len(follower.poll()["alerts.high"]) >= 40, "alerts or exit"
            )
        if worker.process.poll() is not None:
            assert worker.process.returncode == 75
    with running(settings, REAL) as worker, following(settings, "alerts.high") as follower:
        worker.ready()
        until(lambda: follower.poll() and len(scenarios.alert_ids(follower)) == 40, "all alerts")
        assert worker.stop() == 0


@pytest.mark.parametrize("line", ["rules loaded", "serving /metrics", "joining the consumer group", "worker ready"])
def test_sigterm_in_every_state(settings: Settings, line: str) -> None:
    publish(settings, "articles.raw", scenarios.articles(0, 500))
    with running(settings, REAL) as worker:
        until(lambda: line in worker.log, line)
        assert worker.stop() == 0, worker.log
        assert "Traceback" not in worker.log


def test_more_workers_than_partitions(kafka_settings: Settings, tmp_path: Path) -> None:
    settings = scenarios.with_rules(kafka_settings, tmp_path, partitions=1)
    with ExitStack() as open_workers, following(settings, "alerts.high") as follower:
        workers = [open_workers.enter_context(running(settings, REAL)) for _ in range(3)]
        for worker in workers:
            worker.ready()
        publish(settings, "articles.raw", scenarios.articles(0, 50))
        until(lambda: follower.poll() and len(scenarios.alert_ids(follower)) == 50, "all alerts")
        for worker in workers:
            worker.ready()  # again: when one leaves, the others wait for a moment
            assert worker.stop() == 0


def test_the_largest_articles_get_through(settings: Settings) -> None:
    body = "The dam may collapse. " + "Ж" * 199_900
    fields = [{"id": f"big{n}", "title": "t" * 4_000, "body": body} for n in range(3)]
    values = [json.dumps(article, ensure_ascii=False).encode() for article in fields]
    publish(settings, "articles.raw", [(f"big{n}".encode(), value) for n, value in enumerate(values)])
    with running(settings, REAL) as worker, following(settings, "alerts.high", "articles.tagged") as follower:
        worker.ready()
        follower.wait("alerts.high", 3)
        follower.wait("articles.tagged", 3)
        assert worker.stop() == 0


@pytest.mark.parametrize("count", [1, 3_000])
def test_sigterm_while_the_broker_is_away(tmp_path: Path, topic_prefix: str, count: int) -> None:
    with KafkaBroker() as broker:
        given = Settings(bootstrap=broker.bootstrap, topic_prefix=topic_prefix, metrics_port=0)
        settings = scenarios.with_rules(given, tmp_path)
        publish(settings, "articles.raw", scenarios.articles(0, count))
        with running(settings, REAL) as worker:
            worker.ready()
            broker.kill()
            assert worker.stop() in (0, 75), worker.log
            assert "Traceback" not in worker.log


def test_what_could_not_be_committed_is_not_called_finished(tmp_path: Path, topic_prefix: str) -> None:
    with KafkaBroker() as broker:
        given = Settings(
            bootstrap=broker.bootstrap, topic_prefix=topic_prefix, metrics_port=0, commit_interval_ms=60_000
        )
        settings = scenarios.with_rules(given, tmp_path)
        publish(settings, "articles.raw", [(b"a", b'{"id":"a","body":"Nothing."}')])
        with running(settings, REAL) as worker:
            worker.ready()
            until(lambda: worker.metric('redline_articles_total{stage="tagged"}') == 1, "it is confirmed")
            broker.kill()
            assert worker.stop() == 75, worker.log
            assert "not committed within 8000 ms" in worker.log.splitlines()[-1]


def test_the_end_of_a_transaction_is_not_waited_for(settings: Settings) -> None:
    """It is a marker with an offset of its own, which no reader gets to see."""
    settings = settings.model_copy(update={"stall_timeout_ms": 2_000})

    async def publish_in_transactions() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap, transactional_id="source") as producer:
            for key, value in scenarios.articles(0, 3):
                async with producer.transaction():
                    await producer.send_and_wait(f"{settings.topic_prefix}articles.raw", value, key, partition=0)

    with running(settings, REAL) as worker, following(settings, "articles.tagged") as follower:
        worker.ready()
        asyncio.run(publish_in_transactions())
        follower.wait("articles.tagged", 3)
        with pytest.raises(subprocess.TimeoutExpired):  # as it would after a stall of 2 s
            worker.wait_exit(seconds=8)
        assert worker.page("/livez") == (200, "ok\n")
        lags = [line for line in worker.page("/metrics")[1].splitlines() if line.startswith("redline_consumer_lag{")]
        assert lags
        assert {line.rpartition(" ")[2] for line in lags} <= {"0", "0.0"}
        assert worker.stop() == 0, worker.log
