"""Fixtures for tests that need a broker."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.settings import Settings

_numbers = itertools.count(1)

# Shared machines are slow at times; how long an example takes is no finding. The same examples every time: what a new
# one finds belongs to whoever looks for it (`--hypothesis-profile=search`), not to whoever changed something else.
_slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile("search", derandomize=False, **_slow)
hypothesis_settings.register_profile("shared", derandomize=True, **_slow)
hypothesis_settings.load_profile("shared")


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """One embedded broker for all tests; give each test topics of its own with `topic_prefix`."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def topic_prefix() -> str:
    """A topic prefix that no other test uses."""
    return f"test{next(_numbers)}."


@pytest.fixture
def broker_settings(embedded_broker: EmbeddedBroker, topic_prefix: str) -> Settings:
    """Settings for the embedded broker with a prefix, a consumer group and free ports of this test's own."""
    return Settings(
        **setting_overrides(embedded_broker),
        topic_prefix=topic_prefix,
        consumer_group=f"{topic_prefix}worker",
        metrics_port=0,
        replay_metrics_port=0,
    )
