"""One GET, guarded: redirects checked hop by hop, a deadline for all of it, a limit on decompressed bytes.

Whatever goes wrong is a value (`Failed`), with a code and a sentence; nothing of a URL that may be secret is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from stream.net.addresses import Network
from stream.net.guard import host_fault, refused_address
from stream.net.inflate import ENCODINGS, Damaged, Inflater, TooLarge
from stream.net.urls import redacted, url_fault, without_quotes

REDIRECTS_MAX = 5
CAUSE_CODE_POINTS_MAX = 200
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_RETRY_AFTER_SECONDS_MAX = 86_400.0

FailureCode = Literal["address", "connect", "timeout", "too_large", "redirects", "encoding", "status"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer 200 with its body, or 304 without. `moved_to`: the address of a permanent redirect of the first hop."""

    status: int
    url: str
    body: bytes
    content_type: str
    etag: str | None
    last_modified: str | None
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer. `status` where there was one; `retry_after_seconds` where the server said so."""

    code: FailureCode
    reason: str
    status: int | None = None
    retry_after_seconds: float | None = None


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    *,
    allowed: Sequence[Network],
    headers: Mapping[str, str],
    bytes_max: int,
    seconds_max: float,
) -> Fetched | Failed:
    """Asks for `url` by a session of `guard.guarded_session` with the same `allowed`. Never raises on what it finds."""
    try:
        async with asyncio.timeout(seconds_max):
            return await _follow(session, url, allowed, headers, bytes_max)
    except TimeoutError:
        return Failed("timeout", f"found no whole answer from {redacted(url)} within {seconds_max:g} s")
    except TooLarge:
        return Failed("too_large", f"found more than {bytes_max} bytes (decompressed), expected at most that many")
    except Damaged as error:
        return Failed("encoding", f"found a body that cannot be decompressed: {error}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        refused = refused_address(error)
        if refused is not None:
            return Failed("address", f"not asked: {refused}")
        return Failed("connect", f"found no answer from {redacted(url)}: {cause_of(error)[:CAUSE_CODE_POINTS_MAX]}")


async def _follow(
    session: aiohttp.ClientSession, url: str, allowed: Sequence[Network], headers: Mapping[str, str], bytes_max: int
) -> Fetched | Failed:
    moved_to: str | None = None
    for hop in range(REDIRECTS_MAX + 1):
        fault = url_fault(url)
        fault = fault or host_fault(URL(url).raw_host or "", allowed)
        if fault is not None:
            return Failed("address", f"not asked: {'redirected, and ' if hop else ''}{fault}")
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status in _REDIRECTS and (target := answer.headers.get("Location")):
                url = urljoin(url, target)
                if hop == 0 and answer.status in _PERMANENT:
                    moved_to = url
                continue
            return await _read(answer, url, moved_to, bytes_max)
    return Failed("redirects", f"found more than {REDIRECTS_MAX} redirects")


async def _read(answer: aiohttp.ClientResponse, url: str, moved_to: str | None, bytes_max: int) -> Fetched | Failed:
    headers = answer.headers
    if answer.status not in (200, 304):
        wait = retry_after_of(headers.get("Retry-After"))
        return Failed("status", f"found the status {answer.status}, expected 200", answer.status, wait)
    body = b""
    if answer.status == 200:
        encoding = headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ENCODINGS:
            return Failed("encoding", f"found the encoding {encoding[:40]!r}, expected gzip or deflate")
        if not encoding and answer.content_length is not None and answer.content_length > bytes_max:
            raise TooLarge
        inflater = Inflater(encoding, bytes_max)
        async for piece in answer.content.iter_any():
            inflater.feed(piece)
        body = inflater.finish()
    return Fetched(
        answer.status,
        url,
        body,
        headers.get("Content-Type", "").encode("ascii", "replace").decode("ascii"),
        _repeatable(headers.get("ETag")),
        _repeatable(headers.get("Last-Modified")),
        moved_to,
    )


def _repeatable(value: str | None) -> str | None:
    """A header that can be remembered and sent back; None if it cannot.

    Bytes beyond ASCII come as lone surrogates, which neither JSON nor a request takes; control characters no request.
    """
    return value if value is not None and value.isascii() and value.isprintable() else None


def retry_after_of(text: str | None) -> float | None:
    """Seconds to wait, of a Retry-After; dates are rare and not worth trusting a foreign clock."""
    if text is None or not text.strip().isdecimal() or len(text) > 10:
        return None
    return min(float(text), _RETRY_AFTER_SECONDS_MAX)


def cause_of(error: BaseException) -> str:
    """What went wrong with a connection, in words without a URL; as long as it is, so that secrets in it are whole."""
    inner = getattr(error, "os_error", None)
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "Server disconnected"  # its text may be the head of the answer
    if isinstance(error, aiohttp.ClientResponseError):
        return without_quotes(error.message) or type(error).__name__  # its text has the URL
    if isinstance(error, aiohttp.InvalidURL):
        return "the URL is not valid"  # its text is the URL
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return without_quotes(str(error)) or type(error).__name__
    return str(error) or type(error).__name__
