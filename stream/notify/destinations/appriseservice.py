"""Services that apprise knows (Slack, Teams, Telegram, mail, …). The only importer of apprise.

apprise makes its own requests, so the guard of requests is not around them: where they go is in URLs that an operator
wrote, schemes that take any address are refused when the routes file is read (`services`), and redirects are off.

What a service gets has no id by which it could know a repeat, so a message that one of several URLs has not taken goes
again only to those that have not. Limits: that is remembered in memory, of the last MESSAGES_REMEMBERED_MAX messages.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
import threading
from concurrent.futures import Future
from typing import Any

from stream.errors import SettingsError
from stream.notify.destinations.contract import Delivered, Failed, Message, Outcome
from stream.notify.notice import Notice
from stream.notify.routes import AppriseConfig
from stream.notify.template import digest_title, filled
from stream.settings import Settings

EXTRA = "apprise"
BODY_CODE_POINTS_MAX = 20_000
MESSAGES_REMEMBERED_MAX = 1_000

# `@everyone`, `<!channel>`, `<@U123>`: an article must not call a whole room. U+2060 cannot be seen.
_MENTION = re.compile(r"@(?=[\w-])|<(?=[!@#])")


def is_available() -> bool:
    """Whether apprise is installed."""
    return importlib.util.find_spec("apprise") is not None


class AppriseService:
    """One destination of the routes file; one message at a time, to all its URLs at once."""

    kind = "apprise"
    together_max = 1
    in_flight_max: int | None = 1

    def __init__(self, config: AppriseConfig, settings: Settings) -> None:
        """Raises `SettingsError` if apprise is not installed or does not know a URL."""
        self.id, self.place = config.id, config.place
        if not is_available():
            raise SettingsError(
                f"destination {config.id} is of type apprise, which needs the extra `{EXTRA}`: "
                f"pip install 'redline-stream[{EXTRA}]'"
            )
        import apprise

        # Its log has URLs, which are secrets.
        logger = logging.getLogger("apprise")
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        # With a limit of its own apprise would call in a pool, for which the process waits at its end.
        asset = apprise.AppriseAsset(
            app_id="Redline",
            app_desc="Live monitoring of news",
            app_url="",
            secure_logging=True,
            http_redirects=False,
            service_timeout=0,
        )
        seconds = settings.notify_request_timeout_ms / 1_000
        self._ends = []
        for url in config.urls:
            services = apprise.Apprise(asset=asset)
            if not services.add(url):
                scheme = url.partition("://")[0]
                raise SettingsError(f"destination {config.id}: apprise does not understand its {scheme}:// URL")
            for service in services:
                service.socket_connect_timeout = service.socket_read_timeout = seconds
            self._ends.append(_End(services, seconds, f"apprise-{config.id}"))
        self._config = config

    async def deliver(self, message: Message, now: float) -> Outcome:
        """Sends it once to each that has not taken it yet."""
        title, body = texts_of(message, self._config)
        troubles = await asyncio.gather(*(end.deliver(message.id, title, body) for end in self._ends))
        reasons = list(dict.fromkeys(trouble for trouble in troubles if trouble is not None))
        if reasons:
            return Failed("; ".join(reasons))
        for end in self._ends:
            end.forget(message.id)
        return Delivered("taken")

    async def close(self) -> None:
        """Nothing to let go of: a call that hangs does not keep the process from ending."""


class _End:
    """What is behind one URL; one call at a time, in a thread that the process does not wait for at its end."""

    def __init__(self, services: Any, seconds: float, name: str) -> None:
        self._services, self._seconds, self._name = services, seconds, name
        self._under_way: tuple[str, Future[bool]] | None = None
        self._taken: dict[str, None] = {}

    async def deliver(self, message: str, title: str, body: str) -> str | None:
        """None if it has taken the message, at this try or an earlier one; else why not.

        A service that hangs is left to itself and is not asked again until it has come back.
        """
        self._settle()
        if message in self._taken:
            return None
        if self._under_way is not None:
            return "the last message is still under way"
        try:
            await asyncio.wait_for(asyncio.wrap_future(self._begin(message, title, body)), self._seconds)
        except TimeoutError:
            return f"no answer within {self._seconds:g} s"
        except Exception as error:  # noqa: BLE001 - a service's own mistake; its text may hold secrets
            return f"the service failed ({type(error).__name__})"
        self._settle()
        return None if message in self._taken else "the service has not taken it"

    def forget(self, message: str) -> None:
        """All have taken it."""
        self._taken.pop(message, None)

    def _begin(self, message: str, title: str, body: str) -> Future[bool]:
        answer: Future[bool] = Future()
        # It runs, so whoever stops waiting for it does not cancel it.
        answer.set_running_or_notify_cancel()
        threading.Thread(target=self._call, args=(answer, title, body), name=self._name, daemon=True).start()
        self._under_way = message, answer
        return answer

    def _call(self, answer: Future[bool], title: str, body: str) -> None:
        try:
            taken = self._services.notify(body=body, title=title, body_format="text", interpret_escapes=False)
            answer.set_result(bool(taken))
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            answer.set_exception(error)

    def _settle(self) -> None:
        """Notes what came of the last call, also if nobody waited for it any more."""
        if self._under_way is None or not self._under_way[1].done():
            return
        (message, answer), self._under_way = self._under_way, None
        if answer.exception() is None and answer.result():
            self._taken[message] = None
            if len(self._taken) > MESSAGES_REMEMBERED_MAX:
                del self._taken[next(iter(self._taken))]


def texts_of(message: Message, config: AppriseConfig) -> tuple[str, str]:
    """Title and body; exercises say so first."""
    if message.digest:
        lines = [filled(config.line, notice) for notice in message.notices]
        title, body = digest_title(message.notices), "\n".join(lines)
    else:
        title, body = filled(config.title, message.notices[0]), filled(config.body, message.notices[0])
    mark = "Exercise: " if any(notice.exercise for notice in message.notices) else ""
    return harmless(mark + title), harmless(_cut(body, message.notices))


def harmless(text: str) -> str:
    """Without anything that calls people: what an article says must not."""
    return _MENTION.sub(lambda found: f"{found.group()}\u2060", text)


def _cut(body: str, notices: tuple[Notice, ...]) -> str:
    if len(body) <= BODY_CODE_POINTS_MAX:
        return body
    return f"{body[: BODY_CODE_POINTS_MAX - 60]}…\n({len(notices)} alerts in all)"
