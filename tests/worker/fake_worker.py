"""A worker process with a stand-in for the engine: `python -m tests.worker.fake_worker`, settings from REDLINE_*.

A record becomes one tagged record; where it says `alert`, also a match, which becomes an alert with the same value.
`slow` takes 0.3 s, `stuck` for ever, `bug` raises, `kill` is the end of the process.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from stream.engine import Batch, Facts
from stream.errors import RedlineError
from stream.model import Output, Record, Severity
from stream.rulelang.ruleset import RuleSet
from stream.settings import load
from stream.telemetry.logs import configure_logging
from stream.wire.topics import ALERTS, MATCHES, TAGGED, full_name
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
                time.sleep(3_600)
            if b"kill" in value:
                os.kill(os.getpid(), signal.SIGKILL)
            if b"bug" in value:
                raise ZeroDivisionError("a bug")
            outputs.append(Output(full_name(self.prefix, TAGGED), record.key or b"", value, record.headers))
            if b"alert" in value:
                outputs.append(Output(full_name(self.prefix, MATCHES), b"k", value, ((str(record.timestamp_ms), b""),)))
        return Batch(outputs, Facts(records=len(records), articles=len(records)))

    def alert(self, records: Sequence[Record], now: datetime) -> Batch:
        facts = Facts(records=len(records))
        facts.alerts["rule", "high", "fired"] += len(records)
        facts.raw_timestamps_ms = [int(record.headers[0][0]) for record in records]
        topic = full_name(self.prefix, ALERTS[Severity.HIGH])
        return Batch([Output(topic, r.key or b"", r.value or b"") for r in records], facts)


def main() -> int:
    settings = load()
    configure_logging(settings.log_level, settings.log_format)
    try:
        return run_worker(settings, FakeEngine(settings.topic_prefix))
    except RedlineError as error:
        sys.stderr.write(f"redline: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
