"""The notifier killed again and again under load: every alert is delivered, repeats are the same, no other waits."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stream.broker.publisher import Publisher
from stream.settings import Settings
from tests.notify.kit import notice, output
from tests.notify.receiver import broken
from tests.notify.running import ThreadedReceiver, create_topics, publish, wait_for

SEED = 20_260_801
PUBLISH_SECONDS = 0.02
_PASSED_ON = (
    "bootstrap",
    "topic_prefix",
    "notify_group",
    "notify_metrics_port",
    "notify_retry_base_ms",
    "notify_retry_delay_ms_max",
    "notify_breaker_open_ms",
    "commit_interval_ms",
    "session_timeout_ms",
    "heartbeat_interval_ms",
)


@dataclass(frozen=True)
class Ledger:
    """What came of it; `requests` are those of the destination that works, `dead_requests` of the other."""

    kills: int
    published: int
    delivered: int
    lost: int
    requests: int
    repeats: int
    dead_requests: int
    seconds_per_kill: float

    def __str__(self) -> str:
        return (
            f"kills {self.kills}; published {self.published:,}; delivered {self.delivered:,}; lost {self.lost:,}; "
            f"requests {self.requests:,}; repeats {self.repeats:,}, each with the same id and bytes; beside it a dead "
            f"destination, tried {self.dead_requests:,} times, that took none"
        )


class _Load:
    """Publishes alerts one after the other until it is stopped; counts those that the broker has acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._stop = settings, threading.Event()
        self.published = 0
        self._ledger: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._publish, daemon=True)

    def told(self) -> str:
        """How far it is."""
        alive = "at work" if self._thread.is_alive() else "ended"
        return f"{self.published} published ({self._ledger() if self._ledger else 'nothing sent'}), {alive}"

    def __enter__(self) -> _Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _publish(self) -> None:
        with Publisher(self._settings) as publisher:
            self._ledger = publisher.ledger
            while not self._stop.wait(PUBLISH_SECONDS):
                publisher.send(output(self.published, prefix=self._settings.topic_prefix))
                self.published += 1
            assert publisher.flush(30.0) == 0
            assert publisher.take_failures() == []


def kill_again_and_again(settings: Settings, folder: Path, *, kills: int, seed: int = SEED) -> Ledger:
    """Kills a notifier `kills` times, each time after it has delivered something, while alerts are published."""
    create_topics(settings)
    chance, began = random.Random(seed), time.monotonic()
    with ThreadedReceiver() as desk, ThreadedReceiver(usually=broken) as dead, (folder / "log").open("wb") as log:
        routes = folder / "routes.yml"
        text = "schema: routes/v1\ndestinations:\n" + desk.entry("desk") + dead.entry("dead")
        routes.write_text(text + "routes: []\nfallback: {to: [desk, dead]}\n", encoding="utf-8")
        environment = {"PYTHONFAULTHANDLER": "1"} | {
            f"REDLINE_{name.upper()}": str(getattr(settings, name)) for name in _PASSED_ON
        }

        def start() -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "stream.cli", "notify", "--notify-file", str(routes)]
            return subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)

        def delivered() -> int:
            return len(set(desk.ids()))

        process, killed = start(), 0
        try:
            first = notice(-1).id
            # The position of a new destination is kept before it is ready: what comes after that counts.
            sent = [output(-1, prefix=settings.topic_prefix)]
            wait_for(lambda: publish(settings, sent) or first in desk.ids(), "the first alert arrives")
            with _Load(settings) as load:
                while killed < kills:
                    before = delivered()
                    try:
                        wait_for(lambda before=before: delivered() >= before + 5, "new alerts arrive")  # type: ignore[misc]
                    except AssertionError as error:
                        process.send_signal(signal.SIGABRT)  # says where each of its threads is
                        process.wait(30)
                        said = f"{killed} kills, {before} delivered before, {delivered()} now, {load.told()}"
                        raise AssertionError(f"{error}, {said}\n{(folder / 'log').read_text()}") from None
                    time.sleep(chance.random() * 0.3)
                    assert process.poll() is None, (folder / "log").read_text()
                    process.kill()
                    process.wait()
                    killed += 1
                    process = start()
            seconds = (time.monotonic() - began) / max(1, kills)
            expected = {notice(number).id for number in range(load.published)}
            wait_for(lambda: set(desk.ids()) >= expected, "all alerts are delivered")
            process.terminate()
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        # The first one was published until somebody took it.
        counts = Counter(identifier for identifier in desk.ids() if identifier != first)
        assert set(counts) <= expected, "nothing that was never published"
        bodies = {(request.headers["webhook-id"], request.body) for request in desk.requests}
        assert len(bodies) == len(counts) + 1, "a repeat is the same, byte for byte"
        return Ledger(
            killed,
            len(expected),
            len(counts),
            len(expected - set(counts)),
            counts.total(),
            counts.total() - len(counts),
            len(dead.requests),
            seconds,
        )
