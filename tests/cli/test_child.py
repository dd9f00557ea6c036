"""A service as a child process, while it does not answer."""

from __future__ import annotations

from pathlib import Path

from stream.cli.child import ServiceProcess
from stream.settings import Settings
from tests.ports import free_port


def test_metrics_of_one_that_does_not_answer_are_nothing(tmp_path: Path) -> None:
    settings = Settings(bootstrap="127.0.0.1:1", kafka_connect_timeout_ms=60_000, metrics_port=0)
    with ServiceProcess(settings, tmp_path / "log", command="worker", health_port=free_port()) as worker:
        assert worker.metrics() == ""
