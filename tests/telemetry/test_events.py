import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream.engine import Facts
from stream.rulelang.ruleset import RuleSet
from stream.sources.rulefiles import load_ruleset
from stream.telemetry.events import ChunkAlerted, ChunkTagged, GaveUp, LagMeasured, RulesLoaded, Telemetry
from stream.telemetry.metrics import Metrics
from stream.telemetry.sourcing import SourceStarted

NOW = datetime(2026, 5, 1, 12, 0, 10, tzinfo=UTC)


def telemetry() -> Telemetry:
    return Telemetry(Metrics())


def test_a_tagged_chunk_adds_up(caplog: pytest.LogCaptureFixture) -> None:
    facts = Facts(records=5, controls=1, articles=3, article_bytes=900)
    facts.topics.update({"nato": 2, "energy": 1})
    facts.dead["decode", "invalid_json"] += 1
    facts.dead_reasons.append("raw[0]@7: found a brace")
    facts.rule_errors.append(("broken", "too long"))
    seen = telemetry()
    seen.emit(ChunkTagged(facts, 0.004))
    metrics = seen.metrics
    stages = {s: metrics.value("redline_articles_total", stage=s) for s in ("received", "tagged", "refused")}
    assert stages == {"received": 4, "tagged": 3, "refused": 1}
    assert metrics.value("redline_article_bytes_total") == 900
    assert metrics.value("redline_topics_total", topic="nato") == 2
    assert metrics.value("redline_dead_letters_total", stage="decode", code="invalid_json") == 1
    assert metrics.value("redline_batch_articles", stage="tag") == 1
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", "refused a record, see articles.dead"),
        ("ERROR", "rule failed on an article and was skipped"),
    ]


def test_an_alerted_chunk_measures_latency_from_the_raw_record_and_from_publication() -> None:
    facts = Facts(records=2)
    facts.alerts["rule", "high", "fired"] += 2
    facts.episodes["rule", "high", "resolved"] += 1
    facts.alert_sources["Wire", "high"] += 1
    facts.alert_sources["", "high"] += 1
    facts.raw_timestamps_ms = [int((NOW - timedelta(milliseconds=30)).timestamp() * 1_000), 2**62]
    facts.published_live = [NOW - timedelta(seconds=40)]
    seen = telemetry()
    seen.emit(ChunkAlerted(facts, 0.001, NOW))
    sample = seen.metrics.registry.get_sample_value
    assert seen.metrics.value("redline_alerts_total", rule="rule", severity="high", state="fired") == 2
    assert seen.metrics.value("redline_episodes_total", rule="rule", severity="high", state="resolved") == 1
    assert seen.metrics.value("redline_alerts_by_source_total", source="Wire", severity="high") == 1
    assert seen.metrics.value("redline_alerts_by_source_total", source="none given", severity="high") == 1
    assert sample("redline_end_to_end_seconds_sum") == pytest.approx(0.03)
    assert sample("redline_end_to_end_seconds_count") == 2
    assert sample("redline_published_to_alert_seconds_sum") == 40


def test_lag_of_partitions_that_went_away_disappears() -> None:
    seen = telemetry()
    seen.emit(LagMeasured({("raw", 0): 5, ("raw", 1): 0}))
    seen.emit(LagMeasured({("raw", 1): 2}))
    sample = seen.metrics.registry.get_sample_value
    assert sample("redline_consumer_lag", {"topic": "raw", "partition": "0"}) is None
    assert sample("redline_consumer_lag", {"topic": "raw", "partition": "1"}) == 2


def test_lag_of_partitions_that_stay_is_there_at_every_moment() -> None:
    seen = telemetry()
    seen.emit(LagMeasured({("raw", 0): 5, ("raw", 1): 0}))
    there = []

    class Scraped(Metrics):
        def set(self, name: str, value: float, **labels: str) -> None:
            there.append(seen.metrics.registry.get_sample_value(name, {"topic": "raw", "partition": "1"}))
            super().set(name, value, **labels)

    seen.metrics.__class__ = Scraped
    seen.emit(LagMeasured({("raw", 2): 1, ("raw", 1): 2}))
    assert there == [0, 0]


def test_what_is_counted_by_rule_topic_or_stage_begins_at_0() -> None:
    seen = telemetry()
    ruleset = load_ruleset(Path(__file__).parents[2] / "rules")
    seen.emit(RulesLoaded(ruleset, "rules"))
    sample = seen.metrics.registry.get_sample_value
    for stage in ("received", "tagged", "refused"):
        assert sample("redline_articles_total", {"stage": stage}) == 0
    for topic in {topic for rule in ruleset.rules for topic in rule.topics}:
        assert sample("redline_topics_total", {"topic": topic}) == 0
    assert ruleset.correlations
    for rule in ruleset.correlations:
        for state in ("fired", "updated", "resolved"):
            labels = {"rule": rule.id, "severity": rule.severity.value, "state": state}
            assert sample("redline_episodes_total", labels) == 0
            assert sample("redline_alerts_total", labels) == 0


def test_the_polls_of_a_feed_begin_at_0() -> None:
    seen = telemetry()
    sample = seen.metrics.registry.get_sample_value
    for kind, value in (("directory", None), ("feed", 0)):
        seen.emit(SourceStarted("one", kind, "somewhere"))
        for outcome in ("changed", "unchanged", "failed", "page", "page_failed"):
            assert sample("redline_feed_polls_total", {"outcome": outcome}) == value


def test_a_reloaded_rule_set_replaces_the_digest() -> None:
    seen = telemetry()
    seen.emit(RulesLoaded(RuleSet((), 2, "a" * 64), "rules"))
    seen.emit(RulesLoaded(RuleSet((), 3, "b" * 64), "rules"))
    sample = seen.metrics.registry.get_sample_value
    assert sample("redline_rules_info", {"digest": "a" * 64}) is None
    assert sample("redline_rules_info", {"digest": "b" * 64}) == 1
    assert sample("redline_rules_loaded", {"kind": "list"}) == 3
    assert sample("redline_rules_loaded", {"kind": "alert"}) == 0


def test_a_flood_of_refusals_is_counted_but_not_logged_in_full(caplog: pytest.LogCaptureFixture) -> None:
    seen = telemetry()
    for _ in range(100):
        facts = Facts(records=10, dead_reasons=[f"reason {n}" for n in range(10)])
        facts.dead["decode", "empty"] += 10
        seen.emit(ChunkTagged(facts, 0.001))
    assert seen.metrics.value("redline_dead_letters_total", stage="decode", code="empty") == 1_000
    assert len(caplog.records) <= 20


def test_giving_up_says_why(caplog: pytest.LogCaptureFixture) -> None:
    telemetry().emit(GaveUp("an agent failed", "KafkaTimeoutError: no answer"))
    assert caplog.records[0].levelno == logging.CRITICAL
    assert caplog.records[0].getMessage() == "giving up with exit code 75: an agent failed"
