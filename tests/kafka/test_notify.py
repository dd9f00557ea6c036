"""Delivery on a real Apache Kafka."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stream.broker.rights import rights
from stream.settings import Settings
from tests.kafka.broker import KafkaBroker
from tests.kafka.secure import SecureBroker
from tests.kafka.securekit import login, plain, secured
from tests.notify.kills import kill_again_and_again
from tests.notify.kit import output
from tests.notify.receiver import status
from tests.notify.running import (
    ThreadedReceiver,
    create_topics,
    notify_settings,
    notifying,
    publish,
    undelivered,
    wait_for,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def test_killed_twenty_times_under_load_every_alert_is_delivered(kafka_settings: Settings, tmp_path: Path) -> None:
    """`make test-kafka ARGS="-s -k killed_twenty"` prints the ledger."""
    settings = notify_settings(kafka_settings, session_timeout_ms=1_000)
    ledger = kill_again_and_again(settings, tmp_path, kills=20)
    sys.stderr.write(f"\n{ledger}; {ledger.seconds_per_kill:.1f} s a kill\n")
    assert ledger.lost == 0
    assert ledger.dead_requests > 0, "the dead destination was tried, too"


def test_it_lives_through_a_broker_that_dies_and_comes_back(topic_prefix: str) -> None:
    with KafkaBroker() as broker, ThreadedReceiver() as desk:
        inside = Settings(bootstrap=broker.bootstrap, topic_prefix=topic_prefix)
        settings = notify_settings(inside, session_timeout_ms=6_000)
        create_topics(settings)
        text = "schema: routes/v1\ndestinations:\n" + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, settings) as running:
            publish(settings, [output(number, prefix=topic_prefix) for number in range(5)])
            wait_for(lambda: len(set(desk.ids())) == 5, "alerts arrive")
            broker.kill()
            wait_for(lambda: running.notifier.ready() is not None, "it is not ready")
            broker.launch()
            broker.wait_until_it_answers()
            publish(settings, [output(number, prefix=topic_prefix) for number in range(5, 10)])
            wait_for(lambda: len(set(desk.ids())) == 10, "it goes on")
            wait_for(lambda: running.notifier.ready() is None, "it is ready again")


def test_it_gets_by_with_its_rights(secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path) -> None:
    inside = plain(secure_broker, topic_prefix)
    create_topics(inside)
    who = login(secure_broker, tmp_path, "notify")
    settings = notify_settings(secured(secure_broker, topic_prefix, "LOGIN", **who), session_timeout_ms=6_000)
    secure_broker.allow("notify", rights("notify", settings))
    with ThreadedReceiver(answers=[status(400)]) as desk:
        text = "schema: routes/v1\ndestinations:\n" + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, settings) as running:
            publish(inside, [output(1, prefix=topic_prefix)])
            wait_for(lambda: running.alerts("desk", "undelivered") == 1, "what is refused is put aside")
            publish(inside, [output(2, prefix=topic_prefix)])
            wait_for(lambda: running.alerts("desk", "delivered") == 1, "the next is delivered")
        assert [one["code"] for one in undelivered(inside)] == ["refused"]
