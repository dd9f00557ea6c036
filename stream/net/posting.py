"""One POST, guarded: no redirects, a deadline for all of it, a limit on how much of the answer is read.

Whatever goes wrong is a value (`fetching.Failed`); nothing of the URL but scheme, host and port is in it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from yarl import URL

from stream.net.addresses import Network
from stream.net.fetching import Failed, cause_of, retry_after_of
from stream.net.guard import host_fault, refused_address
from stream.net.urls import url_fault


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer of any status. `text`: its beginning as it came, if it is text; what we sent may be in it."""

    status: int
    text: str
    retry_after_seconds: float | None = None


async def post(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    *,
    allowed: Sequence[Network],
    headers: Mapping[str, str],
    bytes_max: int,
    seconds_max: float,
    tls: ssl.SSLContext | None = None,
) -> Posted | Failed:
    """Sends `body` by a session of `guard.guarded_session` with the same `allowed`. Never raises on what it finds.

    `tls`: another set of authorities than the system's.
    """
    fault = url_fault(url) or host_fault(URL(url).raw_host or "", allowed)
    if fault is not None:
        return Failed("address", f"not sent: {fault}")
    try:
        async with (
            asyncio.timeout(seconds_max),
            session.post(url, data=body, headers=headers, allow_redirects=False, ssl=tls or True) as answer,
        ):
            # The status is the answer; of the rest, no more than is shown is worth waiting for.
            text = _text(answer, await _beginning(answer, bytes_max))
            return Posted(answer.status, text, retry_after_of(answer.headers.get("Retry-After")))
    except TimeoutError:
        return Failed("timeout", f"no whole answer within {seconds_max:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        refused = refused_address(error)
        if refused is not None:
            return Failed("address", f"not sent: {refused}")
        return Failed("connect", f"no answer: {cause_of(error)}")


async def _beginning(answer: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    text = b""
    async for piece in answer.content.iter_any():
        text += piece
        if len(text) >= bytes_max:
            # The rest is left unread, and the connection is closed.
            answer.close()
            break
    return text[:bytes_max]


def _text(answer: aiohttp.ClientResponse, data: bytes) -> str:
    if answer.headers.get("Content-Encoding", "identity") not in ("identity", ""):
        return ""
    return data.decode("utf-8", "replace")
