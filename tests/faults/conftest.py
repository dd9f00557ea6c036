"""Fault tests run on the real Kafka of tests/kafka."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.results import Result, record
from tests.kafka.conftest import kafka_broker, kafka_settings

__all__ = ["Report", "kafka_broker", "kafka_settings", "report"]


Report = Callable[[Result], None]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Report:
    """Shows and records a result; the figures are what a fault test is run for."""

    def show(result: Result) -> None:
        record(result)
        with capsys.disabled():
            print(f"\n{result.sentence()}")  # noqa: T201

    return show
