"""Where does the time go from `kill -9` to the first article worked again? On a real Apache Kafka (Java and Maven).

    python -m bench.resume [--kills N] [--session-ms N] [--rate N] [--rules DIR]

One worker under a steady stream is killed and started again at once. From its log, and from what comes out:

    load     from the kill until rules are loaded: Python, modules, rules with their compilation
    check    until the worker asks its group for partitions: does the broker answer, do the topics fit
    join     until it is ready: the group waits for the session of the dead worker to end; tables are read
    work     until the first article that was sent after the kill is tagged

The session goes on from the dead worker's last heartbeat, beside `load` and `check`.
"""

from __future__ import annotations

import json
import re
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import click

from stream.settings import Settings
from stream.wire.topics import TAGGED
from tests.faults import stateful
from tests.faults.kit import Feeder, Supervised, supervised
from tests.kafka.broker import KafkaBroker
from tests.worker.kit import Follower, following, until

PARTS = ("load", "check", "join", "work")
MARKS = ("rules loaded", "joining the consumer group", "worker ready")
SETTLED_SECONDS = 2.0
SECONDS_MAX = 120.0


@click.command()
@click.option("--kills", default=10, show_default=True)
@click.option("--session-ms", default=2_000, show_default=True, help="Session timeout of the worker.")
@click.option("--rate", default=20, show_default=True, help="Articles a second.")
@click.option("--rules", default=None, help="Folder of rule files instead of the fault tests' own.")
def main(kills: int, session_ms: int, rate: int, rules: str | None) -> None:
    """Measure the parts of a worker's return after kill -9."""
    with KafkaBroker() as broker, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        given = Settings(
            bootstrap=broker.bootstrap,
            topic_prefix="resume.",
            consumer_group="resume-worker",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=min(3_000, session_ms // 6),
            metrics_port=0,
        )
        settings = stateful.with_rules(given, Path(folder))
        if rules is not None:
            settings = settings.model_copy(update={"rules_dir": Path(rules)})
        found = _measure(settings, kills, rate)
    print(
        f"{kills} x kill -9, session timeout {session_ms / 1_000:g} s, {rate} articles/s; median and longest, seconds"
    )
    for number, part in enumerate(PARTS):
        times = [parts[number] for parts in found]
        print(f"  {part:6} {statistics.median(times):6.2f} {max(times):6.2f}")
    whole = [sum(parts) for parts in found]
    beyond = [seconds - session_ms / 1_000 for seconds in whole]
    print(f"  whole  {statistics.median(whole):6.2f} {max(whole):6.2f}")
    print(f"  beyond the session {statistics.median(beyond):.2f} {max(beyond):.2f}", flush=True)


def _measure(settings: Settings, kills: int, rate: int) -> list[list[float]]:
    found = []
    with (
        supervised(settings) as worker,
        Feeder(settings, rate) as feeder,
        following(settings, TAGGED.name) as follower,
    ):
        worker.worker.ready()
        for _ in range(kills):
            time.sleep(SETTLED_SECONDS)  # the worker is at the end of its topics
            before = worker.log.count("(ended with")
            wanted = f"a{feeder.sent + 1}"
            killed = time.time()
            worker.signal(signal.SIGKILL)
            _wait_for(follower, wanted)
            tagged = time.time()
            marks = [killed, *_marks(worker, before), tagged]
            found.append([later - earlier for earlier, later in pairwise(marks)])
    return found


def _wait_for(follower: Follower, article: str) -> None:
    def came() -> bool:
        values = follower.poll()[TAGGED.name]
        ids = [json.loads(value)["data"]["article"]["id"] for value in values]
        values.clear()
        return article in ids

    until(came, f"article {article} is tagged", SECONDS_MAX)


def _marks(worker: Supervised, ended_before: int) -> Sequence[float]:
    """When the newest worker said what."""
    log = "\n".join(worker.log.split("(ended with")[ended_before + 1 :])
    times = []
    for mark in MARKS:
        said = re.search(rf"^(\S+) \S+ +{mark}", log, re.MULTILINE)
        assert said is not None, f"{mark!r} is not in the log:\n{log}"
        times.append(datetime.fromisoformat(said[1]).timestamp())
    return times


if __name__ == "__main__":
    main()
