"""Mail and a chat service through apprise, with local servers that speak what the real ones do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import Any

import orjson
from apprise.decorators import notify

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


def test_a_retry_goes_only_to_those_that_have_not_taken_it() -> None:
    async def main() -> None:
        async with Receiver() as good, Receiver(answers=[status(500), status(503)]) as bad:
            urls = tuple(f"mmost://127.0.0.1:{one.port}/3ccdd113474722377935511fc85d3dd4" for one in (good, bad))
            service = AppriseService(AppriseConfig("people", urls, TITLE, BODY, LINE), SETTINGS)
            message = message_of([notice(1)])
            for kind in (Failed, Failed, Delivered):
                assert isinstance(await service.deliver(message, time.time()), kind)
            assert (len(good.requests), len(bad.requests)) == (1, 3)
            # When all have it, nothing is remembered: who asks again means it.
            assert isinstance(await service.deliver(message, time.time()), Delivered)
            assert (len(good.requests), len(bad.requests)) == (2, 4)
            await service.close()

    asyncio.run(main())


def test_a_service_that_hangs_holds_up_no_other_and_may_take_it_late() -> None:
    free, calls = threading.Event(), []

    @notify(on="gate")  # type: ignore[no-untyped-call, untyped-decorator]
    def gate(body: str, *_: Any, **__: Any) -> bool:
        calls.append(body)
        return free.wait(60.0)

    async def main() -> None:
        async with Receiver() as good:
            urls = (f"mmost://127.0.0.1:{good.port}/3ccdd113474722377935511fc85d3dd4", "gate://")
            impatient = SETTINGS.model_copy(update={"notify_request_timeout_ms": 5_000})
            service = AppriseService(AppriseConfig("late", urls, TITLE, BODY, LINE), impatient)
            first, second = message_of([notice(1)]), message_of([notice(2)])
            assert await service.deliver(first, time.time()) == Failed("no answer within 5 s")
            assert await service.deliver(second, time.time()) == Failed("the last message is still under way")
            assert len(good.requests) == 2
            free.set()
            for thread in threading.enumerate():
                if thread.name == "apprise-late":
                    thread.join(60.0)
            for message in (first, second):
                assert isinstance(await service.deliver(message, time.time()), Delivered)
            assert (len(good.requests), len(calls)) == (2, 2)
            await service.close()

    asyncio.run(main())


HANGING = """
import asyncio, threading
from apprise.decorators import notify
from stream.notify.destinations.contract import message_of
from tests.notify.kit import notice
from tests.notify.test_services import AppriseConfig, AppriseService, BODY, LINE, SETTINGS, TITLE

@notify(on="hang")
def hang(*_, **__):
    threading.Event().wait()

async def main():
    impatient = SETTINGS.model_copy(update={"notify_request_timeout_ms": 100})
    service = AppriseService(AppriseConfig("people", ("hang://",), TITLE, BODY, LINE), impatient)
    print(await service.deliver(message_of([notice(1)]), 0.0))
    await service.close()

asyncio.run(main())
"""


def test_a_call_that_hangs_does_not_keep_the_process_from_ending() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60.0, check=True)
    assert "no answer within 0.1 s" in ended.stdout
