"""Destinations that are asked by HTTP: signatures, what each status means, and where requests may go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import trustme

from stream.notify.destinations.alertmanager import Alertmanager, alert_of
from stream.notify.destinations.contract import Delivered, Destination, Failed, Outcome, Refused, message_of
from stream.notify.destinations.webhook import Webhook
from stream.notify.routes import AlertmanagerConfig, HttpEnd, WebhookConfig
from stream.settings import Settings
from tests.notify.kit import NOON, notice
from tests.notify.receiver import Receiver, Request, endless, status
from tests.notify.worlds import CANARY, HTTP, KEY, LOOPBACK, end, summaries, verified

SETTINGS = Settings(notify_request_timeout_ms=5_000)
FACTORIES = pytest.mark.parametrize("kind", sorted(HTTP))


def run(play: Callable[[Receiver], Awaitable[None]], receiver: Receiver | None = None) -> None:
    async def main() -> None:
        async with receiver or Receiver() as running:
            await play(running)

    asyncio.run(main())


async def send(destination: Destination, *numbers: int, digest: bool = False) -> Outcome:
    try:
        message = message_of([notice(number) for number in numbers or (1,)], digest=digest)
        return await destination.deliver(message, time.time())
    finally:
        await destination.close()


def test_a_webhook_is_the_event_as_it_is_signed() -> None:
    async def play(receiver: Receiver) -> None:
        await send(HTTP["webhook"](receiver, SETTINGS))
        (request,) = receiver.requests
        assert request.body == notice(1).event
        assert request.headers["content-type"] == "application/cloudevents+json; charset=UTF-8"
        assert request.headers["webhook-id"] == notice(1).id
        assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
        assert verified(request, KEY)
        assert not verified(replace(request, body=request.body + b" "), KEY)
        assert not verified(request, b"another key, as long as the first")

    run(play)


def test_a_digest_is_a_batch_of_events() -> None:
    async def play(receiver: Receiver) -> None:
        await send(HTTP["webhook"](receiver, SETTINGS), 1, 2, digest=True)
        (request,) = receiver.requests
        assert request.headers["content-type"] == "application/cloudevents-batch+json; charset=UTF-8"
        assert [event["id"] for event in orjson.loads(request.body)] == [notice(1).id, notice(2).id]
        assert request.headers["webhook-id"] == message_of([notice(1), notice(2)], digest=True).id
        assert verified(request, KEY)

    run(play)


@FACTORIES
@pytest.mark.parametrize(
    ("code", "kind_of_outcome", "gone"),
    [
        (200, Delivered, False),
        (202, Delivered, False),
        (204, Delivered, False),
        (301, Refused, False),
        (307, Refused, False),
        (400, Refused, False),
        (401, Refused, False),
        (404, Refused, False),
        (408, Failed, False),
        (410, Refused, True),
        (413, Refused, False),
        (425, Failed, False),
        (429, Failed, False),
        (500, Failed, False),
        (503, Failed, False),
    ],
)
def test_what_a_status_means(kind: str, code: int, kind_of_outcome: type, gone: bool) -> None:
    async def play(receiver: Receiver) -> None:
        receiver.usually = status(code, b"" if code == 204 else b"said", Location="http://127.0.0.1:1/")
        outcome = await send(HTTP[kind](receiver, SETTINGS))
        assert isinstance(outcome, kind_of_outcome)
        assert not isinstance(outcome, Refused) or outcome.gone is gone
        said = outcome.said if isinstance(outcome, Delivered) else outcome.reason
        assert str(code) in said

    run(play)


@FACTORIES
def test_retry_after_is_told(kind: str) -> None:
    async def play(receiver: Receiver) -> None:
        receiver.answers = [status(429, Retry_After="120"), status(503, Retry_After="never")]
        destination = HTTP[kind](receiver, SETTINGS)
        first = await destination.deliver(message_of([notice(1)]), 0.0)
        second = await send(destination)
        assert isinstance(first, Failed)
        assert first.retry_after_seconds == 120.0
        assert isinstance(second, Failed)
        assert second.retry_after_seconds is None

    run(play)


@FACTORIES
def test_a_redirect_is_not_followed(kind: str) -> None:
    async def play(receiver: Receiver) -> None:
        receiver.answers = [status(302, Location=f"http://127.0.0.1:{receiver.port}/elsewhere")]
        assert isinstance(await send(HTTP[kind](receiver, SETTINGS)), Refused)
        assert len(receiver.requests) == 1

    run(play)


@FACTORIES
def test_a_huge_answer_is_read_no_further_than_its_status(kind: str) -> None:
    async def play(receiver: Receiver) -> None:
        receiver.usually = endless
        assert await send(HTTP[kind](receiver, SETTINGS)) == Delivered("200 " + "x" * 200)

    run(play)


@FACTORIES
@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nNo Header", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz"]
)
def test_no_secret_is_in_the_reason_of_no_answer(kind: str, head: bytes) -> None:
    async def play(receiver: Receiver) -> None:
        async def echo(request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(head + request.path.encode() + b"\r\n\r\n")

        receiver.usually = echo
        outcome = await send(HTTP[kind](receiver, SETTINGS))
        assert isinstance(outcome, Failed)
        assert outcome.reason.startswith("no answer: ")
        assert CANARY[:6] not in outcome.reason

    run(play)


@FACTORIES
@pytest.mark.parametrize("before", range(160, 204, 6))
@pytest.mark.parametrize("bytes_max", [210, 65_536])
def test_no_part_of_a_secret_is_in_what_is_shown_of_an_answer(kind: str, before: int, bytes_max: int) -> None:
    async def play(receiver: Receiver) -> None:
        receiver.usually = status(500, b"x" * before + f"{CANARY} {CANARY}".encode())
        settings = SETTINGS.model_copy(update={"notify_response_bytes_max": bytes_max})
        outcome = await send(HTTP[kind](receiver, settings))
        assert isinstance(outcome, Failed)
        assert CANARY[:6] not in outcome.reason
        assert len(outcome.reason) <= len("answered 500 ") + 200

    run(play)


@pytest.mark.parametrize(
    ("addresses", "why"),
    [
        (["127.0.0.1"], "a loopback address"),
        (["93.184.215.14", "10.0.0.1"], "not globally reachable"),
        (["169.254.169.254"], "a link-local address"),
        (["::ffff:127.0.0.1"], "not globally reachable"),
        (["64:ff9b::7f00:1"], "not globally reachable"),
    ],
)
def test_a_name_that_leads_inside_is_refused(addresses: list[str], why: str) -> None:
    async def lookup(host: str, port: int) -> Sequence[str]:
        return addresses

    async def play(receiver: Receiver) -> None:
        config = WebhookConfig("hook", end(receiver.port, allowed=False, host="hooks.example"), (KEY,))
        outcome = await send(Webhook(config, SETTINGS, lookup))
        assert isinstance(outcome, Failed)
        assert outcome.reason.startswith("not sent: hooks.example leads to ")
        assert why in outcome.reason
        assert receiver.requests == []

    run(play)


def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    """DNS rebinding: what was checked is what is connected to."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    asked: list[str] = []

    async def lookup(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    async def play(receiver: Receiver) -> None:
        config = WebhookConfig("hook", end(receiver.port, host="hooks.example"), (KEY,))
        assert isinstance(await send(Webhook(config, SETTINGS, lookup)), Delivered)
        assert asked == ["hooks.example"]

    run(play)


@FACTORIES
def test_proxies_of_the_environment_are_not_used(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def play(receiver: Receiver) -> None:
        assert isinstance(await send(HTTP[kind](receiver, SETTINGS)), Delivered)

    run(play)


def test_tls_wants_a_known_authority_and_the_right_name(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def receiver_as(name: str) -> Receiver:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return Receiver(tls=context)

    def outcome_of(name: str, ca_file: Path | None) -> Outcome:
        found: list[Outcome] = []

        async def play(receiver: Receiver) -> None:
            where = replace(end(receiver.port, scheme="https"), ca_file=ca_file)
            found.append(await send(Webhook(WebhookConfig("hook", where, (KEY,)), SETTINGS)))
            assert len(receiver.requests) == isinstance(found[0], Delivered)

        run(play, receiver_as(name))
        return found[0]

    assert isinstance(outcome_of("127.0.0.1", tmp_path / "ca.pem"), Delivered)
    for wrong in (outcome_of("127.0.0.1", None), outcome_of("other.example", tmp_path / "ca.pem")):
        assert isinstance(wrong, Failed)
        assert "certificate" in wrong.reason.lower()
        assert CANARY not in wrong.reason


def test_an_alert_of_alertmanager() -> None:
    config = AlertmanagerConfig("am", HttpEnd("http://am"), resolve_seconds=3_600, episode_seconds=86_400)
    found = alert_of(
        notice(1, labels=[("team-1", "desk"), ("1", "x")], topics=["war", "energy"]), config, 1_900_000_000
    )
    assert found == {
        "labels": {
            "team_1": "desk",
            "label_1": "x",
            "alertname": "war.redline",
            "severity": "high",
            "redline": notice(1).id,
            "pipeline": "news",
            "status": "actual",
            "source": "Reuters",
            "topic": "war",
        },
        "annotations": {
            "summary": "A red line: “red line” (Reuters)",
            "title": "A red line",
            "sentence": "They crossed a red line.",
            "article": "A title",
            "topics": "war, energy",
            "alert_id": notice(1).id,
        },
        "startsAt": "2026-03-02T12:00:00Z",
        "endsAt": "2030-03-17T18:46:40Z",
        "generatorURL": "https://news.example/1",
    }


def test_an_episode_is_one_alert_that_ends() -> None:
    config = AlertmanagerConfig("am", HttpEnd("http://am"), resolve_seconds=3_600, episode_seconds=86_400)
    now = NOON.timestamp() + 60
    states = [
        alert_of(notice(n, episode=(state, n), group="g"), config, now)
        for n, state in enumerate(("fired", "updated", "resolved"))
    ]
    assert len({orjson.dumps(alert["labels"]) for alert in states}) == 1
    assert [alert["endsAt"] for alert in states] == [
        "2026-03-03T12:01:00Z",
        "2026-03-03T12:01:00Z",
        "2026-03-02T12:01:00Z",
    ]


def test_alertmanager_gets_several_in_one_request() -> None:
    async def play(receiver: Receiver) -> None:
        where = HttpEnd(f"http://127.0.0.1:{receiver.port}/prefix/", (), LOOPBACK)
        await send(Alertmanager(AlertmanagerConfig("am", where), SETTINGS), 1, 2)
        assert [request.path for request in receiver.requests] == ["/prefix/api/v2/alerts"]
        assert len(summaries(receiver.requests[0])) == 2

    run(play)
