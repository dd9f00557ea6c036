"""What tests of the worker share: worker processes, topics, and everything that a topic holds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from stream.broker.admin import Admin
from stream.settings import Settings

FAKE = ("-m", "tests.worker.fake_worker")
REAL = ("-m", "stream.cli", "worker")
DEADLINE_SECONDS = 60.0
ANSWER_SECONDS_MAX = 30.0
"""Of a health page: who asks for one value takes no answer for 0."""

RECONNECT_MS_MAX = 500
"""Of the tests' own clients: the pause between their attempts must not be taken for the worker's."""


def until(
    condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS, *, pause_seconds: float = 0.05
) -> Any:
    """Waits until the condition holds and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(pause_seconds)


_made: dict[str, int] = {}
"""Partitions of the topics by prefix: a worker is told what the topics were made with."""


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a program that is to have these settings, and no others."""
    given = {f"REDLINE_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()}
    given["REDLINE_TOPIC_PARTITIONS"] = str(_made.get(settings.topic_prefix, settings.topic_partitions))
    return {name: value for name, value in os.environ.items() if not name.startswith("REDLINE_")} | given


def make_topics(settings: Settings, partitions: int = 4) -> None:
    """Every topic of the product, under the settings' prefix."""
    _made[settings.topic_prefix] = partitions
    with Admin(settings.model_copy(update={"topic_partitions": partitions})) as admin:
        admin.create()


def publish(settings: Settings, topic: str, messages: Sequence[tuple[bytes | None, bytes | None]]) -> None:
    """Sends all (key, value) pairs and waits for the acknowledgements."""
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=5)
    try:
        sent = [producer.send(settings.topic_prefix + topic, key=key, value=value) for key, value in messages]
        producer.flush(timeout=30)
        for future in sent:
            future.get(timeout=30)
    finally:
        producer.close()


class Follower:
    """Reads some topics from their beginning; `values[topic]` grows with each `poll`, and `sent_ms[topic]` as well."""

    def __init__(self, settings: Settings, *topics: str) -> None:
        self._prefix = settings.topic_prefix
        self._consumer = KafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            auto_offset_reset="earliest",
            reconnect_backoff_max_ms=RECONNECT_MS_MAX,
        )
        names = [self._prefix + topic for topic in topics]
        self.values: dict[str, list[bytes]] = {topic: [] for topic in topics}
        self.sent_ms: dict[str, list[int]] = {topic: [] for topic in topics}
        partitions = [TopicPartition(n, p) for n in names for p in self._partitions_of(n)]
        self._consumer.assign(partitions)
        self._consumer.seek_to_beginning(*partitions)

    def _partitions_of(self, name: str) -> set[int]:
        """Waited for: a topic that the client has not heard of would be left unread for good, and nobody would know."""
        found: set[int] = until(lambda: self._consumer.partitions_for_topic(name), f"partitions of {name}")
        return found

    def poll(self) -> dict[str, list[bytes]]:
        """Reads what has come."""
        for records in self._consumer.poll(timeout_ms=200).values():
            for record in records:
                topic = record.topic.removeprefix(self._prefix)
                self.values[topic].append(record.value)
                self.sent_ms[topic].append(record.timestamp)
        return self.values

    def wait(self, topic: str, count: int) -> list[bytes]:
        """Reads until a topic has given so many records."""
        until(lambda: len(self.poll()[topic]) >= count, f"{count} records on {topic}, {len(self.values[topic])} came")
        return self.values[topic]

    def rest(self) -> None:
        """Reads to the end of the topics, for workers that have stopped; an empty poll may only mean a slow broker."""
        partitions = self._consumer.assignment()
        # Too low after a batch, on the embedded broker; the watermark that comes with that batch is right.
        ends = self._consumer.end_offsets(list(partitions))

        def read() -> bool:
            self.poll()
            return all(
                self._consumer.position(partition) >= max(end, self._consumer.highwater(partition) or 0)
                for partition, end in ends.items()
            )

        until(read, "the end of the topics")

    def close(self) -> None:
        """Closes the connection."""
        self._consumer.close()


@contextmanager
def following(settings: Settings, *topics: str) -> Iterator[Follower]:
    """A Follower that is closed at the end."""
    follower = Follower(settings, *topics)
    try:
        yield follower
    finally:
        follower.close()


class WorkerProcess:
    """A worker in a process of its own, with its log and its health pages."""

    def __init__(
        self, settings: Settings, program: Sequence[str] = FAKE, *, log_folder: Path | None = None, **environment: str
    ) -> None:
        self._log = tempfile.NamedTemporaryFile("w+", suffix=".log", prefix="worker-", dir=log_folder)  # noqa: SIM115 - closed in end
        self._printed = ""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *program], env=environment_of(settings) | environment, stdout=self._log, stderr=self._log
        )

    @property
    def log(self) -> str:
        """All that it has printed; after `end`, all that it had."""
        try:
            return Path(self._log.name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return self._printed

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of a health page; (0, "") if it does not answer."""
        found = re.search(r"url=(http://\S+)", self.log)
        if found is None:
            return 0, ""
        try:
            with urllib.request.urlopen(found.group(1) + path, timeout=ANSWER_SECONDS_MAX) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, HTTPException):
            return 0, ""

    def metric(self, sample: str) -> float:
        """The value of one sample line, such as `name{label="x"}`; 0 if it is not there."""
        for line in self.page("/metrics")[1].splitlines():
            if line.rpartition(" ")[0] == sample:
                return float(line.rpartition(" ")[2])
        return 0.0

    def ready(self) -> WorkerProcess:
        """Waits until /readyz says yes."""

        def answered() -> bool:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log}"
            return self.page("/readyz")[0] == 200

        until(answered, f"ready; log:\n{self.log}")
        self.ready_seconds = time.monotonic() - self.started
        return self

    def wait_exit(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Waits until the process has ended and returns its exit code."""
        return self.process.wait(seconds)

    def stop(self, which: signal.Signals = signal.SIGTERM, seconds: float = DEADLINE_SECONDS) -> int:
        """Sends a signal and waits for the end."""
        self.process.send_signal(which)
        return self.wait_exit(seconds)

    def end(self) -> None:
        """Makes sure that nothing is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._printed = self.log  # before the file goes: a supervisor ends it while others still look
        self._log.close()


def runs(pid: int) -> bool:
    """False once a process has ended, whether its parent has looked or not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in ("Z", "X")


@contextmanager
def running(
    settings: Settings, program: Sequence[str] = FAKE, *, log_folder: Path | None = None, **environment: str
) -> Iterator[WorkerProcess]:
    """A worker that is gone at the end, whatever happens."""
    worker = WorkerProcess(settings, program, log_folder=log_folder, **environment)
    try:
        yield worker
    finally:
        worker.end()
