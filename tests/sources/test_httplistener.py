"""HTTP ingest from the outside: every answer of its table, with real sockets, and nothing accepted but what it says."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from stream.errors import ServiceError
from stream.settings import Settings
from stream.sources.configs import HttpConfig
from stream.sources.httplistener import HttpListener
from tests.sources.kit import Bench, Run, lost

TOKEN = "0123456789abcdef-token"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
SETTINGS = Settings(
    topic_prefix="t.",
    ingest_request_bytes_max=20_000,
    ingest_request_articles_max=20,
    ingest_connections_max=20,
    ingest_waiting_articles_max=10,
    kafka_request_timeout_ms=1_000,
)

Post = Callable[..., Awaitable[tuple[int, dict[str, Any], Any]]]
Play = Callable[[Bench, Run, HttpListener, Post], Awaitable[None]]


def play(folder: Path, scenario: Play, config: HttpConfig | None = None, settings: Settings = SETTINGS) -> Bench:
    """Runs a scenario against a listener on a free port."""

    async def main() -> Bench:
        bench = Bench(folder, settings)
        listener = HttpListener(config or HttpConfig("api", port=0), settings)
        async with aiohttp.ClientSession() as session, bench.running(listener) as run:

            async def post(data: Any, headers: dict[str, str] = JSON, path: str = "/articles") -> Any:
                url = f"http://127.0.0.1:{listener.port}{path}"
                async with session.post(url, data=data, headers=headers) as answer:
                    return answer.status, await answer.json(), answer.headers

            await run.until(listener.listening.is_set, "it listens")
            await scenario(bench, run, listener, post)
        return bench

    return asyncio.run(main())


def lines(*bodies: object) -> bytes:
    return b"\n".join(orjson.dumps({"body": body}) for body in bodies)


def test_answers_only_after_the_broker(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        bench.desk.held = True
        asking = asyncio.create_task(post(lines("One."), JSON))
        await run.until(lambda: len(bench.desk.sent) == 1, "it is under way")
        await asyncio.sleep(0.1)
        assert not asking.done()
        bench.desk.release()
        status, body, headers = await asking
        assert (status, body["accepted"], len(body["ids"])) == (200, 1, 1)
        assert headers["X-Content-Type-Options"] == "nosniff"

    bench = play(tmp_path, scenario)
    assert bench.value("redline_ingest_requests_total", status="200") == 1
    assert bench.value("redline_ingest_request_seconds") == 1


def test_what_the_article_says_itself_is_kept(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        given = {
            "id": "a",
            "body": "Text.",
            "source": "Wire",
            "fetched": "2026-01-02T03:04:05Z",
            "desk": 7,
            "lang": None,
        }
        assert (await post(orjson.dumps(given)))[0] == 200
        (article,) = bench.desk.articles()
        assert article == {k: v for k, v in given.items() if v is not None} | {"source_id": "api"}

    play(tmp_path, scenario)


def test_each_line_of_a_batch_has_its_own_fate(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        data = b'{"body": "One."}\n\n{"body": 2}\nno json\n\xff\n{"body": "Five."}\r\n[1]'
        status, body, _ = await post(data, NDJSON)
        assert (status, body["accepted"], body["refused"], body["failed"]) == (422, 2, 4, 0)
        assert [(line["line"], line["code"]) for line in body["lines"]] == [
            (3, "wrong_type"),
            (4, "invalid_json"),
            (5, "invalid_utf8"),
            (7, "not_an_object"),
        ]
        assert all(line["reason"] and line["status"] == 422 for line in body["lines"])
        assert bench.desk.bodies() == ["One.", "Five."]
        assert not bench.desk.dead()

    play(tmp_path, scenario)


def test_what_the_broker_did_not_acknowledge_is_503(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        bench.desk.fails = lambda output: lost(output) if b"Two." in output.value else None
        status, body, headers = await post(lines("One.", "Two.", 3), NDJSON)
        assert status == 503
        assert int(headers["Retry-After"]) >= 1
        assert (body["accepted"], body["refused"], body["failed"]) == (1, 1, 1)
        assert [(line["line"], line["status"]) for line in body["lines"]] == [(2, 503), (3, 422)]
        bench.desk.fails = lambda _: None
        status, body, _ = await post(lines("One.", "Two."), NDJSON)
        assert (status, body["accepted"]) == (200, 2)
        ids = [article["id"] for article in bench.desk.articles()]
        assert len(ids) == 3, "a repeat is the same article"
        assert len(set(ids)) == 2

    play(tmp_path, scenario)


def test_too_much_is_429_with_retry_after(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        bench.desk.held = True
        first = asyncio.create_task(post(lines(*map(str, range(8))), NDJSON))
        await run.until(lambda: len(bench.desk.sent) == 8, "eight are under way")
        status, body, headers = await post(lines("a", "b", "c"), NDJSON)
        assert (status, int(headers["Retry-After"])) == (429, 1)
        assert "waiting" in body["error"]
        assert len(bench.desk.sent) == 8
        bench.desk.release()
        assert (await first)[0] == 200
        assert (await post(lines("a", "b", "c"), NDJSON))[0] == 200

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("status", "data", "headers", "path"),
    [
        (400, b"", JSON, "/articles"),
        (400, b"\n \n", NDJSON, "/articles"),
        (422, b"[]", JSON, "/articles"),
        (422, b'{"title": "no body"}', JSON, "/articles"),
        (422, b"[" * 10_000, JSON, "/articles"),
        (422, b'{"body": ' + b"1" * 5_000 + b"}", JSON, "/articles"),
        (422, b'{"body": "\\ud800"}', JSON, "/articles"),
        (404, b"{}", JSON, "/"),
        (415, b'{"body": "x"}', {"Content-Type": "text/plain"}, "/articles"),
        (415, b'{"body": "x"}', {"Content-Type": "application/x-www-form-urlencoded"}, "/articles"),
        (415, b"x", JSON | {"Content-Encoding": "br"}, "/articles"),
        (400, b"no gzip", JSON | {"Content-Encoding": "gzip"}, "/articles"),
        (400, gzip.compress(b'{"body": "x"}')[:-4], JSON | {"Content-Encoding": "gzip"}, "/articles"),
        (413, b'{"body": "' + b"x" * 30_000 + b'"}', JSON, "/articles"),
        (413, lines(*map(str, range(21))), NDJSON, "/articles"),
        (403, b'{"body": "x"}', JSON | {"Origin": "http://127.0.0.1"}, "/articles"),
        (421, b'{"body": "x"}', JSON | {"Host": "evil.example"}, "/articles"),
    ],
)  # fmt: skip
def test_refusals(status: int, data: bytes, headers: dict[str, str], path: str, tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        found, body, _ = await post(data, headers, path)
        assert found == status
        assert body["error"]
        assert not bench.desk.sent
        assert (await post(b'{"body": "Goes on."}'))[0] == 200

    play(tmp_path, scenario)


def test_other_methods_are_405(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        async with aiohttp.ClientSession() as session:
            for method in ("GET", "PUT", "DELETE", "OPTIONS"):
                async with session.request(method, f"http://127.0.0.1:{listener.port}/articles") as answer:
                    assert (answer.status, answer.headers["Allow"]) == (405, "POST")

    play(tmp_path, scenario)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies_are_read_and_bombs_are_413(encoding: str, tmp_path: Path) -> None:
    compress = gzip.compress if encoding == "gzip" else zlib.compress

    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        headers = JSON | {"Content-Encoding": encoding}
        assert (await post(compress(b'{"body": "Small."}'), headers))[0] == 200
        bomb = compress(b'{"body": "' + b"0" * 15_000_000 + b'"}')
        assert len(bomb) < 20_000
        assert (await post(bomb, headers))[0] == 413
        assert bench.desk.bodies() == ["Small."]

    play(tmp_path, scenario)


def test_tokens(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        data = b'{"body": "x"}'
        good = JSON | {"Authorization": f"Bearer {TOKEN}"}
        for wrong in ({}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": f"Bearer {TOKEN}x"}):
            status, _, headers = await post(data, JSON | wrong)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert (await post(data, good))[0] == 200
        assert (await post(data, JSON | {"Authorization": "bearer second-token-of-two"}))[0] == 200
        statuses = [(await post(data, JSON | {"Authorization": "Bearer guess"}))[0] for _ in range(10)]
        assert statuses == [401] * 7 + [429] * 3
        status, _, headers = await post(data, good)
        assert status == 429, "who guesses has to wait, with the right token too"
        assert 1 <= int(headers["Retry-After"]) <= 60
        assert TOKEN not in bench.log.getvalue()

    play(tmp_path, scenario, HttpConfig("api", port=0, tokens=(TOKEN, "second-token-of-two")))


def test_host_names_of_its_own(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        for host, status in (("ingest.example:8480", 200), ("[::1]:8480", 200), ("LOCALHOST", 200), ("other", 421)):
            assert (await post(b'{"body": "x"}', JSON | {"Host": host}))[0] == status

    play(tmp_path, scenario, HttpConfig("api", port=0, hosts=("ingest.example",)))


class _Said(asyncio.Protocol):
    """All that a server says; a stream reader forgets it when a reset comes behind it."""

    def __init__(self) -> None:
        self.data = b""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


async def _raw(port: int, *pieces: bytes, pause_seconds: float = 0.0) -> bytes:
    """What the server says until it closes the connection."""
    transport, said = await asyncio.get_running_loop().create_connection(_Said, "127.0.0.1", port)
    try:
        for piece in pieces:
            transport.write(piece)
            await asyncio.sleep(pause_seconds)
        async with asyncio.timeout(20):
            await said.ended.wait()
        return said.data
    finally:
        transport.close()


def test_slow_bodies_are_408_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        head = b"POST /articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += b"Content-Length: 100\r\n\r\n"
        slow = [asyncio.create_task(_raw(listener.port, head, *[b"x"] * 8, pause_seconds=0.25)) for _ in range(10)]
        assert (await post(b'{"body": "Quick."}'))[0] == 200
        for answer in await asyncio.gather(*slow):
            assert answer.startswith(b"HTTP/1.1 408 ")
        assert bench.desk.bodies() == ["Quick."]

    play(tmp_path, scenario, settings=SETTINGS.model_copy(update={"ingest_body_timeout_ms": 1_000}))


async def _trickle(port: int, data: bytes, pause_seconds: float) -> bytes:
    """The head of the answer that comes while the data is sent a byte at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    try:
        for byte in data:
            if answer.done():
                break
            writer.write(bytes([byte]))
            await asyncio.wait([answer], timeout=pause_seconds)
        return await asyncio.wait_for(answer, 20)
    finally:
        writer.close()


