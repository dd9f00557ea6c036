"""A worker process with a stand-in for the engine: `python -m tests.worker.fake_worker`, settings from REDLINE_*.

A record becomes one tagged record; where it says `alert`, also a match, which becomes an alert with the same value.
`slow` takes 0.3 s, `stuck` for ever, `bug` raises, `kill` is the end of the process.

`FAKE_WORKER=deaf` in the environment: nothing that is fetched gets to an agent; `deaf-to-matches`: nor do matches,
after the first ones. `FAKE_WORKER=table`: it keeps a table `fake`, which it never writes, and recovers it slowly, until
there is the file that `FAKE_SEEN` names.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import faust
from faust.transport.consumer import ThreadDelegateConsumer

from stream.cli.stopping import leave_at_once
from stream.detect import Memory
from stream.engine import Batch, Facts
from stream.errors import RedlineError
from stream.model import Output, Record, Severity
from stream.rulelang.ruleset import RuleSet
from stream.settings import load
from stream.telemetry.logs import configure_logging
from stream.wire.topics import ALERTS, MATCHES, TAGGED, full_name
from stream.worker import run
from stream.worker.app import create_app
from stream.worker.driver import ChunkConsumer
from stream.worker.run import run_worker


class FakeEngine:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.ruleset = RuleSet((), 0, "d" * 64)

    def tag(self, records: Sequence[Record]) -> Batch:
        outputs = []
        for record in records:
            value = record.value or b"nothing"
            if b"slow" in value:
                time.sleep(0.3)
            if b"stuck" in value:
                sys.stderr.write("stuck from now on\n")
                time.sleep(3_600)
            if b"kill" in value:
                os.kill(os.getpid(), signal.SIGKILL)
            if b"bug" in value:
                raise ZeroDivisionError("a bug")
            outputs.append(Output(full_name(self.prefix, TAGGED), record.key or b"", value, record.headers))
            if b"alert" in value:
                outputs.append(Output(full_name(self.prefix, MATCHES), b"k", value, ((str(record.timestamp_ms), b""),)))
        matches = len(outputs) - len(records)
        return Batch(outputs, Facts(records=len(records), articles=len(records), matches=matches))

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        facts = Facts(records=len(records))
        facts.alerts["rule", "high", "fired"] += len(records)
        facts.raw_timestamps_ms = [int(record.headers[0][0]) for record in records]
        topic = full_name(self.prefix, ALERTS[Severity.HIGH])
        return Batch([Output(topic, r.key or b"", r.value or b"") for r in records], facts)


async def nothing(*_: Any, **__: Any) -> dict[Any, Any]:
    await asyncio.sleep(0.1)
    return {}


def deaf_to_matches() -> None:
    stock, heard = ThreadDelegateConsumer._getmany, set[str]()

    async def getmany(self: Any, *given: Any) -> Any:
        fetched = await stock(self, *given)
        matches = [partition for partition in fetched if partition.topic.endswith(MATCHES.name)]
        for partition in matches:
            if partition.topic in heard:
                del fetched[partition]
        heard.update(partition.topic for partition in matches)
        return fetched

    ThreadDelegateConsumer._getmany = getmany  # type: ignore[method-assign]


def with_table(*given: Any, **named: Any) -> faust.App:
    app = create_app(*given, **named)
    table: Any = app.Table("fake", default=int, partitions=4)
    apply = table.apply_changelog_batch

    seen = os.environ.get("FAKE_SEEN")

    def slowly(*given: Any, **named: Any) -> Any:
        # For a thousand records: long enough to be seen.
        for _ in range(20 if seen else 3):
            if seen and Path(seen).exists():
                break
            time.sleep(0.05)
        return apply(*given, **named)

    table.apply_changelog_batch = slowly
    return app


def main() -> int:
    leave_at_once()  # as `redline worker` does until the loop takes over
    settings = load()
    match os.environ.get("FAKE_WORKER"):
        case "deaf":
            ChunkConsumer._getmany = nothing  # type: ignore[method-assign]
        case "deaf-to-matches":
            deaf_to_matches()
        case "table":
            run.create_app = with_table  # type: ignore[attr-defined]
    configure_logging(settings.log_level, settings.log_format)
    try:
        return run_worker(settings, FakeEngine(settings.topic_prefix))
    except RedlineError as error:
        sys.stderr.write(f"redline: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
