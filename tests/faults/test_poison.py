"""Records that kill whoever works on them: each ends in articles.dead, and everything else goes on."""

import json
import signal

import pytest

from stream.settings import Settings
from tests.faults.kit import supervised
from tests.worker.kit import FAKE, following, make_topics, publish, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


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