HEAD = b"POST /articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
PATIENT = SETTINGS.model_copy(update={"ingest_head_timeout_ms": 60_000})


def test_slow_heads_are_408_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        # Each byte comes long before the time is up, all of them never do.
        slow = [asyncio.create_task(_trickle(listener.port, HEAD, 0.1)) for _ in range(10)]
        assert (await post(b'{"body": "Quick."}'))[0] == 200
        for answer in await asyncio.gather(*slow):
            assert answer.startswith(b"HTTP/1.1 408 ")
        # Who says nothing at all is closed without a word, and a second head is as slow as a first one.
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(HEAD + b'{"body": "y"}' + HEAD[:20])
        said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert said.startswith(b"HTTP/1.1 200 ")
        writer.write(HEAD[20:40])
        assert (await asyncio.wait_for(reader.read(), 20)).partition(b"HTTP/1.1 408 ")[1]
        writer.close()
        assert bench.desk.bodies() == ["Quick.", "y"]

    bench = play(tmp_path, scenario, settings=SETTINGS.model_copy(update={"ingest_head_timeout_ms": 1_000}))
    assert bench.value("redline_ingest_requests_total", status="408") == 11


def test_slow_clients_however_many_keep_nobody_out(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        slow = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(100)]
        for _, writer in slow:
            writer.write(HEAD[:10])
        for number in range(5):
            assert (await post(orjson.dumps({"body": f"Good {number}."})))[0] == 200
        # Who has a request in work is never the one that goes.
        bench.desk.held = True
        asking = asyncio.create_task(post(b'{"body": "In work."}'))
        await run.until(lambda: len(bench.desk.sent) == 6, "it is under way")
        slow += [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(100)]
        bench.desk.release()
        assert (await asking)[0] == 200
        for _, writer in slow:
            writer.close()

    play(tmp_path, scenario, settings=PATIENT)


