"""The replayer's events: what they move, and what they say."""

from __future__ import annotations

from stream.telemetry.events import Telemetry
from stream.telemetry.metrics import Metrics
from stream.telemetry.replaying import ReplayMoved, ReplayTroubled


def test_a_move_adds_the_counts_since_the_last_one() -> None:
    metrics = Metrics()
    telemetry = Telemetry(metrics)
    telemetry.emit(ReplayMoved(10, 4, 4, 3, 1, 900, 0.5))
    telemetry.emit(ReplayMoved(10, 10, 6, 6, 0, 1_800, 0.0))
    assert metrics.value("redline_replay_articles") == 10
    assert metrics.value("redline_replay_sent_total") == 10
    assert metrics.value("redline_replay_acknowledged_total") == 9
    assert metrics.value("redline_replay_failed_total") == 1
    assert metrics.value("redline_replay_bytes_total") == 2_700
    assert metrics.value("redline_replay_progress_ratio") == 1.0
    assert metrics.value("redline_replay_behind_seconds") == 0.0


def test_a_replay_of_nothing_is_done() -> None:
    metrics = Metrics()
    Telemetry(metrics).emit(ReplayMoved(0, 0, 0, 0, 0, 0, 0.0))
    assert metrics.value("redline_replay_progress_ratio") == 1.0


def test_trouble_names_its_place_and_counts_dead_letters_only() -> None:
    metrics = Metrics()
    telemetry = Telemetry(metrics)
    telemetry.emit(ReplayTroubled("a.ndjson:3", "too big", "publish", "too_large"))
    telemetry.emit(ReplayTroubled("b.txt", "no UTF-8", "read", None))
    assert metrics.value("redline_dead_letters_total", stage="publish", code="too_large") == 1
    (line,) = ReplayTroubled("a.ndjson:3", "too big", "publish", "too_large").lines()
    assert line.message == "not published"
    assert line.fields == {"origin": "a.ndjson:3", "reason": "too big", "dead_letter": "too_large"}
