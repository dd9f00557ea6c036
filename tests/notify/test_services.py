"""Mail and a chat service through apprise, with local servers that speak what the real ones do."""

from __future__ import annotations

import asyncio
import time

import orjson

from stream.notify.destinations.appriseservice import AppriseService
from stream.notify.destinations.contract import Delivered, Failed, Outcome, message_of
from stream.notify.routes import AppriseConfig
from stream.notify.template import BODY, LINE, TITLE
from stream.settings import Settings
from tests.notify.kit import notice
from tests.notify.mailserver import MailServer
from tests.notify.receiver import Receiver, status

SETTINGS = Settings(notify_request_timeout_ms=20_000)


async def _sent(url: str, *numbers: int) -> Outcome:
    service = AppriseService(AppriseConfig("people", (url,), TITLE, BODY, LINE), SETTINGS)
    try:
        message = message_of([notice(number) for number in numbers], digest=len(numbers) > 1)
        return await service.deliver(message, time.time())
    finally:
        await service.close()


def _mail_url(server: MailServer) -> str:
    # Without TLS: the stand-in has no certificate.
    return (
        f"mailto://127.0.0.1:{server.port}?mode=insecure&from=desk@news.example&to=analyst@news.example"
        "&smtp=127.0.0.1&format=text"
    )


def test_a_mail_says_what_the_alert_says() -> None:
    async def main() -> None:
        async with MailServer() as server:
            assert isinstance(await _sent(_mail_url(server), 1), Delivered)
            (mail,) = server.mails
            assert mail.sender == "desk@news.example"
            assert mail.recipients == ("analyst@news.example",)
            assert "A red line" in str(mail.message["Subject"])
            body = mail.message.get_body(("plain",))
            assert body is not None
            assert "red line" in body.get_content()

    asyncio.run(main())


def test_a_digest_is_one_mail() -> None:
    async def main() -> None:
        async with MailServer() as server:
            assert isinstance(await _sent(_mail_url(server), 1, 2, 3), Delivered)
            assert len(server.mails) == 1

    asyncio.run(main())


def test_a_mail_that_is_refused_has_failed() -> None:
    async def main() -> None:
        async with MailServer(refusing=True) as server:
            assert isinstance(await _sent(_mail_url(server), 1), Failed)
            assert server.mails == []

    asyncio.run(main())


def test_a_chat_service_gets_its_own_form() -> None:
    """Mattermost's incoming webhook, which is Slack's: a JSON object with `text`."""

    async def main() -> None:
        async with Receiver() as receiver:
            url = f"mmost://127.0.0.1:{receiver.port}/3ccdd113474722377935511fc85d3dd4"
            assert isinstance(await _sent(url, 1), Delivered)
            (request,) = receiver.requests
            assert request.path == "/hooks/3ccdd113474722377935511fc85d3dd4"
            assert "A red line" in orjson.loads(request.body)["text"]

    asyncio.run(main())


def test_a_chat_service_that_refuses_has_not_taken_it() -> None:
    async def main() -> None:
        async with Receiver(status(500)) as receiver:
            url = f"mmost://127.0.0.1:{receiver.port}/3ccdd113474722377935511fc85d3dd4"
            assert isinstance(await _sent(url, 1), Failed)

    asyncio.run(main())
