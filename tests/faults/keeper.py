"""A worker that keeps state: `python -m tests.faults.keeper`, settings from REDLINE_*.

One agent on the chunk driver puts each article's key into a table (a sorted list of ids for each of a few groups) and
sends the key to `articles.tagged`. So the changelog must hold what the output holds, whatever happens to the process.

KEEPER_FREEZES names a file: unless it is there, the keeper makes it and stops itself (SIGSTOP) in the middle of a
chunk, its state written and nothing sent. KEEPER_HUGE: it writes a state that no broker takes.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import faust

from stream.settings import Settings, load
from stream.worker.driver import SCHEME, ChunkTable, Limits, chunks, use_chunks

GROUPS = 5
HUGE_BYTES = 2_000_000
TABLE = "seen"


def group_of(key: str) -> str:
    """Ids spread over a few table keys."""
    return f"g{int(key[1:]) % GROUPS}"


def changelog_of(settings: Settings) -> str:
    """The name of the table's changelog topic."""
    return f"{settings.consumer_group}-{TABLE}-changelog"


def make_app(settings: Settings, folder: Path) -> faust.App:
    """The application; state is held in memory and recovered from the changelog."""
    app = faust.App(
        settings.consumer_group,
        broker=f"{SCHEME}://{settings.bootstrap}",
        datadir=folder,
        store="memory://",
        Table=ChunkTable,
        table_standby_replicas=0,
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=True,
        broker_session_timeout=settings.session_timeout_ms / 1_000,
        broker_heartbeat_interval=settings.heartbeat_interval_ms / 1_000,
        broker_commit_interval=settings.commit_interval_ms / 1_000,
        producer_acks=-1,
    )
    transport = use_chunks(app, Limits(chunk_records_max=50), give_up, sys.stderr.write)
    table = app.Table(TABLE, default=list, partitions=settings.topic_partitions)

    @app.agent(transport.topic(settings.topic_prefix + "articles.raw"), name="keep")
    async def keep(stream: Any) -> None:
        taken: AsyncGenerator[Any, None] = chunks(stream)
        async for chunk in taken:
            keys = [(record.key or b"").decode() for record in chunk.records]
            for key in keys:
                state = f"{chunk.records[0].partition}:{group_of(key)}"  # one key, one partition
                table[state] = sorted({*table[state], key})
            if os.environ.get("KEEPER_HUGE"):
                table["huge"] = ["x" * HUGE_BYTES]
            freeze_once()
            producer = app.producer._ensure_producer()  # type: ignore[attr-defined]
            topic = settings.topic_prefix + "articles.tagged"
            await chunk.confirm(*[await producer.send(topic, key.encode()) for key in keys])

    transport.check()
    return app


def freeze_once() -> None:
    """Stops this process in its tracks, the first time."""
    marker = os.environ.get("KEEPER_FREEZES")
    if marker is not None and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGSTOP)


def give_up(why: str, error: BaseException | None = None) -> Any:
    """Ends the process without a commit."""
    sys.stderr.write(f"giving up: {why}: {error!r}\n")
    sys.stderr.flush()
    os._exit(75)


async def main() -> None:
    """Works until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(load(), Path(folder))
        starting = asyncio.ensure_future(app.start())
        while not stopped.is_set():
            await asyncio.wait({starting, asyncio.ensure_future(asyncio.sleep(0.1))}, return_when="FIRST_COMPLETED")
            if app.crashed or (starting.done() and starting.exception() is not None):
                give_up("Faust crashed", app.crash_reason)
            await asyncio.sleep(0.1)
        await app.stop()


if __name__ == "__main__":
    asyncio.run(main())
