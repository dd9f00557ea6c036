"""A notifier that is killed, on the embedded broker; tests/kafka has more of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.settings import Settings
from tests.notify.kills import kill_again_and_again
from tests.notify.running import notify_settings

pytestmark = pytest.mark.embedded


def test_killed_it_goes_on_where_it_was(broker_settings: Settings, tmp_path: Path) -> None:
    ledger = kill_again_and_again(notify_settings(broker_settings, session_timeout_ms=1_000), tmp_path, kills=1)
    assert ledger.lost == 0
    assert ledger.dead_requests > 0
