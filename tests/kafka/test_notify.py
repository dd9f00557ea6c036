"""Delivery on a real Apache Kafka."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.notify.kills import kill_again_and_again
from tests.notify.running import notify_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def test_killed_twenty_times_under_load_every_alert_is_delivered(kafka_settings: Settings, tmp_path: Path) -> None:
    """`make test-kafka ARGS="-s -k killed_twenty"` prints the ledger."""
    settings = notify_settings(kafka_settings, session_timeout_ms=1_000)
    ledger = kill_again_and_again(settings, tmp_path, kills=20)
    sys.stderr.write(f"\n{ledger}; {ledger.seconds_per_kill:.1f} s a kill\n")
    assert ledger.lost == 0
    assert ledger.dead_requests > 0, "the dead destination was tried, too"
