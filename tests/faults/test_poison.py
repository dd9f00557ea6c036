"""Records that kill whoever works on them: each ends in articles.dead, and everything else goes on.

And no others: a note about a chunk does not outlive the work on it.
"""

import json
import signal
from contextlib import closing

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from stream.settings import Settings
from stream.worker.driver.suspects import WARY
from tests.faults.kit import supervised
from tests.worker.kit import FAKE, following, make_topics, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

TRIED = "tried 1"
LONG_MS = 60_000
"""The longest interval of regular commits; nothing here is waited for as long."""


def test_two_poison_records_among_a_thousand(kafka_settings: Settings) -> None:
    quick = {"session_timeout_ms": 1_500, "heartbeat_interval_ms": 300, "batch_records_max": 50}
    settings = kafka_settings.model_copy(update=quick)
    make_topics(settings, partitions=1)
    poison = {333, 334}
    sent = [(f"{n}".encode(), f"{n} {'kill' if n in poison else ''}".encode()) for n in range(1_000)]
    publish(settings, "articles.raw", sent)
    with (
        supervised(settings, FAKE) as worker,
        following(settings, "articles.tagged", "articles.dead") as follower,
    ):
        good = {value for n, (_, value) in enumerate(sent) if n not in poison}
        until(lambda: follower.poll() and set(follower.values["articles.tagged"]) == good, "all that is good", 120)
        letters = [json.loads(value) for value in follower.wait("articles.dead", 2)]
        assert {letter["key"] for letter in letters} == {"333", "334"}
        assert {(letter["stage"], letter["code"]) for letter in letters} == {("worker", "killed_worker")}
        assert "articles.raw[0]@333" in letters[0]["reason"]
        assert set(worker.exits) == {-signal.SIGKILL}
        assert worker.exits[-signal.SIGKILL] <= 8
        assert worker.stop() == 0


def test_after_a_death_a_chunk_is_above_suspicion_as_soon_as_it_is_done(kafka_settings: Settings) -> None:
    settings = kafka_settings.model_copy(update={"commit_interval_ms": LONG_MS, "batch_records_max": 10})
    make_topics(settings, partitions=1)
    raw = TopicPartition(f"{settings.topic_prefix}articles.raw", 0)
    publish(settings, "articles.raw", [(b"k", b"%d" % n) for n in range(100)])
    with closing(KafkaConsumer(bootstrap_servers=settings.bootstrap, group_id=settings.consumer_group)) as group:
        group.assign([raw])
        group.commit({raw: OffsetAndMetadata(5, TRIED, -1)})

        def committed() -> tuple[int, str]:
            found = group.committed(raw, metadata=True)
            return found.offset, found.metadata

        assert committed() == (5, TRIED)
        with running(settings) as worker:
            worker.ready()
            until(lambda: committed() == (100, WARY), "all is done, and nobody is under suspicion", LONG_MS / 2_000)
            publish(settings, "articles.raw", [(b"k", b"%d slow" % n) for n in range(4)])
            until(lambda: committed()[1] == TRIED, "what is in work is")
            until(lambda: committed() == (104, WARY), "until it is done", LONG_MS / 2_000)
            worker.process.kill()
            worker.wait_exit()
