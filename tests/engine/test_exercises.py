"""Drills among live articles (`exercise: true` and no run): they change nothing about the real ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import orjson

from stream.detect import Memory
from stream.engine import Engine
from stream.model import Output, Record
from stream.rulelang import SourceFile, load
from stream.wire.control import Control, control_output

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
RULES = """\
kind: rule
id: r
severity: low
match: dam
alert: {group_by: [rule], throttle: {every: 6h, per: [rule]}}
tests: [{name: f, article: {body: A dam.}, expect: fire}]
---
kind: correlation
id: c
type: event_count
rules: [r]
window: {size: 1h, grace: 1m}
condition: {gte: 2}
keep_firing_for: 10m
severity: critical
"""
LOADED = load([SourceFile("t.yml", RULES)])
assert LOADED.ruleset is not None
ENGINE = Engine(LOADED.ruleset)

Article = tuple[str, int, bool]
"""Its id, how many minutes after noon it came, and whether it is a drill."""


class Line:
    """Both agents on live articles, one raw partition, everything acknowledged at once."""

    def __init__(self, *articles: Article, until: int) -> None:
        self.memory, self.offset = Memory(), 0
        self.alerts: list[dict[str, object]] = []
        self.keys: set[bytes | None] = set()
        for name, minute, is_drill in articles:
            moment = NOON + timedelta(minutes=minute)
            value = orjson.dumps({"id": name, "body": "A dam.", "fetched": moment.isoformat(), "exercise": is_drill})
            raw = Record("redline.articles.raw", 0, 0, int(moment.timestamp() * 1_000), None, value)
            self._alert(output for output in ENGINE.tag([raw]).outputs if output.topic == "redline.matches")
        told = Control("progress", None, 0, NOON + timedelta(minutes=until), partitions=1)
        self._alert([control_output(told, topic="redline.matches")])

    def _alert(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            self.keys.add(output.key)
            self.offset += 1
            record = Record(output.topic, 0, self.offset, 0, output.key, output.value, output.headers)
            self.alerts += [orjson.loads(o.value) for o in ENGINE.alert([record], NOON, self.memory).outputs]

    def of(self, status: str) -> list[dict[str, object]]:
        return [alert for alert in self.alerts if alert["data"]["status"] == status]  # type: ignore[index]


REAL: list[Article] = [("a", 600, False), ("b", 601, False)]
"""They fire a rule and an episode."""


def test_a_drill_changes_nothing_about_real_alerts_and_episodes() -> None:
    alone = Line(*REAL, until=900)
    assert len(alone.of("actual")) == 4, "fired, held back, and an episode that begins and ends"
    for minute in (0, 595, 600):
        with_drill = Line(("drill", minute, True), *REAL, until=900)
        assert with_drill.of("actual") == alone.of("actual")
        assert len(with_drill.of("exercise")) == 1, "no throttle holds the drill back, and it makes no episode"
        assert with_drill.keys >= alone.keys


def test_drills_have_throttles_and_episodes_of_their_own_with_ids_of_their_own() -> None:
    both = Line(*REAL, ("x", 600, True), ("y", 601, True), until=900)
    real, drills = both.of("actual"), both.of("exercise")
    assert [alert["type"] for alert in drills] == [alert["type"] for alert in real]
    assert not {alert["id"] for alert in drills} & {alert["id"] for alert in real}
    assert not {alert["partitionkey"] for alert in drills} & {alert["partitionkey"] for alert in real}


def test_the_keys_of_all_else_are_what_they_were() -> None:
    assert Line(*REAL, until=0).keys == {b'[null,"r"]', b'[null,"c",[]]', b""}
    fields = {"id": "a", "body": "A dam.", "run": "x", "exercise": True}
    replayed = ENGINE.tag([Record("redline.articles.raw", 0, 0, 0, None, orjson.dumps(fields))])
    assert [output.key for output in replayed.outputs][1:] == [b'["x","r"]', b'["x","c",[]]']
