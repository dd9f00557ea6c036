"""Server-sent events: gaps, bounds, ids; as a value, and over sockets with readers that never read."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from stream.settings import Settings
from stream.web.hub import EVENTS_KEPT_MAX, PIECE_BYTES_MAX, Hub
from tests.web.kit import Pipeline, WebServer, article, eventually, fetch


def events(chunk: bytes) -> list[tuple[str, object, str | None]]:
    """(name, data, id) of the events in a piece of a stream."""
    found = []
    for block in chunk.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith("retry"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id")))
    return found


def test_a_reader_that_comes_back_gets_what_it_missed() -> None:
    async def run() -> None:
        hub = Hub(queue_max=10)
        hub.publish("alert", 1)
        last = hub.cursor
        hub.publish("alert", 2)
        hub.publish("alert", 3)
        hub.tell("status", "not kept")
        assert [data for _, data, _ in events(await hub.join(last).take())] == [2, 3]
        assert [name for name, _, _ in events(await hub.join("other-1").take())] == ["gap"]
        assert [name for name, _, _ in events(await hub.join(f"{last.split('-')[0]}-99").take())] == ["gap"]
        assert [name for name, _, _ in events(await hub.join("<script>").take())] == ["gap"]

    asyncio.run(run())


def test_who_was_away_for_too_long_is_told_how_much_is_missing() -> None:
    async def run() -> None:
        hub = Hub(queue_max=10)
        hub.publish("alert", 0)
        last = hub.cursor
        for number in range(EVENTS_KEPT_MAX + 5):
            hub.publish("alert", number)
        ((name, data, identifier),) = events(await hub.join(last).take())
        assert (name, data) == ("gap", {"missed": 5, "reason": "too long away"})
        assert identifier == hub.cursor
        back = hub.join(f"{last.split('-')[0]}-6")
        found: list[object] = []
        while len(found) < EVENTS_KEPT_MAX:
            piece = await back.take()
            assert len(piece) < 2 * PIECE_BYTES_MAX
            found += [data for _, data, _ in events(piece)]
        assert found == list(range(5, EVENTS_KEPT_MAX + 5))

    asyncio.run(run())


def test_a_slow_reader_loses_the_oldest_and_is_told_so() -> None:
    async def run() -> None:
        hub = Hub(queue_max=3)
        slow, quick = hub.join(None), hub.join(None)
        for number in range(5):
            hub.publish("alert", number)
            await quick.take()
        found = events(await slow.take())
        assert found[0][:2] == ("gap", {"missed": 2, "reason": "this reader was too slow"})
        assert [data for _, data, _ in found[1:]] == [2, 3, 4]
        assert hub.dropped == 2

    asyncio.run(run())


@pytest.mark.embedded
def test_five_hundred_readers_then_503_and_silent_ones_are_cut_off(
    web_settings: Settings, pipeline: Pipeline, tmp_path: Path
) -> None:
    limits = {"web_readers_max": 500, "web_reader_blocked_ms_max": 10_000, "web_reader_queue_events_max": 64}
    with WebServer(web_settings, tmp_path / "log", **limits) as server:
        server.wait_ready()
        before = memory_kib(server.process.pid)
        asyncio.run(_crowd(server, pipeline))
        assert (memory_kib(server.process.pid) - before) / 500 < 100, "KiB a reader"

        def gone() -> bool:
            metrics = fetch(f"http://127.0.0.1:{server.metrics_port}/metrics")[1].decode()
            return "redline_web_readers 0.0" in metrics

        eventually(gone)


async def _crowd(server: WebServer, pipeline: Pipeline) -> None:
    request = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    silent = _silent_reader(server.port, request)
    readers = []
    for _ in range(499):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        readers.append((reader, writer))
    heads = await asyncio.wait_for(asyncio.gather(*(r.readuntil(b"event: status") for r, _ in readers)), 120)
    assert all(head.startswith(b"HTTP/1.1 200") for head in heads)
    status, body = await asyncio.to_thread(server.get, "/api/events")
    assert status == 503
    assert b"500" in body
    # Much more than the kernel's and our own buffers take for the one that never reads.
    big = [article(5_000 + n, "The port is closed. " * 40, title="Big " + "x" * 3_000) for n in range(60)]
    reading = asyncio.gather(*(_read_until(r, b'"article":"a5059-') for r, _ in readers))
    for start in range(0, len(big), 10):
        await asyncio.to_thread(pipeline.feed, *big[start : start + 10])
    await asyncio.wait_for(reading, 120)

    def cut_off() -> bool:
        metrics = fetch(f"http://127.0.0.1:{server.metrics_port}/metrics")[1].decode()
        return 'redline_web_readers_refused_total{reason="slow"} 1.0' in metrics

    await asyncio.to_thread(eventually, cut_off)
    silent.close()
    for _, writer in readers:
        writer.close()


async def _read_until(reader: asyncio.StreamReader, text: bytes) -> None:
    seen = b""
    while text not in seen:
        chunk = await reader.read(65_536)
        assert chunk, "the stream ended"
        seen = seen[-200:] + chunk


def _silent_reader(port: int, request: bytes) -> socket.socket:
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    silent.connect(("127.0.0.1", port))
    silent.sendall(request)
    return silent


def memory_kib(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")