def test_damaged_requests_end_their_connection_only(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        assert b" 400 " in (await _raw(listener.port, b"\x16\x03\x01 no http\r\n\r\n")).partition(b"\r\n")[0]
        long = b"POST /articles HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"
        assert b" 400 " in (await _raw(listener.port, long)).partition(b"\r\n")[0]
        head = b"POST /articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        chunked = head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert b" 400 " in (await _raw(listener.port, chunked + b"zz\r\nxx\r\n")).partition(b"\r\n")[0]
        good = chunked + b'5\r\n{"bod\r\n8\r\ny": "x"}\r\n0\r\n\r\n'
        assert b" 200 " in (await _raw(listener.port, good)).partition(b"\r\n")[0]
        gone = await asyncio.open_connection("127.0.0.1", listener.port)
        gone[1].write(head + b"Content-Length: 100\r\n\r\n{")
        gone[1].close()
        assert (await post(b'{"body": "Goes on."}'))[0] == 200
        assert bench.desk.bodies() == ["x", "Goes on."]

    play(tmp_path, scenario)


def test_expect_continue_is_answered_before_the_body(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        head = b"POST /articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(head + b"Expect: 100-continue\r\n\r\n")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"body": "x"}')
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).startswith(b"HTTP/1.1 200 ")
        writer.close()

    play(tmp_path, scenario)


def test_connections_are_limited(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(40)]
        # The ones above the limit are closed without a word.
        closed = [asyncio.create_task(reader.read()) for reader, _ in idle]
        await run.until(lambda: sum(task.done() for task in closed) >= 20, "20 are closed")
        for task in closed:
            task.cancel()
        await asyncio.gather(*closed, return_exceptions=True)
        for _, writer in idle:
            writer.close()
        await asyncio.sleep(0.1)
        assert (await post(b'{"body": "x"}'))[0] == 200

    play(tmp_path, scenario)


def test_a_stop_lets_requests_in_work_finish(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, listener: HttpListener, post: Post) -> None:
        bench.desk.held = True
        asking = asyncio.create_task(post(b'{"body": "x"}'))
        await run.until(lambda: len(bench.desk.sent) == 1, "it is under way")
        run.stopping.set()
        await run.until(lambda: not listener.listening.is_set(), "it listens no more")
        with pytest.raises(aiohttp.ClientError):
            await post(b'{"body": "Too late."}')
        bench.desk.release()
        assert (await asking)[0] == 200

    play(tmp_path, scenario)


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    async def main() -> None:
        bench = Bench(tmp_path, SETTINGS)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            source = HttpListener(HttpConfig("api", port=taken.getsockname()[1]), SETTINGS)
            async with bench.running(source) as run:
                await run.task

    with pytest.raises(ServiceError, match="source api cannot listen on"):
        asyncio.run(main())
