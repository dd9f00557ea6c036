"""Tables that take long to recover, and states that are large; on a real Kafka."""

import pytest

from stream.broker.admin import Admin
from stream.settings import Settings
from stream.wire.topics import Topic
from tests.worker.kit import FAKE, make_topics, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


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
