"""The worker as users start it, on the embedded broker, from raw articles to alerts."""

import os
import signal
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.e2e import scenarios
from tests.worker.kit import REAL, following, publish, running

pytestmark = pytest.mark.embedded


@pytest.fixture
def settings(broker_settings: Settings, tmp_path: Path) -> Settings:
    return scenarios.with_rules(broker_settings, tmp_path)


def test_from_raw_to_alerts(settings: Settings) -> None:
    scenarios.from_raw_to_alerts(settings)


def test_bad_input_is_dead_letters_and_stalls_nothing(settings: Settings) -> None:
    scenarios.bad_input_is_dead_letters_and_stalls_nothing(settings)


def test_sigterm_loses_and_repeats_nothing(settings: Settings) -> None:
    assert scenarios.killed_and_started_again(settings, count=300, kills=1, hard=False) == (0, 0)


def test_kill_9_loses_nothing(settings: Settings) -> None:
    lost, _ = scenarios.killed_and_started_again(settings, count=300, kills=1, hard=True)
    assert lost == 0


def test_from_raw_to_alerts_with_engine_processes(settings: Settings) -> None:
    settings = settings.model_copy(update={"engine_processes": 2})
    scenarios.from_raw_to_alerts(settings)


def test_kill_9_with_engine_processes_loses_nothing(settings: Settings) -> None:
    settings = settings.model_copy(update={"engine_processes": 2})
    lost, _ = scenarios.killed_and_started_again(settings, count=300, kills=1, hard=True)
    assert lost == 0


def test_an_engine_process_that_dies_ends_the_worker_which_goes_on_when_started_again(settings: Settings) -> None:
    settings = settings.model_copy(update={"engine_processes": 2})
    with following(settings, "articles.tagged") as follower:
        with running(settings, REAL) as worker:
            worker.ready()
            publish(settings, "articles.raw", scenarios.articles(0, 20))
            follower.wait("articles.tagged", 20)
            for child in children_of(worker.process.pid):
                os.kill(child, signal.SIGKILL)
            assert worker.wait_exit() == 75, worker.log  # though no article came
            assert "an engine process ended with -9" in worker.log
        publish(settings, "articles.raw", scenarios.articles(20, 20))
        with running(settings, REAL) as worker:
            follower.wait("articles.tagged", 40)
            assert worker.stop() == 0, worker.log


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def test_unusable_rules_are_found_before_anything_connects(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("kind: rule\nid: [\n", encoding="utf-8")
    settings = Settings(rules_dir=tmp_path, bootstrap="127.0.0.1:1", metrics_port=0)
    with running(settings, REAL) as worker:
        assert worker.wait_exit() == 2
        assert "broken.yml" in worker.log
        assert "Traceback" not in worker.log
    with running(settings.model_copy(update={"rules_dir": tmp_path / "none"}), REAL) as worker:
        assert worker.wait_exit() == 2
        assert str(tmp_path / "none") in worker.log
