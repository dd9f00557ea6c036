"""`redline ingest` is killed under load, and the broker's log directory is full; on a real Kafka.

The promise: what was answered 2xx is on the topic, whatever happens; what was not is sent again and lost by nobody.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from stream.broker.subscriber import Subscriber
from stream.settings import Settings
from stream.wire.topics import RAW, full_name
from tests.faults.test_broker_faults import MEGABYTE, fill, small_disk
from tests.kafka.broker import KafkaBroker
from tests.ports import free_ports
from tests.worker.kit import environment_of, make_topics, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

BATCH = 20
CLIENTS = 4
KILLS = 5
BODY = "KYIV (Reuters) - Article {0} says what there is to be said about it, in a sentence of its own. " * 5


class Ingest:
    """`redline ingest` with an HTTP source on a port of its own, to be killed and started again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.port, self._metrics = free_ports(2)
        sources = folder / "sources.yml"
        sources.write_text(
            f"schema: sources/v1\nsources:\n  - {{id: api, type: http, listen: '127.0.0.1:{self.port}'}}\n"
        )
        given = settings.model_copy(update={"sources_file": sources, "ingest_metrics_port": self._metrics})
        self._environment, self._log = environment_of(given), folder / "ingest.log"
        self.start()

    def start(self) -> None:
        """Starts it; ready when it listens."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "stream.cli", "ingest"]
            self.process = subprocess.Popen(command, env=self._environment, stderr=log, stdout=log)
        until(self._listens, "ingest listens")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def ready(self) -> int:
        """The status of /readyz."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/readyz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def _listens(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()[-2_000:]
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Senders:
    """Clients that send each batch until it is answered 2xx. `acknowledged`: ids of what was."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._number = 0
        self.acknowledged: set[str] = set()
        self.answers: Counter[int] = Counter()
        self.without_retry_after: list[int] = []
        self.surprises: list[str] = []
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def wait(self, more: int) -> None:
        """Until so many more are acknowledged."""
        wanted = len(self.acknowledged) + more
        until(lambda: len(self.acknowledged) >= wanted or self.surprises, f"{more} more are acknowledged", 120.0)
        assert not self.surprises

    def finish(self) -> None:
        """Every batch that was begun is acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120.0)
        assert not any(thread.is_alive() for thread in self._threads), self.answers
        assert not self.surprises

    def _send(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                first, self._number = self._number, self._number + BATCH
            articles = [{"id": f"a{n}", "body": BODY.format(n)} for n in range(first, first + BATCH)]
            data = b"\n".join(orjson.dumps(article) for article in articles)
            while (pause := self._post(data, {article["id"] for article in articles})) is not None:
                time.sleep(pause)

    def _post(self, data: bytes, ids: set[str]) -> float | None:
        """None if all are acknowledged, else so many seconds until the next try."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", "/articles", data, {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.answers[0] += 1
            return 0.2
        finally:
            connection.close()
        after = answer.getheader("Retry-After")
        with self._lock:
            self.answers[answer.status] += 1
            if answer.status == 200:
                if set(said["ids"]) != ids:
                    self.surprises.append(f"200 for {said}")
                self.acknowledged |= ids
                return None
            if answer.status not in (429, 503):
                self.surprises.append(f"{answer.status}: {said}")
            if after is None:
                self.without_retry_after.append(answer.status)
        return min(float(after or 1), 1.0)


@contextmanager
def ingesting(settings: Settings, folder: Path) -> Iterator[Ingest]:
    ingest = Ingest(settings, folder)
    try:
        yield ingest
    finally:
        ingest.kill()


def on_topic(settings: Settings) -> Counter[str]:
    """How often each id stands on articles.raw."""
    with Subscriber(settings, [full_name(settings.topic_prefix, RAW)], start="earliest") as subscriber:
        found: Counter[str] = Counter()
        for record in subscriber.read_to_end(seconds_max=60.0):
            assert record.key is not None
            assert orjson.loads(record.value or b"")["id"] == record.key.decode()
            found[record.key.decode()] += 1
        return found


def settle(settings: Settings, senders: Senders, name: str) -> None:
    """Nothing that was acknowledged is missing; repeats have the same id."""
    found = on_topic(settings)
    answers = ", ".join(f"{status or 'no answer'} {count}" for status, count in sorted(senders.answers.items()))
    print(  # noqa: T201
        f"{name}: acknowledged {len(senders.acknowledged):,}; on the topic {len(found):,} of "
        f"{found.total():,} records; lost {len(senders.acknowledged - set(found))}; answers: {answers}"
    )
    assert senders.acknowledged <= set(found)
    assert senders.without_retry_after == []


def test_ingest_is_killed_under_load(kafka_settings: Settings, tmp_path: Path) -> None:
    make_topics(kafka_settings)
    with ingesting(kafka_settings, tmp_path) as ingest:
        senders = Senders(ingest.port)
        for _ in range(KILLS):
            senders.wait(10 * BATCH)
            ingest.kill()
            ingest.start()
        senders.wait(10 * BATCH)
        senders.finish()
    settle(kafka_settings, senders, f"ingest killed {KILLS} times")
    assert senders.answers[0] > 0, "some requests were cut off"


def test_the_log_directory_is_full_under_ingest(tmp_path: Path, topic_prefix: str) -> None:
    with small_disk(tmp_path / "disk", 96 * MEGABYTE) as disk, KafkaBroker(folder=disk) as broker:
        settings = Settings(
            bootstrap=broker.bootstrap,
            topic_prefix=topic_prefix,
            kafka_request_timeout_ms=3_000,
            ingest_waiting_articles_max=200,
        )
        make_topics(settings, partitions=1)
        with ingesting(settings, tmp_path) as ingest:
            senders = Senders(ingest.port)
            senders.wait(5 * BATCH)
            filler = disk / "filler"
            fill(filler)
            until(lambda: broker.process.poll() is not None, "the broker gives up")
            told = senders.answers.copy()
            until(lambda: senders.answers[503] > told[503] or senders.answers[429] > told[429], "clients are told")
            until(lambda: ingest.ready() == 503, "not ready")
            assert ingest.process.poll() is None
            filler.unlink()
            broker.start()
            senders.wait(10 * BATCH)
            senders.finish()
            until(lambda: ingest.ready() == 200, "ready again")
        settle(settings, senders, "the broker's log directory was full")
        assert senders.answers[503] + senders.answers[429] > 0
