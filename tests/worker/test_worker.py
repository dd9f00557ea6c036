"""The worker process on the embedded broker, with a stand-in for the engine (see fake_worker)."""

import signal
import socket
from pathlib import Path

import pytest

from stream.broker.admin import Admin
from stream.broker.groups import GroupWatch
from stream.settings import Settings
from stream.wire.topics import Topic
from tests.ports import free_port
from tests.worker.kit import REAL, following, make_topics, publish, running, until

pytestmark = pytest.mark.embedded


def numbered(count: int, text: str = "") -> list[tuple[bytes | None, bytes | None]]:
    return [(f"{n}".encode(), f"{n} {text}".encode()) for n in range(count)]


def test_records_travel_once_and_are_counted(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    sent = [(f"{n}".encode(), f"{n} {'alert' * (n % 2)}".encode()) for n in range(200)]
    publish(broker_settings, "articles.raw", sent)
    with following(broker_settings, "articles.tagged", "alerts.high") as follower:
        with running(broker_settings) as worker:
            worker.ready()
            assert sorted(follower.wait("articles.tagged", 200)) == sorted(value for _, value in sent)
            assert len(set(follower.wait("alerts.high", 100))) == 100
            until(lambda: worker.metric('redline_articles_total{stage="tagged"}') == 200, "200 counted")
            until(lambda: worker.metric("redline_end_to_end_seconds_count") == 100, "100 latencies")
            until(lambda: 'redline_consumer_lag{partition="0"' in worker.page("/metrics")[1], "the lag")
            assert worker.page("/livez") == (200, "ok\n")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", 6066), timeout=1)
            assert worker.stop() == 0
            # On a machine that stalls it says as well that it waits for a broker.
            lines = [line for line in worker.log.splitlines() if "waiting for Kafka" not in line]
            assert len(lines) == 6, worker.log
        with running(broker_settings) as worker:
            worker.ready()
            publish(broker_settings, "articles.raw", [(b"last", b"last")])
            follower.wait("articles.tagged", 201)
            assert worker.stop() == 0
        follower.rest()
        assert (len(follower.values["articles.tagged"]), len(follower.values["alerts.high"])) == (201, 100)


def test_tombstones_and_odd_bytes_reach_the_engine(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    publish(broker_settings, "articles.raw", [(b"a", None), (b"b", b"\xff\x00"), (None, b"no key"), (b"c", b"[" * 999)])
    with running(broker_settings) as worker, following(broker_settings, "articles.tagged") as follower:
        worker.ready()
        assert sorted(follower.wait("articles.tagged", 4)) == sorted([b"nothing", b"\xff\x00", b"no key", b"[" * 999])
        assert worker.stop() == 0


def test_sigterm_finishes_what_is_in_work_and_repeats_nothing(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    settings = broker_settings.model_copy(update={"batch_records_max": 2})
    publish(settings, "articles.raw", numbered(12, "slow"))
    with following(settings, "articles.tagged") as follower:
        for _ in range(2):
            with running(settings) as worker:
                worker.ready()
                seen = len(follower.values["articles.tagged"])
                follower.wait("articles.tagged", min(12, seen + 3))
                assert worker.stop() == 0, worker.log
        with running(settings) as worker:
            worker.ready()
            follower.wait("articles.tagged", 12)
            assert worker.stop() == 0
        follower.poll()
    assert sorted(follower.values["articles.tagged"]) == sorted(value for _, value in numbered(12, "slow") if value)


def test_what_comes_of_the_first_articles_of_a_chunk_does_not_wait_for_the_last(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    publish(broker_settings, "articles.raw", numbered(8) + numbered(40, "slow"))
    with running(broker_settings), following(broker_settings, "articles.tagged") as follower:
        assert 8 <= len(follower.wait("articles.tagged", 8)) < 48


def test_an_article_waits_for_the_alerts_of_the_one_before(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=2)  # all matches go to one of them, nothing ever comes of the other
    settings = broker_settings.model_copy(update={"batch_records_max": 1, "alerts_first_ms_max": 3_000})
    # What comes first after a start is under suspicion, and alone in the worker.
    publish(settings, "articles.raw", numbered(200, "alert"))
    with running(settings), following(settings, "articles.tagged", "alerts.high") as follower:
        follower.wait("alerts.high", 200)
        follower.wait("articles.tagged", 200)
        publish(settings, "articles.raw", [(b"1", value) for value in (b"1 alert", *[b"slow"] * 5)])
        assert follower.wait("alerts.high", 201)[-1] == b"1 alert"
        follower.wait("articles.tagged", 206)
        assert follower.sent_ms["alerts.high"][200] < follower.sent_ms["articles.tagged"][201]


def test_matches_that_come_back_to_the_worker_need_not_be_fetched(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    with (
        running(broker_settings, FAKE_WORKER="deaf-to-matches") as worker,
        following(broker_settings, "alerts.high") as follower,
    ):
        worker.ready()
        for count in range(1, 6):  # the first one is under suspicion, and comes with a fetch
            publish(broker_settings, "articles.raw", [(b"1", b"%d alert" % count)])
            assert follower.wait("alerts.high", count)[-1] == b"%d alert" % count
        assert worker.stop() == 0, "all of them are confirmed"


def test_a_bug_ends_the_process_with_75_and_the_record_comes_again(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    publish(broker_settings, "articles.raw", [(b"1", b"bug")])
    for _ in range(2):
        with running(broker_settings) as worker:
            assert worker.wait_exit() == 75
            assert "giving up with exit code 75" in worker.log
            assert "ZeroDivisionError: a bug" in worker.log


def test_a_batch_that_hangs_ends_with_75_after_the_shutdown_timeout(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    settings = broker_settings.model_copy(update={"shutdown_timeout_ms": 200})
    publish(settings, "articles.raw", [(b"1", b"first")])
    with running(settings) as worker, following(settings, "articles.tagged") as follower:
        worker.ready()
        follower.wait("articles.tagged", 1)
        publish(settings, "articles.raw", [(b"1", b"stuck")])
        until(lambda: "stuck from now on" in worker.log, "in work")
        assert worker.stop() == 75
        assert "did not stop within 200 ms" in worker.log


def test_a_stuck_event_loop_fails_livez_and_ends_with_75(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    settings = broker_settings.model_copy(update={"stall_timeout_ms": 1_000})
    with running(settings) as worker:
        worker.ready()
        publish(settings, "articles.raw", [(b"1", b"stuck")])
        until(lambda: "the event loop has been stuck" in worker.page("/livez")[1], "not live")
        assert worker.page("/readyz")[0] in (503, 0)
        assert worker.wait_exit() == 75
        assert "giving up with exit code 75: no sign of life: the event loop has been stuck" in worker.log


def test_lag_without_progress_fails_livez_and_ends_with_75(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    settings = broker_settings.model_copy(update={"stall_timeout_ms": 2_000})
    with running(settings, FAKE_WORKER="deaf") as worker:
        worker.ready()
        publish(settings, "articles.raw", numbered(7))
        until(lambda: worker.page("/livez") != (200, "ok\n"), "not live")
        assert worker.wait_exit() == 75
        assert "no sign of life: 7 records are waiting, none was finished for" in worker.log


def test_not_ready_while_tables_are_recovered(broker_settings: Settings, tmp_path: Path) -> None:
    make_topics(broker_settings)
    settings = broker_settings.model_copy(update={"topic_prefix": ""})
    changelog = f"{broker_settings.consumer_group}-fake-changelog"
    with Admin(settings) as admin:
        admin.create([Topic(changelog, "key", "number", "compact", None)])
    publish(settings, changelog, [(b'"k%d"' % n, b"1") for n in range(8_000)])
    seen = tmp_path / "seen"
    with running(broker_settings, FAKE_WORKER="table", FAKE_SEEN=str(seen)) as worker:
        said = until(
            lambda: (page := worker.page("/readyz"))[1].startswith("waiting for its tables") and page, "tables"
        )
        seen.touch()
        assert said[0] == 503
        worker.ready()
        assert worker.stop() == 0, worker.log


def test_ctrl_c_is_130(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    with running(broker_settings) as worker:
        worker.ready()
        assert worker.stop(signal.SIGINT) == 130


def test_sigterm_while_joining(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    # The embedded broker answers who joins after half a session.
    with running(broker_settings.model_copy(update={"session_timeout_ms": 40_000})) as worker:
        until(lambda: "joining the consumer group" in worker.log, "joining")
        assert worker.page("/readyz")[0] == 503
        assert worker.page("/livez")[0] == 200
        assert worker.stop() == 0, worker.log


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGHUP])
def test_signals_that_come_while_it_ends_change_nothing(
    broker_settings: Settings, tmp_path: Path, again: signal.Signals
) -> None:
    make_topics(broker_settings)
    with running(broker_settings, REAL, TMPDIR=str(tmp_path)) as worker:
        worker.ready().process.send_signal(signal.SIGTERM)

        def ended() -> bool:
            for _ in range(20):
                worker.process.send_signal(again)
            return worker.process.poll() is not None

        until(ended, "the end", pause_seconds=0.001)
        assert worker.wait_exit() == 0, worker.log
        assert "Traceback" not in worker.log
        assert list(tmp_path.iterdir()) == []


def test_a_signal_while_engine_processes_start_leaves_no_folder(tmp_path: Path) -> None:
    nowhere = Settings(bootstrap="127.0.0.1:1", metrics_port=0, engine_processes=2)
    with running(nowhere, REAL, TMPDIR=str(tmp_path)) as worker:
        until(lambda: "serving" in worker.log, "started", pause_seconds=0.01)
        assert worker.stop() == 0, worker.log
        assert list(tmp_path.iterdir()) == []


def test_no_broker_is_one_sentence_and_2() -> None:
    bootstrap = f"127.0.0.1:{free_port()}"
    settings = Settings(bootstrap=bootstrap, metrics_port=0, kafka_connect_timeout_ms=500)
    with running(settings) as worker:
        assert worker.wait_exit() == 2
        assert worker.log.splitlines()[-1].startswith(
            f"redline: cannot reach Kafka within 0.5 s ({bootstrap}: connection refused)"
        )
        assert "Traceback" not in worker.log


def test_sigterm_while_the_broker_is_down() -> None:
    with running(Settings(bootstrap="127.0.0.1:1", metrics_port=0, kafka_connect_timeout_ms=60_000)) as worker:
        until(lambda: "serving" in worker.log, "started")
        assert worker.stop() == 0


def test_missing_topics_are_one_sentence_and_2(broker_settings: Settings) -> None:
    with running(broker_settings) as worker:
        assert worker.wait_exit() == 2
        last = worker.log.splitlines()[-1]
        assert "articles.raw" in last
        assert "redline topics create" in last


def test_topics_that_do_not_fit_are_one_sentence_and_2(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=2)
    with running(broker_settings, REDLINE_TOPIC_PARTITIONS="3") as worker:
        assert worker.wait_exit() == 2
        last = worker.log.splitlines()[-1]
        assert (
            f"{broker_settings.topic_prefix}matches: found 2 partitions, expected 3; set REDLINE_TOPIC_PARTITIONS=2"
            in last
        )
        assert "Changing the number of partitions" in last
    with running(broker_settings, REDLINE_TOPIC_REPLICATION="3") as worker:
        assert worker.wait_exit() == 2
        assert "replicas, expected 3" in worker.log.splitlines()[-1]


def test_another_pipeline_in_the_same_group_is_one_sentence_and_2(broker_settings: Settings) -> None:
    """By what it has read, whether it still works or not; Apache Kafka tells more (tests/kafka/test_groups.py)."""
    group, prefix = broker_settings.consumer_group, broker_settings.topic_prefix
    other = broker_settings.model_copy(update={"topic_prefix": f"other-{prefix}"})
    for settings in (broker_settings, other):
        make_topics(settings)

    def refused() -> None:
        with running(other) as worker:
            assert worker.wait_exit() == 2, worker.log
            last = worker.log.splitlines()[-1]
            assert f"the consumer group {group} reads {prefix}articles.raw" in last
            assert f"would mix their states in {group}-state-changelog. Give this one a group of its own" in last

    with running(broker_settings) as worker, following(broker_settings, "articles.tagged") as follower:
        worker.ready()
        publish(broker_settings, "articles.raw", numbered(8))
        follower.wait("articles.tagged", 8)
        with GroupWatch(broker_settings, group, ()) as watch:
            until(watch.topics, "a commit")
        refused()
        assert worker.stop() == 0, worker.log
    refused()
    with running(broker_settings) as worker:
        assert worker.ready().stop() == 0
    alone = other.model_copy(update={"consumer_group": f"other-{group}"})
    make_topics(alone)
    with running(alone) as worker:
        assert worker.ready().stop() == 0


def test_without_rules_nothing_serves_and_the_code_is_2(broker_settings: Settings, tmp_path: Path) -> None:
    with running(broker_settings.model_copy(update={"rules_dir": tmp_path}), REAL) as worker:
        assert worker.wait_exit() == 2
        assert "expected at least one rule file" in worker.log
        assert "/readyz" not in worker.log


def test_a_taken_port_is_one_sentence_and_2(broker_settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(broker_settings.model_copy(update={"metrics_port": port})) as worker:
            assert worker.wait_exit() == 2
            assert f"cannot listen on 127.0.0.1:{port}" in worker.log.splitlines()[-1]


def test_two_workers_share_the_partitions_and_the_second_takes_over(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    with following(broker_settings, "articles.tagged") as follower, running(broker_settings) as first:
        first.ready()
        with running(broker_settings) as second:
            second.ready()
            publish(broker_settings, "articles.raw", numbered(100, "shared"))
            assert len(set(follower.wait("articles.tagged", 100))) == 100
            assert first.stop() == 0
            publish(broker_settings, "articles.raw", numbered(50, "after"))
            follower.wait("articles.tagged", 150)
            until(lambda: len(set(follower.poll()["articles.tagged"])) == 150, "all of the second half")
            assert second.stop() == 0
