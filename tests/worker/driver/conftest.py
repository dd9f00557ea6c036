"""A consumer of the driver on a Kafka client in memory, for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worker.driver.kit import Body, bench_runner


@pytest.fixture
def on_bench(tmp_path: Path) -> Callable[[Body], None]:
    return bench_runner(tmp_path)
