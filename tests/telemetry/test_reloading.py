"""What a reload of the rules counts and says."""

import logging

import pytest

from stream.rulelang import RuleSet
from stream.telemetry.events import RulesLoaded, Telemetry
from stream.telemetry.metrics import Metrics
from stream.telemetry.reloading import TROUBLES_LOGGED_MAX, Changes, RulesRefused, RulesReloaded, Trouble

OLD, NEW = "a" * 64, "b" * 64


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(Metrics())


def fields(record: logging.LogRecord) -> object:
    return getattr(record, "redline_fields", None)


def test_a_start_is_a_success_and_every_outcome_begins_at_zero(telemetry: Telemetry) -> None:
    telemetry.emit(RulesLoaded(RuleSet((), 0, OLD), "rules"))
    assert telemetry.metrics.value("redline_rules_reload_success") == 1
    shown = telemetry.metrics.exposition().decode()
    for outcome in ("changed", "same", "refused"):
        assert f'redline_rules_reloads_total{{outcome="{outcome}"}} 0.0' in shown


def test_a_change_names_both_digests_and_the_rules(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    changed = tuple(f"r{n:02}" for n in range(12))
    telemetry.emit(RulesReloaded(OLD, RuleSet((), 0, NEW), "rules", Changes(("new",), (), changed), 0.2531))
    assert telemetry.metrics.value("redline_rules_info", digest=NEW) == 1
    assert telemetry.metrics.value("redline_rules_reloads_total", outcome="changed") == 1
    assert fields(caplog.records[0]) == {
        "folder": "rules",
        "digest": NEW[:12],
        "digest_before": OLD[:12],
        "added": "new",
        "changed": ", ".join(changed[:10]) + " and 2 more",
        "seconds": 0.25,
    }


def test_refusal_and_repair(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    telemetry.emit(RulesRefused("rules", OLD, [Trouble(f"R{n}") for n in range(TROUBLES_LOGGED_MAX + 5)]))
    assert telemetry.metrics.value("redline_rules_reload_success") == 0
    assert len(caplog.records) == TROUBLES_LOGGED_MAX + 1
    assert fields(caplog.records[0]) == {"folder": "rules", "troubles": TROUBLES_LOGGED_MAX + 5, "digest": OLD[:12]}
    telemetry.emit(RulesReloaded(OLD, RuleSet((), 0, OLD), "rules", Changes(), 0.0))
    assert telemetry.metrics.value("redline_rules_reload_success") == 1
    assert telemetry.metrics.value("redline_rules_reloads_total", outcome="same") == 1
    assert caplog.records[-1].getMessage() == "rules read again, their meaning is the same"
