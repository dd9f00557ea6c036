"""A recording whose alerts need memory: what fault tests send, and what one undisturbed reading of it comes to.

Articles of one run, a second apart, five sources, seven to a story; after each 200 of them ten minutes of silence, so
that episodes begin and end. Every article matches one rule, whose throttle holds about half of the alerts back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stream.cli.scanning import Line, Scanner, times_ahead
from stream.settings import Settings
from tests.worker.kit import make_topics

RUN = "faults"
BEGIN = datetime(2024, 3, 1, tzinfo=UTC)
SOURCES = 5
A_STORY = 7
A_BURST = 200
SILENCE = timedelta(minutes=10)
RULES = """\
kind: rule
id: t.dam
severity: high
topics: [dams]
match: dam NEAR/5 collapse
alert: {group_by: [rule, source], throttle: {every: 10s, per: [rule, source]}}
tests: [{name: f, article: {body: The dam may collapse.}, expect: fire}]
---
kind: rule
id: t.water
severity: none
topics: [water]
match: water
tests: [{name: f, article: {body: Water is wet.}, expect: fire}]
---
kind: correlation
id: c.burst
type: event_count
rules: [t.dam]
window: {size: 2m, grace: 20s}
count: story
condition: {gte: 8}
keep_firing_for: 30s
severity: critical
---
kind: correlation
id: c.then
type: temporal_ordered
rules: [t.dam, t.water]
group_by: [source]
window: {size: 1m, grace: 5s}
severity: medium
---
kind: correlation
id: c.silence
type: absence
rules: [t.dam]
group_by: [source]
window: {size: 5m}
severity: info
---
kind: correlation
id: c.sources
type: value_count
rules: [t.water]
window: {size: 1m, type: tumbling}
condition: {field: source, gte: 3}
severity: low
"""


def with_rules(settings: Settings, folder: Path, partitions: int = 4) -> Settings:
    """The settings with the rules above, and the topics made."""
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    make_topics(settings, partitions)
    return settings.model_copy(update={"rules_dir": folder, "topic_partitions": partitions})


def time_of(number: int) -> datetime:
    """When article `number` is said to have been published."""
    return BEGIN + timedelta(seconds=number) + number // A_BURST * SILENCE


def article(number: int) -> bytes:
    """One article of the recording; copies of one story differ in their titles only."""
    story = number // A_STORY
    water = " There is water in the streets." if story % 3 == 0 else ""
    body = (
        f"Engineers of town{story} said that the dam may soon collapse. The mayor, Dr. Name{story}, asked all people "
        f"who live below street{story} to leave their houses.{water}"
    )
    fields = {
        "id": f"a{number}",
        "title": f"Report {number}",
        "body": body,
        "source": f"Source {number % SOURCES}",
        "published": time_of(number).isoformat(),
        "run": RUN,
        "exercise": True,
    }
    return json.dumps(fields).encode()


@dataclass(frozen=True)
class Expected:
    """What one reading comes to, without `recordedtime`: ids of alerts (held back or not), and episodes by id."""

    alerts: set[str]
    episodes: dict[str, str]


def expected(values: Sequence[bytes], rules_dir: Path) -> Expected:
    """Of the articles as they were sent, in the order of their time, by `redline scan`."""
    settings = Settings(rules_dir=rules_dir)
    ahead = times_ahead(values, settings.message_bytes_max)
    lines = [Line("sent", number, value, ahead[number]) for number, value in enumerate(values)]
    scanner = Scanner(settings, "alerts", suppressed=True)
    now = datetime.now(UTC)
    found = dict(without_clock(line) for line in (scanner.run(lines, now)[0] + scanner.end(now)[0]).splitlines())
    episodes = {name: event for name, event in found.items() if is_episode(event)}
    return Expected(found.keys() - episodes.keys(), episodes)


def without_clock(event: bytes) -> tuple[str, str]:
    """The id, and the rest but for `recordedtime`."""
    fields: dict[str, Any] = json.loads(event)
    del fields["recordedtime"]
    return fields["id"], json.dumps(fields)


def is_episode(event: str) -> bool:
    """True for an alert of a correlation."""
    return isinstance(json.loads(json.loads(event)["partitionkey"])[-1], list)


def differences(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """What differs, briefly: ids on one side alone, and the first differing part of the others."""
    said = [f"{name} on one side alone" for name in found.keys() ^ wanted.keys()]
    for name in sorted(found.keys() & wanted.keys()):
        if found[name] != wanted[name]:
            pairs = zip(found[name], wanted[name], strict=False)
            at = next((n for n, (a, b) in enumerate(pairs) if a != b), 0)
            said.append(f"{name}: …{found[name][at - 80 : at + 80]}… expected …{wanted[name][at - 80 : at + 80]}…")
    return said[:5]
