"""Live articles on a broker: windows close by the clock of the log, whatever dates articles claim.

Four raw partitions, two of which stay idle; articles of several sources, out of order, some too late for their window,
some dated 1970 and 2100. The episodes are those that `redline scan` finds in the same articles.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from stream.model.article import FUTURE_MAX
from stream.settings import Settings
from stream.wire.topics import RAW
from tests.faults import stateful
from tests.worker.kit import REAL, following, make_topics, running, until

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(180)]

RULES = """\
kind: rule
id: t.dam
severity: low
match: dam
tests: [{name: f, article: {body: A dam.}, expect: fire}]
---
kind: correlation
id: c.burst
type: event_count
rules: [t.dam]
window: {size: 4s, grace: 12s}
condition: {gte: 3}
keep_firing_for: 1s
severity: high
---
kind: correlation
id: c.silence
type: absence
rules: [t.dam]
group_by: [source]
window: {size: 5s, grace: 12s}
severity: info
"""
TOPICS = ("alerts.info", "alerts.high", "alerts.low", "articles.late")
AGES_SECONDS = (0.0, 2.5, 0.4, 1.2, 3.1, 0.1, 2.0, 1.7)
"""How old articles are when they come: not in the order of their dates, and within the grace."""
LONG_AGO, FAR_AHEAD = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Agent 1 makes of them a week before and five minutes after they came."""
SOURCES = 3
CORRELATIONS = 2


class Paper:
    """Publishes articles; remembers them as agent 1 has to understand them."""

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all")
        self._topic = settings.topic_prefix + RAW.name
        self._count = 0
        self.understood: list[tuple[datetime, bytes]] = []

    def publish(self, name: str, published: datetime, body: str = "A dam.", *, counted: bool = True) -> None:
        """On one of the first two partitions, as Kafka receives it now."""
        number, self._count = self._count, self._count + 1
        received = datetime.now(UTC).replace(microsecond=0)
        fields = {"id": name, "body": body, "source": f"Source {number % SOURCES}", "published": published.isoformat()}
        sent = self._producer.send(
            self._topic,
            key=name.encode(),
            value=json.dumps(fields).encode(),
            partition=number % 2,
            timestamp_ms=round(received.timestamp() * 1_000),
        )
        sent.get(timeout=30)
        time = received + FUTURE_MAX if published == FAR_AHEAD else published
        if counted:
            self.understood.append((time, json.dumps(fields | {"published": time.isoformat()}).encode()))

    def in_order(self) -> list[bytes]:
        return [value for _, value in sorted(self.understood)]

    def close(self) -> None:
        self._producer.close()


def seen(event: str) -> tuple[Any, ...]:
    """What does not depend on how an absurd date is written."""
    fields = json.loads(event)
    alert, group = fields["data"], fields["data"]["group"]
    told = (alert["state"], fields["time"], group["count"], group["sources"], group["first_seen"], group["last_seen"])
    return alert["rule"]["id"], *told


def episodes(events: dict[str, str], last: datetime) -> dict[str, tuple[Any, ...]]:
    """Those up to a time, by id: silence goes on after the last article, for a worker but not for `scan`."""
    found = {name: seen(event) for name, event in events.items()}
    return {name: told for name, told in found.items() if datetime.fromisoformat(told[2]) <= last}


def test_windows_close_and_episodes_are_those_of_scan(broker_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    settings = broker_settings.model_copy(update={"rules_dir": tmp_path, "topic_partitions": 4})
    make_topics(settings, 4)
    paper = Paper(settings)
    with running(settings, REAL) as worker, following(settings, *TOPICS) as follower:
        worker.ready()
        for number, age in enumerate(AGES_SECONDS):
            paper.publish(f"a{number}", datetime.now(UTC) - timedelta(seconds=age))
        paper.publish("dated 2100", FAR_AHEAD)

        def events() -> dict[str, str]:
            values = follower.values["alerts.info"] + follower.values["alerts.high"]
            return dict(map(stateful.without_clock, values))

        def states() -> Counter[tuple[Any, ...]]:
            return Counter(seen(event)[:2] for event in events().values())

        def closed() -> bool:
            follower.poll()
            found = states()
            bursts = found["c.burst", "fired"], found["c.burst", "resolved"]
            return bursts[0] == bursts[1] > 0 and found["c.silence", "fired"] >= SOURCES

        until(closed, "windows that close while no article comes", 90)
        paper.publish("dated 1970", LONG_AGO, counted=False)
        paper.publish("an hour late", datetime.now(UTC) - timedelta(hours=1), counted=False)
        last = datetime.now(UTC)
        paper.publish("later", last)
        wanted = episodes(stateful.expected(paper.in_order(), tmp_path).episodes, last)

        def as_scanned() -> bool:
            follower.poll()
            return episodes(events(), last).keys() >= wanted.keys()

        until(as_scanned, "the episodes of scan", 60)
        assert worker.stop() == 0, worker.log
        follower.rest()
    paper.close()
    late = [json.loads(value) for value in follower.values["articles.late"]]
    assert len(late) == 2 * CORRELATIONS, "one for each correlation that did not count it"
    assert all("an hour late" in json.dumps(record) or "dated 1970" in json.dumps(record) for record in late)
    single = {json.loads(value)["data"]["article"]["id"] for value in follower.values["alerts.low"]}
    assert single == {f"a{n}" for n in range(len(AGES_SECONDS))} | {"dated 1970", "dated 2100", "an hour late", "later"}
    assert episodes(events(), last) == wanted
    assert {told[:2] for told in wanted.values()} >= {("c.silence", "resolved"), ("c.burst", "resolved")}
