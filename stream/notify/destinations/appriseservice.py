"""Services that apprise knows (Slack, Teams, Telegram, mail, …). The only importer of apprise.

apprise makes its own requests, so the guard of requests is not around them: where they go is in URLs that an operator
wrote, schemes that take any address are refused when the routes file is read (`services`), and redirects are off.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
from concurrent.futures import ThreadPoolExecutor

from stream.errors import SettingsError
from stream.notify.destinations.contract import Delivered, Failed, Message, Outcome
from stream.notify.notice import Notice
from stream.notify.routes import AppriseConfig
from stream.notify.template import digest_title, filled
from stream.settings import Settings

EXTRA = "apprise"
BODY_CODE_POINTS_MAX = 20_000

# `@everyone`, `<!channel>`, `<@U123>`: an article must not call a whole room. U+2060 cannot be seen.
_MENTION = re.compile(r"@(?=[\w-])|<(?=[!@#])")


def is_available() -> bool:
    """Whether apprise is installed."""
    return importlib.util.find_spec("apprise") is not None


class AppriseService:
    """One destination of the routes file; one message at a time, in a thread of its own."""

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
        asset = apprise.AppriseAsset(
            app_id="Redline", app_desc="Live monitoring of news", app_url="", secure_logging=True, http_redirects=False
        )
        self._seconds = settings.notify_request_timeout_ms / 1_000
        self._services = apprise.Apprise(asset=asset)
        for url in config.urls:
            if not self._services.add(url):
                scheme = url.partition("://")[0]
                raise SettingsError(f"destination {config.id}: apprise does not understand its {scheme}:// URL")
        for service in self._services:
            service.socket_connect_timeout = service.socket_read_timeout = self._seconds
        self._config = config
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"apprise-{config.id}")
        self._last: asyncio.Future[bool] | None = None

    async def deliver(self, message: Message, now: float) -> Outcome:
        """Sends it once; a service that hangs is left to itself and is not asked again until it has come back."""
        if self._last is not None and not self._last.done():
            return Failed("the last message is still under way")
        title, body = texts_of(message, self._config)
        loop = asyncio.get_running_loop()
        self._last = loop.run_in_executor(self._threads, self._send, title, body)
        try:
            sent = await asyncio.wait_for(asyncio.shield(self._last), self._seconds)
        except TimeoutError:
            return Failed(f"no answer within {self._seconds:g} s")
        except Exception as error:  # noqa: BLE001 - a service's own mistake; its text may hold secrets
            return Failed(f"the service failed ({type(error).__name__})")
        return Delivered("taken") if sent else Failed("the service has not taken it")

    async def close(self) -> None:
        """Lets go of the thread; a call that hangs does not keep the process from ending."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, title: str, body: str) -> bool:
        return bool(self._services.notify(body=body, title=title, body_format="text", interpret_escapes=False))


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
