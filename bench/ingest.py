"""How many articles a second does one `redline ingest` take over HTTP, beside a bare publisher in the same run?

    python -m bench.ingest [--seconds N] [--batch N] [--clients N] [--rate N]

Clients post batches of NDJSON and wait for each answer (2xx: the broker has acknowledged all of it). The broker is the
embedded one; clients, broker and ingest share the machine, so the processor time of ingest alone is measured too.
The bare publisher sends the same articles without HTTP, checks and copies.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import click

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.broker.publisher import Publisher
from stream.model import Output
from stream.settings import Settings
from stream.wire.topics import RAW, full_name

SEEDS = Path(__file__).parent.parent / "seeds"
DEADLINE_SECONDS = 60.0


@click.command()
@click.option("--seconds", default=10, show_default=True, help="Length of each run.")
@click.option("--batch", default=50, show_default=True, help="Articles in one request.")
@click.option("--clients", default=8, show_default=True, help="Requests under way at a time.")
@click.option("--rate", default=2_000, show_default=True, help="Articles a second of the paced run.")
def main(seconds: int, batch: int, clients: int, rate: int) -> None:
    """Measure HTTP ingest beside a bare publisher."""
    with EmbeddedBroker() as broker, tempfile.TemporaryDirectory() as folder:
        settings = Settings(**setting_overrides(broker), ingest_metrics_port=0)
        with Admin(settings) as admin:
            admin.create()
        bodies = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]
        print(f"articles of {sum(map(len, bodies)) // len(bodies)} characters on average, batches of {batch}")
        bare, bare_cpu = _bare(settings, bodies, seconds)
        print(f"bare publisher       {bare:8,.0f} articles/s   {bare_cpu * 1e6:6.0f} µs of processor an article")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        sources = Path(folder) / "sources.yml"
        sources.write_text(
            f"schema: sources/v1\nsources:\n  - {{id: api, type: http, listen: '127.0.0.1:{port}'}}\n", encoding="utf-8"
        )
        command = [sys.executable, "-m", "stream.cli", "ingest", "--sources-file", str(sources)]
        environment = {**os.environ, "REDLINE_BOOTSTRAP": broker.bootstrap, "REDLINE_INGEST_METRICS_PORT": "0"}
        with subprocess.Popen([*command, "--log-level", "warning"], env=environment) as process:
            try:
                for name, pace in ((f"HTTP at {rate:,}/s", rate), ("HTTP, all it takes", 0)):
                    busy = _cpu_seconds(process.pid)
                    done, spent, refused = asyncio.run(_clients(port, bodies, batch, clients, seconds, pace))
                    cpu = _cpu_seconds(process.pid) - busy
                    print(
                        f"{name:<20} {done / spent:8,.0f} articles/s   {cpu / done * 1e6:6.0f} µs of processor "
                        f"an article, {cpu / spent:4.0%} of a core, {refused} requests told to wait"
                    )
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(DEADLINE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


def _bare(settings: Settings, bodies: list[str], seconds: int) -> tuple[float, float]:
    """Articles a second to acknowledged records, and processor seconds an article."""
    topic = full_name(settings.topic_prefix, RAW)
    with Publisher(settings) as publisher:
        started, busy, number = time.monotonic(), time.process_time(), 0
        while time.monotonic() - started < seconds:
            number += 1
            value = json.dumps({"id": str(number), "body": bodies[number % len(bodies)]}).encode()
            publisher.send(Output(topic, str(number).encode(), value))
        publisher.flush(DEADLINE_SECONDS)
        spent = time.monotonic() - started
        return publisher.ledger().acknowledged / spent, (time.process_time() - busy) / number


async def _clients(
    port: int, bodies: list[str], batch: int, clients: int, seconds: int, pace: float
) -> tuple[int, float, int]:
    """Accepted articles, seconds, and requests that were told to wait."""
    url = f"http://127.0.0.1:{port}/articles"
    headers = {"Content-Type": "application/x-ndjson"}
    done = refused = number = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session:
        await _listening(session, url)
        started = time.monotonic()

        async def client() -> None:
            nonlocal done, refused, number
            while time.monotonic() - started < seconds:
                first, number = number, number + batch
                if pace:
                    await asyncio.sleep(max(0.0, started + first / pace - time.monotonic()))
                data = _batch(bodies, first, batch)
                while True:
                    async with session.post(url, data=data, headers=headers) as answer:
                        found = await answer.json()
                        if answer.status == 200:
                            done += found["accepted"]
                            break
                        assert answer.status == 429, found
                        refused += 1
                        await asyncio.sleep(float(answer.headers["Retry-After"]))

        await asyncio.gather(*(client() for _ in range(clients)))
        return done, time.monotonic() - started, refused


def _batch(bodies: list[str], first: int, count: int) -> bytes:
    return b"\n".join(
        json.dumps({"id": f"h{number}", "body": bodies[number % len(bodies)]}).encode()
        for number in range(first, first + count)
    )


async def _listening(session: aiohttp.ClientSession, url: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            async with session.get(url):
                return
        except aiohttp.ClientConnectionError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
