"""500 dated articles replayed on a real Kafka, at several speeds, with kills, 1 and 3 workers, 1 and 4 partitions.

Correlations are the same everywhere, byte for byte, and the same as `redline scan` finds. Throttles follow the log of
`matches`: the log as it was written, fed to the engine in one go, gives the alerts that came and the table as it is.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from stream.broker.publisher import Publisher
from stream.settings import Settings
from stream.sources.item import Offered, Origin, record_of
from stream.sources.replayer import Plan, Replayer
from stream.wire.topics import changelog_name
from tests.faults import truth
from tests.faults.kit import Supervised, supervised
from tests.faults.stateful import Expected, differences, expected, is_episode, without_clock
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import make_topics, publish, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

RULES = """\
kind: rule
id: t.dam
severity: low
match: dam
alert: {group_by: [rule, story], throttle: {every: 6h, per: [rule, story]}}
tests: [{name: f, article: {body: A dam.}, expect: fire}]
---
kind: rule
id: t.flood
severity: none
topics: [flood]
match: flood
tests: [{name: f, article: {body: A flood.}, expect: fire}]
---
kind: correlation
id: c.burst
type: event_count
rules: [t.dam]
window: {size: 6h, grace: 1h}
count: story
condition: {gte: 4}
keep_firing_for: 2h
severity: critical
---
kind: correlation
id: c.then
type: temporal_ordered
rules: [t.dam, t.flood]
group_by: [source]
window: {size: 5h, grace: 10m}
severity: high
---
kind: correlation
id: c.silence
type: absence
rules: [t.dam, t.flood]
group_by: [source]
window: {size: 12h}
severity: info
---
kind: correlation
id: c.session
type: value_count
rules: [t.flood]
window: {size: 2d, type: session, gap: 45m}
condition: {field: source, gte: 3}
severity: medium
---
kind: correlation
id: c.spike
type: spike
rules: [t.flood]
window: {size: 3h}
condition: {baseline: {over: 2d, factor: 2, min: 4}}
severity: medium
"""
RUN = "made-set"
BEGIN = datetime(2024, 3, 1, tzinfo=UTC)
ALERTS = [f"alerts.{severity}" for severity in ("info", "low", "medium", "high", "critical")]
COUNT = 500
AWAY_SECONDS = 10
"""Three sessions long."""


def made_articles() -> list[Offered]:
    """Two weeks of articles in the order of their dates, copies of stories among them, and two absurd dates."""
    chance = random.Random(20_261_126)
    moment, stories, articles = BEGIN, [], []
    for number in range(COUNT):
        moment += timedelta(minutes=chance.choice((1, 5, 20, 40, 90, 150)))
        if not stories or chance.random() < 0.6:
            words = " ".join(f"word{chance.randrange(10**6)}" for _ in range(60))
            stories.append(f"{chance.choice(('A dam broke.', 'A flood came.', 'A dam held the flood.'))} {words}")
        body = chance.choice(stories[-3:])
        published = {100: datetime(1970, 1, 1, tzinfo=UTC), 300: datetime(2100, 1, 1, tzinfo=UTC)}.get(number, moment)
        fields = {
            "id": f"a{number}",
            "body": body,
            "source": f"Source {chance.randrange(5)}",
            "published": published.isoformat(),
        }
        articles.append(Offered(Origin("made", number), fields))
    return articles


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "t.yml").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def scanned(rules: Path) -> Expected:
    """What `redline scan` finds: episodes and alerts, held-back ones among them."""
    found = expected([record_of(item, run=RUN)[1] for item in made_articles()], rules)
    assert len(found.episodes) > 50
    return found


class Topics:
    """Everything that stands on some topics, by topic and partition."""

    def __init__(self, settings: Settings, names: list[str]) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
        self._partitions = [
            TopicPartition(name, p) for name in names for p in self._consumer.partitions_for_topic(name) or ()
        ]
        self._consumer.assign(self._partitions)
        self._consumer.seek_to_beginning(*self._partitions)
        self.records: dict[TopicPartition, list[Any]] = {partition: [] for partition in self._partitions}

    def poll(self) -> bool:
        """Reads what has come; True if that was anything."""
        polled = self._consumer.poll(timeout_ms=300)
        for partition, records in polled.items():
            self.records[partition] += records
        return bool(polled)

    def values(self, *names: str) -> list[bytes]:
        return [r.value for partition, records in self.records.items() if partition.topic in names for r in records]

    def close(self) -> None:
        self._consumer.close()


def replay(settings: Settings, speed: float) -> None:
    with Publisher(settings, client_id="test") as publisher:
        plan = Plan(run=RUN, speed=speed, gap_seconds_max=0.5)
        outcome = Replayer(publisher, settings, plan, report=lambda _: None).replay(made_articles())
    assert outcome.complete


def disturb(workers: list[Supervised], chance: random.Random, how: tuple[signal.Signals, ...]) -> None:
    """Ends a worker, waits until it is back, and so on."""
    for which in how:
        victim = chance.choice(workers)
        killed = victim.worker
        victim.signal(which)
        if which is signal.SIGSTOP:
            time.sleep(AWAY_SECONDS)  # that is the fault; afterwards it may go on, or be started again
            victim.signal(signal.SIGCONT)
        else:
            until(lambda v=victim, k=killed: v.worker is not k, "started again")
        until(lambda v=victim: v.worker.page("/readyz")[0] == 200, "ready again")


@pytest.mark.parametrize(
    ("partitions", "workers", "speed", "disturbances"),
    [
        pytest.param(1, 1, float("inf"), (), id="1 partition, 1 worker, at once"),
        pytest.param(
            4, 1, 100_000, (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM), id="4 partitions, 1 worker, away"
        ),
        pytest.param(1, 3, 200_000, (signal.SIGKILL,), id="1 partition, 3 workers"),
        pytest.param(4, 3, 50_000, (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL), id="4 partitions, 3 workers"),
    ],
)
def test_the_same_alerts_everywhere(
    kafka_settings: Settings,
    rules: Path,
    scanned: Expected,
    partitions: int,
    workers: int,
    speed: float,
    disturbances: tuple[signal.Signals, ...],
) -> None:
    quick = {"session_timeout_ms": 3_000, "heartbeat_interval_ms": 300, "rules_dir": rules}
    settings = kafka_settings.model_copy(update={**quick, "topic_partitions": partitions})
    make_topics(settings, partitions)
    prefix = settings.topic_prefix
    watched = [prefix + name for name in (*ALERTS, "alerts.suppressed", "articles.late", "matches")]
    with ExitStack() as opened:
        started = [opened.enter_context(supervised(settings)) for _ in range(workers)]
        for each in started:
            each.worker.ready()
        sending = threading.Thread(target=replay, args=(settings, speed))
        sending.start()
        disturb(started, random.Random(partitions + workers), disturbances)
        sending.join(120)
        topics = Topics(settings, watched)
        opened.callback(topics.close)

        wanted = scanned.alerts | scanned.episodes.keys()

        def found() -> dict[str, str]:
            return dict(map(without_clock, topics.values(*(prefix + n for n in (*ALERTS, "alerts.suppressed")))))

        until(lambda: not topics.poll() and found().keys() >= wanted, "every alert", 90)
        for each in started:
            assert each.stop() == 0, each.worker.log
        while topics.poll():
            pass
        events = found()
        assert topics.values(prefix + "articles.late") == []
        episodes = {name: event for name, event in events.items() if is_episode(event)}
        assert differences(episodes, scanned.episodes) == []
        assert events.keys() == wanted
        fired = {name for name, _ in map(without_clock, topics.values(*(prefix + name for name in ALERTS)))}
        held = {name for name, _ in map(without_clock, topics.values(prefix + "alerts.suppressed"))}
        assert held
        truth.check(settings, fired, held)


class CleanedOften(KafkaBroker):
    """A broker of its own, whose cleaner looks for dirt often (every 15 s by default) and has nothing else to clean."""

    def more_properties(self) -> str:
        return "log.cleaner.backoff.ms=200\n"


def test_a_changelog_is_compacted_while_it_is_written() -> None:
    """What a worker reads at its start is about what it keeps, not all that was ever written."""
    with CleanedOften() as broker:
        settings = Settings(bootstrap=broker.bootstrap, topic_prefix="", consumer_group="compacted")
        make_topics(settings, 1)
        name, written = changelog_name(settings.consumer_group), 0

        def mostly_compacted() -> bool:
            nonlocal written
            publish(settings, name, [(b"k%d" % (n % 10), b"x" * 4_000) for n in range(2_000)])
            written += 2_000
            with truth.KafkaReader(settings, [name]) as reader:
                return sum(len(records) for _, records in reader.batches()) < written / 2

        until(mostly_compacted, "fewer records than were written")
