"""A year of dated articles: what `redline scan` finds, and what a worker finds that replays them, is the same."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream.broker.publisher import Publisher
from stream.settings import Settings
from stream.sources.item import Offered, Origin, record_of
from stream.sources.replayer import Plan, Replayer
from tests.faults import stateful
from tests.worker.kit import REAL, following, running, until

pytestmark = pytest.mark.embedded

COUNT = 1_500
LONGER = {
    "2m": "2d",
    "1m": "1d",
    "5m": "4d",
    "20s": "8h",
    "30s": "12h",
    "10s": "36h",
    "{size: 1d, grace: 5s}": "{size: 1d}",
}
TOPICS = tuple(f"alerts.{name}" for name in ("info", "low", "medium", "high", "critical", "suppressed"))


def year() -> list[Offered]:
    """1,500 articles, some in bursts and some after weeks; the recording of the fault tests, at other times."""
    chance, moment, made = random.Random(2024), datetime(2024, 1, 1, tzinfo=UTC), []
    for number in range(COUNT):
        moment += timedelta(minutes=chance.choice((1, 10, 40, 120, 300, 700, 900 if number % 50 else 16_500)))
        fields = json.loads(stateful.article(number))
        for name in ("run", "exercise"):
            del fields[name]
        made.append(Offered(Origin("year", number), fields | {"published": moment.isoformat()}))
    assert timedelta(days=360) < moment - datetime(2024, 1, 1, tzinfo=UTC) < timedelta(days=460)
    return made


def test_a_worker_finds_what_scan_finds(broker_settings: Settings, tmp_path: Path) -> None:
    settings = stateful.with_rules(broker_settings, tmp_path, partitions=2)
    rules = stateful.RULES
    for short, long in LONGER.items():
        rules = rules.replace(short, long)
    (tmp_path / "rules.yml").write_text(rules, encoding="utf-8")
    articles = year()
    wanted = stateful.expected([record_of(item, run="year")[1] for item in articles], tmp_path)
    assert len(wanted.episodes) > 300
    with running(settings, REAL) as worker, following(settings, *TOPICS, "articles.late") as follower:
        worker.ready()
        with Publisher(settings, client_id="test") as publisher:
            plan = Plan(run="year", speed=float("inf"))
            assert Replayer(publisher, settings, plan, report=lambda _: None).replay(articles).complete
        found: dict[str, str] = {}

        def all_have_come() -> bool:
            for topic, values in follower.poll().items():
                assert topic != "articles.late" or not values
                found.update(map(stateful.without_clock, values))
                values.clear()
            return len(found) >= len(wanted.alerts) + len(wanted.episodes)

        until(all_have_come, "all alerts", 120)
        assert worker.stop() == 0
    episodes = {name: event for name, event in found.items() if stateful.is_episode(event)}
    assert stateful.differences(episodes, wanted.episodes) == []
    assert found.keys() - episodes.keys() == wanted.alerts
