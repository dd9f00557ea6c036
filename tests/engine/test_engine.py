"""The stages composed: each record ends as one tagged article or one dead letter, each match as one alert."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.detect import Memory
from stream.engine import Engine, EngineConfig, event_time
from stream.model import Article, Record
from stream.rulelang import RuleSet, SourceFile, load
from stream.wire.control import Control, control_output
from stream.wire.decode import CONTROL_HEADER

RULES = """
schema: rules/v1
kind: rule
id: t.escalation
version: 2
title: Escalation
status: experimental
severity: high
topics: [escalation]
match: '~escalation'
exclude:
  - {name: price, reason: contracts, match: '"price escalation clause"'}
alert:
  summary: '{rule.title}: “{evidence.0.text}” ({article.source})'
---
schema: rules/v1
kind: rule
id: t.war
version: 1
title: War
status: experimental
severity: none
topics: [war, war/land]
match: 'war'
"""
NOW = datetime(2026, 1, 2, tzinfo=UTC)
SENT_MS = int(NOW.timestamp() * 1000)


def ruleset() -> RuleSet:
    loaded = load([SourceFile("t.yml", RULES)])
    assert loaded.ruleset is not None, loaded.diagnostics
    return loaded.ruleset


ENGINE = Engine(ruleset(), EngineConfig(topic_prefix="x."))


def record(value: bytes | None, offset: int = 0, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record("x.articles.raw", 0, offset, SENT_MS, None, value, headers)


def article(**fields: object) -> bytes:
    return orjson.dumps({"id": "a", "body": "Generals fear escalation of the war.", **fields})


def test_an_article_becomes_a_tagged_article_and_its_matches_become_alerts() -> None:
    tagged, match = ENGINE.tag([record(article(source="Reuters", exercise=True, run="r1"))]).outputs
    assert (tagged.topic, tagged.key) == ("x.articles.tagged", b"a")
    topics = orjson.loads(tagged.value)["data"]["topics"]
    assert [(t["topic"], t["rules"]) for t in topics] == [
        ("escalation", ["t.escalation"]),
        ("war", ["t.war"]),
        ("war/land", ["t.war"]),
    ]
    assert (match.topic, match.key) == ("x.matches", b'["r1","t.escalation"]')
    batch = ENGINE.alert([Record("x.matches", 0, 0, 0, match.key, match.value)], NOW, Memory())
    (alert,) = batch.outputs
    event = orjson.loads(alert.value)
    assert alert.topic == "x.alerts.high"
    assert event["data"]["summary"] == "Escalation: “escalation” (Reuters)"
    assert event["data"]["status"] == "exercise"
    assert event["data"]["run"] == "r1"
    assert batch.facts.alerts == {("t.escalation", "high", "fired"): 1}
    assert batch.facts.raw_timestamps_ms == [SENT_MS]


def test_an_exception_masks_the_phrase_and_not_the_article() -> None:
    clause = "A price escalation clause."
    assert len(ENGINE.tag([record(article(body=clause))]).outputs) == 1
    assert len(ENGINE.tag([record(article(body=clause + " Generals fear escalation."))]).outputs) == 2


def test_a_topic_rule_raises_no_alert() -> None:
    batch = ENGINE.tag([record(article(body="The war goes on."))])
    assert [o.topic for o in batch.outputs] == ["x.articles.tagged"]
    assert batch.facts.topics == {"war": 1, "war/land": 1}


def test_control_records_are_outside_the_ledger() -> None:
    control = record(b'{"run":"r","partition":0}', headers=((CONTROL_HEADER, b"end"),))
    for batch in (ENGINE.tag([control]), ENGINE.alert([control], NOW, Memory())):
        assert batch.outputs == []
        assert (batch.facts.controls, batch.facts.articles, batch.facts.dead.total()) == (1, 0, 0)


def test_nobody_but_the_worker_tells_how_far_live_articles_are() -> None:
    far = datetime(9999, 1, 1, tzinfo=UTC)
    live, replayed = (control_output(Control("progress", run, 0, far), topic="x.articles.raw") for run in (None, "r"))
    batch = ENGINE.tag([record(output.value, headers=output.headers) for output in (live, replayed)])
    assert [control.run for control in batch.controls] == ["r"]
    assert (batch.outputs, batch.facts.controls) == ([], 2)
    # What it tells itself goes to `matches` directly.
    memory = Memory()
    ENGINE.alert([Record("x.matches", 0, 0, 0, live.key, live.value, live.headers)], NOW, memory)
    assert memory.reached(None) == far.timestamp()


bad = st.sampled_from([None, b"", b"{", b"[]", b"{}", b'{"body":5}', b"\xff", b'{"body":"\\ud800"}', b"[" * 2_000])
good = st.text(min_size=1, max_size=80).map(lambda body: article(body=body))


@given(st.lists(st.one_of(bad, good), max_size=12))
def test_the_ledger_adds_up(values: list[bytes | None]) -> None:
    batch = ENGINE.tag([record(value, offset) for offset, value in enumerate(values)])
    topics = Counter(output.topic for output in batch.outputs)
    assert topics["x.articles.tagged"] + topics["x.articles.dead"] == len(values)
    assert batch.facts.articles + batch.facts.dead.total() == len(values)


@given(st.lists(st.one_of(bad, good), max_size=12), st.integers(1, 5))
def test_batches_change_nothing(values: list[bytes | None], size: int) -> None:
    records = [record(value, offset) for offset, value in enumerate(values)]
    parts = [ENGINE.tag(records[start : start + size]).outputs for start in range(0, len(records), size)]
    assert sorted(map(repr, ENGINE.tag(records).outputs)) == sorted(repr(o) for part in parts for o in part)


def test_an_output_that_is_too_large_is_a_dead_letter_without_the_body() -> None:
    small = Engine(ruleset(), EngineConfig(topic_prefix="x.", message_bytes_max=1_200))
    values = [article(title="t" * (600 if offset == 1 else 5)) for offset in range(3)]
    batch = small.tag([record(value, offset) for offset, value in enumerate(values)])
    letters = [orjson.loads(output.value) for output in batch.outputs if output.topic == "x.articles.dead"]
    assert [(letter["code"], letter["source"]["offset"]) for letter in letters] == [("output_too_large", 1)]
    assert (letters[0]["original"], letters[0]["truncated"], letters[0]["size_bytes"]) == ("", True, len(values[1]))
    assert "for x.matches, expected at most 1200" in letters[0]["reason"]
    assert [o.topic for o in batch.outputs].count("x.articles.tagged") == 2
    assert all(len(output.value) <= 1_200 for output in batch.outputs)


@pytest.mark.parametrize(("message_bytes_max", "expected"), [(6_000, 6_000), (1_000, 4_096)])
def test_an_alert_is_no_larger_than_a_message_may_be(message_bytes_max: int, expected: int) -> None:
    body = " ".join(f"Generals fear escalation {number} {'of the war ' * 50}." for number in range(30))
    _, match = ENGINE.tag([record(article(body=body))]).outputs
    small = Engine(ruleset(), EngineConfig(topic_prefix="x.", message_bytes_max=message_bytes_max))
    (alert,) = small.alert([Record("x.matches", 0, 0, 0, match.key, match.value)], NOW, Memory()).outputs
    assert 1_000 < len(alert.value) <= expected < len(match.value)
    assert orjson.loads(alert.value)["data"]["evidence_omitted"] > 0


def test_what_is_no_match_is_a_dead_letter() -> None:
    batch = ENGINE.alert([Record("x.matches", 1, 2, 3, b"k", b"{}")], NOW, Memory())
    assert [o.topic for o in batch.outputs] == ["x.articles.dead"]
    assert batch.facts.dead == {("alert", "invalid_match"): 1}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, NOW),
        ({"published": "2026-01-01T23:00:00Z"}, NOW - timedelta(hours=1)),
        ({"published": "2026-01-01T23:00:00Z", "fetched": "2026-01-01T23:30:00Z"}, NOW - timedelta(minutes=30)),
        ({"published": "1970-01-01T00:00:00Z"}, NOW - timedelta(days=7)),
        ({"published": "2100-01-01T00:00:00Z"}, NOW + timedelta(minutes=5)),
        ({"published": "1970-01-01T00:00:00Z", "exercise": True}, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_event_time(fields: dict[str, object], expected: datetime) -> None:
    assert event_time(Article.model_validate({"id": "a", "body": "x", **fields}), NOW) == expected


@pytest.mark.parametrize("timestamp_ms", [-(2**63), -62_135_596_800_000, -1, 253_402_300_799_999, 10**15, 2**63 - 1])
@pytest.mark.parametrize("fields", [{}, {"published": "2026-01-01T23:00:00Z"}, {"exercise": True}])
def test_whatever_a_producer_says_when_it_sent_a_record_is_read(timestamp_ms: int, fields: dict[str, object]) -> None:
    sent = record(article(**fields))._replace(timestamp_ms=timestamp_ms)
    batch = ENGINE.tag([sent])
    tagged, match = batch.outputs
    assert tagged.topic == "x.articles.tagged"
    assert batch.newest_live_us is None or batch.newest_live_us <= SENT_MS * 1_000, "it moves live time nowhere"
    alerted = ENGINE.alert([Record("x.matches", 0, 0, 0, match.key, match.value)], NOW, Memory())
    assert [output.topic for output in alerted.outputs] == ["x.alerts.high"]


def test_a_title_beyond_the_limit_is_cut_in_the_alert_and_whole_in_the_tagged_article() -> None:
    tagged, match = ENGINE.tag([record(article(title="t" * 4_000, url="https://x/" + "u" * 3_000))]).outputs
    assert len(orjson.loads(tagged.value)["data"]["article"]["title"]) == 4_000
    reference = orjson.loads(match.value)["article"]
    assert len(reference["title"]) == 1_000
    assert reference["url"] is None
