"""Destinations that are asked by HTTP: what they share."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp

from stream.clean.printable import printable
from stream.errors import SettingsError
from stream.net.fetching import Failed as NoAnswer
from stream.net.guard import Lookup, guarded_session
from stream.net.lookup import system_lookup
from stream.net.posting import Posted, post
from stream.notify.destinations.contract import Delivered, Failed, Outcome, Refused
from stream.notify.routes import HttpEnd
from stream.settings import Settings

CONNECT_SECONDS_MAX = 5.0
SHOWN_CODE_POINTS_MAX = 200
_LATER = (408, 425, 429)
_SECRET_CHARACTERS_MIN = 6


class HttpSender:
    """Posts to one end. Made on the event loop that uses it."""

    def __init__(self, end: HttpEnd, settings: Settings, lookup: Lookup = system_lookup) -> None:
        """Raises `SettingsError` if the file of authorities cannot be used."""
        self._end, self._settings = end, settings
        self._seconds = settings.notify_request_timeout_ms / 1_000
        self._tls = _authorities(end)
        self._session: aiohttp.ClientSession | None = None
        self._lookup = lookup
        self._secrets = _secrets(end)

    async def send(self, body: bytes, headers: Mapping[str, str], *, path: str = "") -> Outcome:
        """Posts to the URL, `path` put behind it."""
        if self._session is None:
            self._session = guarded_session(
                self._end.allowed,
                seconds_max=self._seconds,
                connect_seconds_max=CONNECT_SECONDS_MAX,
                connections_max=self._settings.notify_in_flight_max,
                user_agent="redline-notify",
                lookup=self._lookup,
            )
        answer = await post(
            self._session,
            self._end.url.rstrip("/") + path if path else self._end.url,
            body,
            allowed=self._end.allowed,
            headers={"Accept-Encoding": "identity", **dict(self._end.headers), **headers},
            bytes_max=self._settings.notify_response_bytes_max,
            seconds_max=self._seconds,
            tls=self._tls,
        )
        if isinstance(answer, NoAnswer):
            return Failed(self._shown(answer.reason))
        return outcome_of(answer, self._shown(answer.text))

    async def close(self) -> None:
        """Ends connections."""
        if self._session is not None:
            await self._session.close()

    def _shown(self, text: str) -> str:
        """The beginning of a text without our secrets: what we sent may come back in an error page."""
        # Removed from the whole text, since half of a secret is not found; and again when nothing is between its
        # characters any more. `printable` gets no more than it can do in no time.
        text = printable(_without(self._secrets, text)[: 4 * SHOWN_CODE_POINTS_MAX])
        return _without(self._secrets, text)[:SHOWN_CODE_POINTS_MAX]


def outcome_of(answer: Posted, shown: str) -> Outcome:
    """What a status means for a delivery; `shown` is the beginning of the answer."""
    said = f"{answer.status} {shown}".strip()
    if 200 <= answer.status < 300:
        return Delivered(said)
    if answer.status in _LATER or answer.status >= 500:
        return Failed(f"answered {said}", answer.retry_after_seconds)
    if 300 <= answer.status < 400:
        return Refused(f"answered {answer.status}, a redirect, which is not followed")
    return Refused(f"answered {said}", gone=answer.status == 410)


def _authorities(end: HttpEnd) -> ssl.SSLContext | None:
    if end.ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(end.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"ca_file {end.ca_file} cannot be used: {error}") from error


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    # What was read may end in the middle of one.
    begun = (n for secret in secrets for n in range(_SECRET_CHARACTERS_MIN, len(secret)) if text.endswith(secret[:n]))
    end = max(begun, default=0)
    return text[:-end] + "…" if end else text


def _secrets(end: HttpEnd) -> list[str]:
    parts = urlsplit(end.url)
    found = [end.url, parts.query, parts.password or "", *parts.path.split("/")]
    for _, value in end.headers:
        found += [value, *value.split()]
    return sorted({text for text in found if len(text) >= _SECRET_CHARACTERS_MIN}, key=len, reverse=True)
