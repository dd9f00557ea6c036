"""Alerts from their topics to receivers, on the embedded broker."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from stream.broker.group import LostLog
from stream.errors import ServiceError
from stream.model import Output
from stream.model.decision import Silence
from stream.settings import Settings
from stream.wire.decisions import encode_decision
from stream.wire.topics import DECISIONS, full_name
from tests.notify.kit import notice, output
from tests.notify.receiver import broken, status
from tests.notify.running import (
    RunningNotifier,
    ThreadedReceiver,
    create_topics,
    notify_settings,
    notifying,
    publish,
    undelivered,
    wait_for,
)

pytestmark = pytest.mark.embedded
HEAD = "schema: routes/v1\ndestinations:\n"


@pytest.fixture
def settings(broker_settings: Settings) -> Settings:
    made = notify_settings(broker_settings)
    create_topics(made)
    return made


def ids(*numbers: int, **fields: object) -> list[str]:
    return [notice(number, **fields).id for number in numbers]


def test_alerts_reach_their_destinations_once_and_go_on_after_a_restart(settings: Settings) -> None:
    prefix = settings.topic_prefix
    with ThreadedReceiver() as desk, ThreadedReceiver() as rest:
        text = HEAD + desk.entry("desk") + rest.entry("rest")
        text += "routes: [{id: r, severity: high, to: [desk]}]\nfallback: {to: [rest]}\n"
        publish(settings, [output(0, prefix=prefix)])
        with notifying(text, settings):
            publish(
                settings,
                [
                    output(1, prefix=prefix),
                    output(2, prefix=prefix, severity="critical"),
                    output(3, prefix=prefix, severity="low"),
                    output(4, prefix=prefix, exercise=True),
                ],
            )
            wait_for(lambda: len(desk.ids()) >= 2 and len(rest.ids()) >= 1, "alerts arrive")
        publish(settings, [output(5, prefix=prefix), output(6, prefix=prefix, severity="info")])
        with notifying(text, settings):
            wait_for(lambda: len(desk.ids()) >= 3 and len(rest.ids()) >= 2, "what came meanwhile arrives")
        assert sorted(desk.ids()) == sorted(ids(1, 2, 5)), "what was there before its first start is left"
        assert sorted(rest.ids()) == sorted(ids(3, 6))


def test_a_dead_destination_delays_no_other_and_gets_everything_when_it_is_back(settings: Settings) -> None:
    prefix = settings.topic_prefix
    with ThreadedReceiver(usually=broken) as dead, ThreadedReceiver() as well:
        text = HEAD + dead.entry("dead") + well.entry("well")
        text += "routes: [{id: r, to: [dead, well]}]\nfallback: none\n"
        with notifying(text, settings) as running:
            publish(settings, [output(number, prefix=prefix, group="g") for number in range(30)])
            wait_for(lambda: len(well.ids()) == 30, "the other has all")
            wait_for(
                lambda: running.metrics.value("redline_notify_breaker_state", destination="dead") == 2,
                "the breaker opens",
            )
            assert running.alerts("dead", "delivered") == 0
            wait_for(lambda: running.metrics.value("redline_notify_lag", destination="dead") == 30, "all wait")
            dead.from_now(status(200))
            wait_for(lambda: running.alerts("dead", "delivered") == 30, "it is back")
            wait_for(lambda: running.metrics.value("redline_notify_lag", destination="dead") == 0, "nothing is left")
        assert dead.ids() == well.ids() == ids(*range(30), group="g"), "in their order"


def test_what_is_silenced_is_not_delivered(settings: Settings) -> None:
    prefix, now = settings.topic_prefix, datetime.now(UTC)
    silence = Silence(
        id=str(uuid.uuid4()), by="ana", at=now, ends=now + timedelta(hours=1), rule="noise", source=None, topic=None
    )  # type: ignore[call-arg]
    decision = encode_decision(silence, topic=full_name(prefix, DECISIONS))
    publish(settings, [decision])
    with ThreadedReceiver() as desk:
        text = HEAD + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, settings) as running:
            publish(settings, [output(1, prefix=prefix, rule="noise"), output(2, prefix=prefix)])
            wait_for(lambda: running.alerts("desk", "silenced") == 1 and len(desk.ids()) == 1, "one of two arrives")
            ended = silence.model_copy(update={"ends": datetime.now(UTC)})
            publish(settings, [encode_decision(ended, topic=full_name(prefix, DECISIONS))])
            wait_for(
                lambda: (
                    publish(settings, [output(3, prefix=prefix, rule="noise")]) or ids(3, rule="noise")[0] in desk.ids()
                ),
                "and again when the silence has ended",
            )
        assert ids(1, rule="noise")[0] not in desk.ids()


def test_what_is_refused_and_what_is_no_alert_stands_on_a_topic(settings: Settings) -> None:
    prefix = settings.topic_prefix
    with ThreadedReceiver(answers=[status(400, b"no such field")]) as desk:
        text = HEAD + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, settings) as running:
            strange = Output(f"{prefix}alerts.high", b"key", b"{}")
            publish(settings, [output(1, prefix=prefix)])
            wait_for(lambda: running.alerts("desk", "undelivered") == 1, "it is put aside")
            publish(settings, [strange, output(2, prefix=prefix)])
            wait_for(lambda: running.alerts("desk", "undelivered") == 2 and len(desk.ids()) == 2, "the next arrives")
        found = {one["code"]: one for one in undelivered(settings)}
        assert set(found) == {"refused", "not_an_alert"}
        refused = found["refused"]
        assert refused["alert"] == orjson.loads(output(1).value)
        assert (refused["destination"], refused["route"]) == ("desk", "fallback")
        assert refused["reason"] == "answered 400 no such field"
        assert refused["source"]["topic"] == f"{prefix}alerts.high"
        with notifying(text, settings):
            publish(settings, [output(3, prefix=prefix)])
            wait_for(lambda: ids(3)[0] in desk.ids(), "it goes on behind them")
        assert desk.ids() == ids(1, 2, 3)


def test_more_than_may_wait_waits_on_the_broker(settings: Settings) -> None:
    few = settings.model_copy(update={"notify_waiting_alerts_max": 10, "notify_breaker_failures_max": 1_000})
    prefix = few.topic_prefix
    with ThreadedReceiver(usually=broken) as desk:
        text = HEAD + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, few) as running:
            publish(few, [output(number, prefix=prefix, group="g") for number in range(150)])
            wait_for(lambda: len(desk.requests) > 0, "it is tried")
            publish(few, [output(1_000, prefix=prefix, severity="critical")])
            critical = ids(1_000, severity="critical")[0]
            wait_for(lambda: critical in desk.ids(), "another severity is not held up")
            assert running.metrics.value("redline_notify_waiting_alerts", destination="desk", why="new") <= 110
            desk.from_now(status(200))
            wait_for(lambda: running.alerts("desk", "delivered") == 151, "everything arrives")
        assert [one for one in desk.ids() if one != critical] == ids(*range(150), group="g")


def test_a_digest_is_one_request(settings: Settings) -> None:
    prefix = settings.topic_prefix
    with ThreadedReceiver() as desk:
        text = HEAD + desk.entry("desk")
        text += "routes: [{id: r, to: [desk], digest: {every: 2s, max: 50}}]\nfallback: none\n"
        with notifying(text, settings) as running:
            publish(settings, [output(number, prefix=prefix) for number in range(20)])
            wait_for(lambda: running.alerts("desk", "delivered") == 20, "all arrive")
        found = [event["id"] for request in desk.requests for event in orjson.loads(request.body)]
        assert sorted(found) == sorted(ids(*range(20)))
        assert len(desk.requests) <= 2


def test_a_broker_that_has_lost_alerts_is_refused_until_that_is_accepted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"{settings.topic_prefix}alerts.high"
    with ThreadedReceiver() as desk:
        text = HEAD + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, settings):
            publish(settings, [output(1, prefix=settings.topic_prefix)])
            wait_for(lambda: len(desk.ids()) == 1, "it arrives")
        lost = [LostLog(topic, number, 7, 1) for number in range(settings.topic_partitions)]
        monkeypatch.setattr("stream.notify.running.lost_logs", lambda *_: lost)
        with pytest.raises(ServiceError, match=r"has lost alerts of destination desk.*--accept-offset-reset"):
            RunningNotifier(text, settings)
        with notifying(text, settings, accept_offset_reset=True):
            wait_for(lambda: len(desk.ids()) == 2, "it comes again")
        assert desk.ids() == ids(1, 1), "with the same id"


def test_two_notifiers_share_the_work_and_one_takes_over(settings: Settings) -> None:
    prefix = settings.topic_prefix
    with ThreadedReceiver() as desk:
        text = HEAD + desk.entry("desk") + "routes: []\nfallback: {to: [desk]}\n"
        with notifying(text, settings):
            publish(settings, [output(number, prefix=prefix) for number in range(20)])
            with notifying(text, settings):
                publish(settings, [output(number, prefix=prefix) for number in range(20, 40)])
                wait_for(lambda: set(desk.ids()) >= set(ids(*range(40))), "all arrive")
            publish(settings, [output(number, prefix=prefix) for number in range(40, 60)])
            wait_for(lambda: set(desk.ids()) == set(ids(*range(60))), "and the one that is left takes all")
