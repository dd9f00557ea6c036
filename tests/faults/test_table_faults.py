"""Tables that take long to recover, and states that are large; on a real Kafka."""

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from stream.broker.admin import Admin
from stream.detect import to_us
from stream.detect.snapshot import head_of
from stream.settings import Settings
from stream.wire.topics import RAW, Topic, changelog_name
from tests.faults import stateful, truth
from tests.faults.conftest import Report
from tests.faults.kit import Books, rss_bytes, supervised, tell
from tests.faults.results import Result
from tests.worker.kit import FAKE, REAL, following, make_topics, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

KEYS = int(os.environ.get("RECOVERY_KEYS", "20000"))
"""Measured with RECOVERY_KEYS=100000; publishing so many takes a while."""
LIMIT_BYTES = 40_000
WAITING = 2_000


def test_sigterm_while_tables_are_recovered(kafka_settings: Settings) -> None:
    """A worker with a long changelog to read is asked to stop in the middle of it."""
    make_topics(kafka_settings)
    bare = kafka_settings.model_copy(update={"topic_prefix": ""})
    changelog = f"{kafka_settings.consumer_group}-fake-changelog"
    with Admin(bare) as admin:
        admin.create([Topic(changelog, "key", "number", "compact", None)])
    for start in range(0, 20_000, 10_000):
        publish(bare, changelog, [(b'"k%d"' % n, b"1") for n in range(start, start + 10_000)])
    with running(kafka_settings, FAKE, FAKE_WORKER="table") as worker:
        until(lambda: worker.page("/readyz")[1].startswith("waiting for its tables"), "recovering")
        assert worker.stop() == 0, worker.log
        assert "Traceback" not in worker.log


def test_a_state_above_the_brokers_limit(kafka_settings: Settings, tmp_path: Path, report: Report) -> None:
    """No article of a run may be counted before its end, so all of them wait; a kill -9 in the midst of it."""
    small = {"message_bytes_max": LIMIT_BYTES, "session_timeout_ms": 2_000, "heartbeat_interval_ms": 300}
    settings = stateful.with_rules(kafka_settings.model_copy(update=small), tmp_path, partitions=1)
    articles = [(f"a{n}".encode(), stateful.article(n)) for n in range(WAITING)]
    with supervised(settings) as worker, following(settings, "articles.tagged") as follower:
        worker.worker.ready()
        publish(settings, RAW.name, articles[: WAITING // 2])
        follower.wait("articles.tagged", WAITING // 4)
        worker.signal(signal.SIGKILL)
        publish(settings, RAW.name, articles[WAITING // 2 :])
        tell(settings, "end", stateful.time_of(WAITING - 1))
        with closing(Books(settings)) as books:
            account = books.settle(WAITING, seconds=120.0)
        assert worker.stop() == 0
    sizes = largest_states(settings)
    remark = f"{max(sizes):,} bytes under a limit of {LIMIT_BYTES:,}"
    report(account.result("a state above the broker's limit, kill -9", 1, [], remark))
    account.check(settings)
    assert max(sizes) > LIMIT_BYTES


def largest_states(settings: Settings) -> list[int]:
    """The bytes of each key, its parts together, when most of them waited: as the changelog was written."""
    largest: dict[bytes, int] = {}
    sizes: dict[bytes, int] = {}
    totals: dict[bytes, int] = {}
    with truth.KafkaReader(settings, [changelog_name(settings.consumer_group)]) as reader:
        for _, records in reader.batches():
            for record in records:
                size = len(record.value or b"")
                assert size <= LIMIT_BYTES
                key = record.key.rpartition(b"#")[0] or record.key
                totals[key] = totals.get(key, 0) + size - sizes.get(record.key, 0)
                sizes[record.key] = size
                largest[key] = max(largest.get(key, 0), totals[key])
    return list(largest.values())


def silences(settings: Settings) -> list[bytes]:
    """The states of silence that wait for nothing but the end of their window; none while others are among them."""
    states = [value for (_, key), value in truth.changelog(settings).items() if b"c.silence" in key]
    asleep = [value for value in states if head_of(value).wakes_us > to_us(stateful.time_of(30))]
    return states if len(asleep) == stateful.SOURCES == len(states) else []


def test_a_large_table_is_recovered(kafka_settings: Settings, tmp_path: Path, report: Report) -> None:
    """A changelog as after a long time; seconds until the worker is ready, and what the keys take in its memory."""
    settings = stateful.with_rules(kafka_settings, tmp_path, partitions=2)
    with running(settings, REAL) as worker:
        worker.ready()
        empty_seconds, empty_bytes = worker.ready_seconds, rss_bytes(worker.process.pid)
        publish(settings, RAW.name, [(f"a{n}".encode(), stateful.article(n)) for n in range(30)])
        tell(settings, "progress", stateful.time_of(30), partitions=2)
        until(lambda: silences(settings), "states that count their articles, and sleep", 60)
        assert worker.stop() == 0
    template = silences(settings)[0]
    bare = settings.model_copy(update={"topic_prefix": ""})
    for start in range(0, KEYS, 10_000):
        states = [(b'0:["faults","c.silence",["s%d"]]' % n, template) for n in range(start, start + 10_000)]
        publish(bare, changelog_name(settings.consumer_group), states)
    with running(settings, REAL) as worker:
        worker.ready()
        publish(settings, RAW.name, [(f"a{n}".encode(), stateful.article(n)) for n in range(30, 40)])
        with following(settings, "articles.tagged") as follower:
            follower.wait("articles.tagged", 40)
        grown = (rss_bytes(worker.process.pid) - empty_bytes) / 1e6
        seconds = worker.ready_seconds
        assert worker.stop() == 0, worker.log
    remark = (
        f"ready after {seconds:.1f} s ({empty_seconds:.1f} s without), {grown:.0f} MB for {len(template)} bytes a key"
    )
    report(Result(f"a worker starts with a table of {KEYS:,} keys", 1, 40, 0, 0, (), remark))
