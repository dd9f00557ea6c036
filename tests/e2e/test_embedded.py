"""The worker as users start it, on the embedded broker, from raw articles to alerts."""

from pathlib import Path

import pytest

from stream.settings import Settings
from tests.e2e import scenarios
from tests.worker.kit import REAL, running

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
