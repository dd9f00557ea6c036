"""The life of an episode as subscribers see it, and what replays do to stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import orjson

from stream.broker.publisher import Failure, Ledger
from stream.detect import Memory
from stream.engine import Engine
from stream.model import Output, Record
from stream.rulelang import SourceFile, load
from stream.settings import Settings
from stream.sources.item import Offered, Origin, record_of
from stream.sources.replayer import Plan, Replayer
from stream.wire.control import encode_control

RAW = "redline.articles.raw"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1_000)
BEGIN = datetime(2024, 5, 1, 12, tzinfo=UTC)
RULES = """\
kind: rule
id: r
severity: low
match: dam
alert: {group_by: [rule, story], throttle: {every: 6h, per: [rule, story]}}
tests: [{name: f, article: {body: A dam.}, expect: fire}]
---
kind: correlation
id: c
type: event_count
rules: [r]
window: {size: 1h, grace: 1m}
condition: {gte: 2}
keep_firing_for: 10m
severity: SEVERITY
"""


def engine(severity: str = "high") -> Engine:
    loaded = load([SourceFile("t.yml", RULES.replace("SEVERITY", severity))])
    assert loaded.ruleset is not None
    return Engine(loaded.ruleset)


@dataclass
class Line:
    """Both agents behind one raw partition, and a publisher for a replayer; everything acknowledged at once."""

    engine: Engine = field(default_factory=engine)
    memory: Memory = field(default_factory=Memory)
    offset: int = 0
    out: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def partitions(self, topic: str) -> int:
        return 1

    def send(self, output: Output, *, partition: int | None = None, counted: bool = True, origin: str = "") -> None:
        raw = Record(
            "redline.articles.raw", 0, 0, int(NOW.timestamp() * 1_000), output.key, output.value, output.headers
        )
        tagged = self.engine.tag([raw])
        outputs = [o for o in tagged.outputs if o.topic == "redline.matches"]
        if tagged.controls:
            outputs = [output]
        records = []
        for each in outputs:
            self.offset += 1
            records.append(Record("redline.matches", 0, self.offset, 0, each.key, each.value, each.headers))
        batch = self.engine.alert(records, NOW, self.memory)
        self.out += [(o.topic.removeprefix("redline."), orjson.loads(o.value)) for o in batch.outputs]

    def take_failures(self) -> list[Failure]:
        return []

    def ledger(self) -> Ledger:
        return Ledger()

    def flush(self, seconds_max: float) -> int:
        return 0

    def reads(self, *items: Offered, until: int) -> None:
        """Some articles of a run, then that it is so many minutes further."""
        for item in items:
            self.send(Output(RAW, *record_of(item, run="x")))
        moment = BEGIN + timedelta(minutes=until)
        control, _ = encode_control("progress", topic=RAW, run="x", partition=0, time=moment)
        self.send(replace(control, value=control.value[:-1] + b',"partitions":1}'))

    def replay(self, items: list[Offered], **plan: object) -> None:
        """Everything at once."""
        plan = {"run": "x", "speed": float("inf"), **plan}
        said: Callable[[object], None] = lambda _: None  # noqa: E731
        Replayer(self, Settings(), Plan(**plan), report=said).replay(items)  # type: ignore[arg-type]


def items(*minutes: int) -> list[Offered]:
    made = []
    for minute in minutes:
        words = " ".join(f"w{minute}x{n}" for n in range(30))
        published = (BEGIN + timedelta(minutes=minute)).isoformat()
        made.append(
            Offered(Origin("x", minute), {"id": f"a{minute}", "body": f"A dam. {words}", "published": published})
        )
    return made


def test_whoever_was_told_that_it_began_is_told_how_it_goes_on() -> None:
    """The severity is changed while an episode lasts: what follows goes to the old topic and to the new one."""
    line = Line(engine("high"))
    line.reads(*items(0, 5), until=30)
    assert [topic for topic, event in line.out if event["subject"] == "c"] == ["alerts.high"]
    line.engine, line.out = engine("critical"), []
    line.reads(*items(31, 32, 33, 34), until=400)
    steps = [(topic, event["type"]) for topic, event in line.out if event["subject"] == "c"]
    assert steps == [
        (topic, f"redline.alert.{state}.v1")
        for state in ("updated", "resolved")
        for topic in ("alerts.high", "alerts.critical")
    ]
    ids = Counter(event["id"] for _, event in line.out if event["subject"] == "c")
    assert set(ids.values()) == {2}, "one alert, on two topics"


def test_repeats_are_new_stories_and_copies_are_the_same_ones() -> None:
    repeated, copied = Line(), Line()
    repeated.replay(items(0, 90, 200), repeat=3)
    copied.replay(items(0, 90, 200), repeat=3, copies=True)

    def of_rule(line: Line) -> Counter[str]:
        return Counter(topic for topic, event in line.out if event["subject"] == "r")

    assert of_rule(repeated) == {"alerts.low": 9}
    assert of_rule(copied) == {"alerts.low": 3, "alerts.suppressed": 6}
    reasons = [event["data"]["suppressed"] for topic, event in copied.out if topic == "alerts.suppressed"]  # type: ignore[index]
    assert {reason["by"] for reason in reasons} == {"throttle"}
    assert all("at most one every 6h for the same rule, story" in reason["reason"] for reason in reasons)
    stories = [
        {event["correlationid"] for _, event in line.out if event["subject"] == "r"} for line in (repeated, copied)
    ]
    assert list(map(len, stories)) == [9, 3]
