"""What do 1,000 feeds cost in one `redline ingest` when nothing in them changes?

    python -m bench.feeds [--feeds N] [--every SECONDS] [--seconds N]

A local server answers conditional requests of all feeds with 304, from many loopback addresses, so that the pause
between two requests to one host counts as it would outside. After the first round (which parses every feed), processor
time and memory of ingest and of its parsing process are measured. Beside it in the same run: a bare loop of aiohttp
that makes as many requests a second, which is what asking alone costs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import aiohttp
import click
from aiohttp import web

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.settings import Settings

HOSTS = 200
ITEMS = 20
DEADLINE_SECONDS = 300.0


@click.command()
@click.option("--feeds", default=1_000, show_default=True, help="How many feeds.")
@click.option("--every", default=60, show_default=True, help="Seconds between two polls of a feed.")
@click.option("--seconds", default=120, show_default=True, help="Length of the measurement.")
@click.option("--serve", hidden=True, is_flag=True)
def main(feeds: int, every: int, seconds: int, serve: bool) -> None:
    """Measure polling of feeds that do not change."""
    if serve:
        asyncio.run(_serve())
        return
    with EmbeddedBroker() as broker, tempfile.TemporaryDirectory() as folder:
        settings = Settings(**setting_overrides(broker))
        with Admin(settings) as admin:
            admin.create()
        with subprocess.Popen([sys.executable, "-m", "bench.feeds", "--serve"], stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout is not None
                port = int(server.stdout.readline())
                _measure(settings, Path(folder), port, feeds, every, seconds)
            finally:
                server.kill()


def _measure(settings: Settings, folder: Path, port: int, feeds: int, every: int, seconds: int) -> None:
    entries = "".join(
        f"  - {{id: f{n}, type: feed, every: {every}s, allow_networks: [127.0.0.0/8], url: 'http://{_host(n)}:{port}/{n}'}}\n"
        for n in range(feeds)
    )
    (folder / "sources.yml").write_text(f"schema: sources/v1\nsources:\n{entries}", encoding="utf-8")
    log = folder / "log"
    command = [sys.executable, "-m", "stream.cli", "ingest", "--log-level", "warning"]
    environment = {
        **os.environ,
        "REDLINE_BOOTSTRAP": settings.bootstrap,
        "REDLINE_INGEST_METRICS_PORT": str(metrics := _free_port()),
        "REDLINE_SOURCES_FILE": str(folder / "sources.yml"),
    }
    with log.open("wb") as errors, subprocess.Popen(command, env=environment, stderr=errors) as process:
        try:
            _wait(lambda: len(list((folder / ".redline").glob("*.json"))) == feeds, "every feed was read once")
            print(f"first round: {feeds} feeds of {ITEMS} entries, {_cpu_seconds(process.pid):.1f} s of processor")
            # The parsing process ends when it is idle for a minute.
            _wait(lambda: not _children(process.pid), "the parsing process is idle and ended")
            busy, started, polled = _cpu_seconds(process.pid), time.monotonic(), _polls(metrics)
            time.sleep(seconds)
            spent = time.monotonic() - started
            share = (_cpu_seconds(process.pid) - busy) / spent
            rate = (_polls(metrics) - polled) / spent
            print(
                f"then, {feeds} feeds every {every} s ({rate:.1f} polls/s): {share:.2%} of a core, "
                f"{_resident_mb(process.pid):.0f} MB resident; every 300 s that is {share / rate * feeds / 300:.2%}"
            )
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    said = log.read_text(encoding="utf-8")
    assert not said, said[:500]
    bare = asyncio.run(_bare(port, rate, min(seconds, 30)))
    print(f"bare aiohttp, as many requests a second:        {bare:.2%} of a core")


async def _bare(port: int, rate: float, seconds: int) -> float:
    """Share of a core for as many conditional requests a second, each on a connection of its own."""
    connector = aiohttp.TCPConnector(force_close=True)
    busy, started = time.process_time(), time.monotonic()
    async with aiohttp.ClientSession(connector=connector) as session:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            async with session.get(
                f"http://{_host(number)}:{port}/{number}", headers={"If-None-Match": '"1"'}
            ) as answer:
                await answer.read()
    return (time.process_time() - busy) / (time.monotonic() - started)


async def _serve() -> None:
    async def feed(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304)
        items = "".join(
            f"<item><guid>{request.path}-{n}</guid><title>Entry {n} of {request.path}</title>"
            f"<description>{'A sentence of a summary. ' * 12}</description></item>"
            for n in range(ITEMS)
        )
        document = f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'
        return web.Response(text=document, content_type="application/rss+xml", headers={"ETag": '"1"'})

    runner = web.ServerRunner(web.Server(feed))
    await runner.setup()
    site = web.TCPSite(runner, "0.0.0.0", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def _host(number: int) -> str:
    return f"127.0.1.{number % HOSTS + 1}"


def _wait(condition: object, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {DEADLINE_SECONDS:g} s: {what}")
        time.sleep(0.5)


def _polls(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("redline_feed_polls_total{"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
