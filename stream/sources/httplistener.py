"""HTTP ingest: `POST /articles`, one article as JSON or several as NDJSON; answers 2xx only after the broker's ack.

| answer | when |
|---|---|
| 200 | every article of the request is acknowledged by the broker: `{"accepted": n, "ids": [...]}` |
| 400 | the body is damaged, or has no article in it |
| 401 | no or a wrong token (`Authorization: Bearer …`), where there are tokens |
| 403, 421 | the request comes from a web page (`Origin`), or for another host name |
| 408 | the head or the body did not arrive in time; the connection is closed |
| 413, 415 | the body is too large, or of another type than JSON and NDJSON |
| 422 | at least one article is none; the others are acknowledged. `lines` says which, and why. Do not send it again |
| 429 | too much is waiting for the broker, or too many wrong tokens: come back after `Retry-After` seconds |
| 503 | the broker did not acknowledge at least one article: send the request again. Ids make repeats harmless |

Delivery guarantees: as in `stream.sources.contract`. What is answered with another status than 2xx or 422 was not
accepted as a whole, and is the sender's to send again. There is no dead letter: the sender has been told. Nothing to
resume.

Limits: settings `ingest_request_*`, `ingest_head_timeout_ms`, `ingest_body_timeout_ms`, `ingest_connections_max`; see
`stream.net.httpserver` for what becomes of connections above them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from stream.errors import ServiceError
from stream.net.callers import Guesses, bears, host_name, is_loopback
from stream.net.httpserver import Server
from stream.net.inflate import ENCODINGS, Damaged, Inflater, TooLarge
from stream.settings import Settings
from stream.sources.configs import HttpConfig
from stream.sources.contract import Accepted, Declined, Outcome, Outlet, Unacknowledged
from stream.sources.folder import read_line, read_lines
from stream.sources.item import Item, Origin, Refused
from stream.telemetry.sourcing import RequestAnswered, SourceTried

PATH = "/articles"
LINES_REPORTED_MAX = 200
RETRY_SECONDS = 5
_ONE = ("application/json",)
_SEVERAL = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


class Answer(Exception):  # noqa: N818 - it is an answer, and may be good
    """What a request gets, when it is found in the middle of things."""

    def __init__(self, status: int, found: str, *, retry_after: float | None = None, **more: Any) -> None:
        super().__init__(found)
        self.status, self.retry_after = status, retry_after
        self.body = {"error": found, **more} if found else more


class HttpListener:
    """The source. `port` is the real one once it listens, also when 0 was asked for."""

    type = "http"

    def __init__(self, config: HttpConfig, settings: Settings) -> None:
        self.id, self.place = config.id, config.place
        self._config, self._settings = config, settings
        self._guesses = Guesses()
        self._own_names = {config.host.lower(), *config.hosts, *(("localhost", "127.0.0.1", "::1"))}
        self.port = config.port
        self.listening = asyncio.Event()

    async def run(self, outlet: Outlet) -> bool:
        """See `contract.Source`. Raises `ServiceError` if the port is taken."""
        server = Server(
            lambda request: self._handle(request, outlet),
            connections_max=self._settings.ingest_connections_max,
            head_seconds_max=self._settings.ingest_head_timeout_ms / 1_000,
            told=lambda seconds: outlet.emit(RequestAnswered(408, seconds)),
        )
        runner = web.ServerRunner(server, shutdown_timeout=5.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._config.host, self._config.port)
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise ServiceError(
                f"source {self.id} cannot listen on {self._config.host}:{self._config.port} "
                f"({error.strerror or error}); choose another `listen`"
            ) from error
        self.port = runner.addresses[0][1]
        self.listening.set()
        outlet.emit(SourceTried(self.id, None, first=False))
        try:
            await outlet.stopping.wait()
        finally:
            self.listening.clear()
            await site.stop()
            await server.finished(self._settings.kafka_request_timeout_ms / 1_000)
            await runner.cleanup()
        return False

    async def _handle(self, request: web.BaseRequest, outlet: Outlet) -> web.StreamResponse:
        started = time.monotonic()
        try:
            answer = await self._answer(request, outlet)
        except Answer as found:
            answer = found
        outlet.emit(RequestAnswered(answer.status, time.monotonic() - started))
        response = web.Response(
            body=orjson.dumps(answer.body, option=orjson.OPT_APPEND_NEWLINE),
            status=answer.status,
            content_type="application/json",
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
        )
        if answer.retry_after is not None:
            response.headers["Retry-After"] = str(max(1, round(answer.retry_after)))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = "POST"
        if not request.content.is_eof():
            # What was not read of the body must not be taken for the next request.
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest, outlet: Outlet) -> Answer:
        self._check_caller(request)
        self._check_head(request)
        pressed = outlet.pressure(1, request.content_length or 0)
        if pressed is not None:
            raise Answer(429, "too much is waiting for the broker", retry_after=pressed)
        data = await self._body(request)
        items = self._items(data, several=_media_type(request) in _SEVERAL)
        pressed = outlet.pressure(len(items), len(data))
        if pressed is not None:
            raise Answer(429, "too much is waiting for the broker", retry_after=pressed)
        return _report(items, await outlet.offer(items, bury=False))

    def _check_caller(self, request: web.BaseRequest) -> None:
        name = host_name(request.headers.get("Host", ""))
        tokens = self._config.tokens
        # Without tokens only the name keeps a web page that has been re-bound to our address from writing.
        if name not in self._own_names and (self._config.hosts or not tokens or is_loopback(self._config.host)):
            raise Answer(421, "found another host name in `Host`, expected one of this listener's (`hosts`)")
        if "Origin" in request.headers:
            raise Answer(403, "found a request of a web page (`Origin`), expected one of a program")
        if not tokens:
            return
        address = request.remote or ""
        wait = self._guesses.must_wait(address)
        if wait is not None:
            raise Answer(429, "too many wrong tokens from this address", retry_after=wait)
        if not bears(request.headers.get("Authorization"), tokens):
            self._guesses.note(address)
            raise Answer(401, "found no valid token, expected `Authorization: Bearer …`")

    def _check_head(self, request: web.BaseRequest) -> None:
        if request.path != PATH:
            raise Answer(404, f"found another path, expected {PATH}")
        if request.method != "POST":
            raise Answer(405, f"found {request.method[:20]}, expected POST")
        if _media_type(request) not in (*_ONE, *_SEVERAL):
            raise Answer(415, f"found another Content-Type, expected {_ONE[0]} (one article) or {_SEVERAL[0]} (lines)")
        if request.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
            raise Answer(415, "found another Content-Encoding, expected gzip, deflate or none")
        bytes_max = self._settings.ingest_request_bytes_max
        if (request.content_length or 0) > bytes_max:
            raise Answer(413, f"found {request.content_length} bytes, expected at most {bytes_max}")

    async def _body(self, request: web.BaseRequest) -> bytes:
        bytes_max = self._settings.ingest_request_bytes_max
        seconds_max = self._settings.ingest_body_timeout_ms / 1_000
        inflater = Inflater(request.headers.get("Content-Encoding", "").strip().lower(), bytes_max)
        try:
            async with asyncio.timeout(seconds_max):
                if request.headers.get("Expect", "").lower() == "100-continue":
                    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    request.writer.output_size = 0
                async for piece in request.content.iter_any():
                    inflater.feed(piece)
            return inflater.finish()
        except TimeoutError:
            raise Answer(408, f"found no whole body within {seconds_max:g} s") from None
        except TooLarge:
            raise Answer(413, f"found more than {bytes_max} bytes, expected at most that many") from None
        except Damaged as error:
            raise Answer(400, f"found a body that cannot be decompressed: {error}") from None
        except web.RequestPayloadError as error:
            raise Answer(400, f"found a damaged body: {error}"[:200]) from None

    def _items(self, data: bytes, *, several: bool) -> list[Item]:
        if not several:
            if not data.strip():
                raise Answer(400, "found an empty body, expected an article as a JSON object")
            return [read_line(Origin("request"), data)]
        items = list(read_lines("request", data))
        if len(items) == 1 and isinstance(items[0], Refused):
            raise Answer(400, items[0].reject.reason)
        articles_max = self._settings.ingest_request_articles_max
        if len(items) > articles_max:
            raise Answer(413, f"found {len(items)} lines, expected at most {articles_max}")
        return items


def _report(items: Sequence[Item], outcomes: Sequence[Outcome]) -> Answer:
    ids = [outcome.id for outcome in outcomes if isinstance(outcome, Accepted)]
    declined = sum(isinstance(outcome, Declined) for outcome in outcomes)
    lost = len(outcomes) - len(ids) - declined
    if not declined and not lost:
        return Answer(200, "", accepted=len(ids), ids=ids)
    lines = [
        _line(item, outcome) for item, outcome in zip(items, outcomes, strict=True) if not isinstance(outcome, Accepted)
    ]
    report: dict[str, Any] = {
        "accepted": len(ids),
        "refused": declined,
        "failed": lost,
        "lines": lines[:LINES_REPORTED_MAX],
    }
    if lost:
        what = "the broker did not acknowledge all of it; send the request again"
        return Answer(503, what, retry_after=RETRY_SECONDS, **report)
    return Answer(422, "not all of it is an article; see lines", **report)


def _line(item: Item, outcome: Declined | Unacknowledged) -> dict[str, Any]:
    line = item.origin.line or 1
    if isinstance(outcome, Declined):
        return {"line": line, "status": 422, "code": outcome.reject.code, "reason": outcome.reject.reason[:300]}
    return {"line": line, "status": 503, "reason": outcome.reason[:300]}


def _media_type(request: web.BaseRequest) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
