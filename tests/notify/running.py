"""A notifier at work in this process, receivers in threads, and a broker's topics, for tests."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from stream.broker.admin import Admin
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.errors import SettingsError
from stream.model import Output
from stream.notify.destinations.making import make_destination
from stream.notify.reloading import RoutesWatch
from stream.notify.routesfile import RoutesLoaded, load_routes
from stream.notify.running import Notifier
from stream.rulelang import SourceFile, render
from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.metrics import Metrics
from stream.wire.topics import UNDELIVERED, full_name
from tests.notify.receiver import Answer, Receiver

DEADLINE_SECONDS = 60.0


def wait_for(condition: Callable[[], bool], what: str, seconds_max: float = DEADLINE_SECONDS) -> None:
    """Until it holds; fails with `what` if it does not in time."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds_max:g} s: {what}"
        time.sleep(0.02)


def notify_settings(broker: Settings, **changes: Any) -> Settings:
    """Settings for a broker, with a quick group, quick retries, and groups of the test's own."""
    quick = {
        "notify_group": f"{broker.topic_prefix}notify",
        "notify_metrics_port": 0,
        "notify_retry_base_ms": 50,
        "notify_retry_delay_ms_max": 500,
        "notify_breaker_open_ms": 200,
        "notify_request_timeout_ms": 5_000,
        "commit_interval_ms": 50,
        "session_timeout_ms": 3_000,
        "heartbeat_interval_ms": 300,
    }
    return broker.model_copy(update={**quick, **changes})


def create_topics(settings: Settings) -> None:
    """All of Redline's."""
    with Admin(settings) as admin:
        admin.create()


def publish(settings: Settings, outputs: Sequence[Output]) -> None:
    """Puts them on the broker."""
    with Publisher(settings) as publisher:
        for output in outputs:
            publisher.send(output)
        assert publisher.flush(30.0) == 0
        assert publisher.take_failures() == []


def undelivered(settings: Settings) -> list[dict[str, Any]]:
    """What stands on alerts.undelivered."""
    with Subscriber(settings, [full_name(settings.topic_prefix, UNDELIVERED)], start="earliest") as subscriber:
        return [orjson.loads(record.value or b"") for record in subscriber.read_to_end(seconds_max=30.0)]


def load_text(routes: str | Path) -> RoutesLoaded:
    """A routes file, or the text of one."""
    try:
        text = routes if isinstance(routes, str) else routes.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"there is no routes file {routes}") from error
    folder = Path() if isinstance(routes, str) else routes.parent
    return load_routes(SourceFile("routes.yml", text), environment={}, folder=folder)


def watch_of(path: Path, settings: Settings) -> RoutesWatch:
    """What looks for changes of a routes file that is in force."""
    return RoutesWatch(
        path,
        load_text(path),
        lambda: load_text(path),
        lambda routes: [make_destination(config, settings) for config in routes.destinations],
    )


class RunningNotifier:
    """A notifier in a thread."""

    def __init__(self, routes: str | Path, settings: Settings, *, accept_offset_reset: bool = False) -> None:
        """`routes`: their text, or a file that is watched."""
        loaded = load_text(routes)
        assert loaded.routes is not None, [render(d) for d in loaded.diagnostics]
        self.metrics = Metrics()
        watch = None if isinstance(routes, str) else watch_of(routes, settings)
        self.notifier = Notifier(loaded.routes, settings, Telemetry(self.metrics), watch=watch)
        self._accept = accept_offset_reset
        self._stop = threading.Event()
        self._error: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_for(lambda: self.notifier.ready() is None or bool(self._error), "the notifier is ready")
        self.check()

    def alerts(self, destination: str, outcome: str) -> float:
        """The value of a counter."""
        return self.metrics.value("redline_notify_alerts_total", destination=destination, outcome=outcome)

    def check(self) -> None:
        """Raises what it ended with."""
        if self._error:
            raise self._error[0]

    def stop(self) -> None:
        """Ends it in order."""
        self._stop.set()
        self._thread.join(DEADLINE_SECONDS)
        assert not self._thread.is_alive()
        self.check()

    def _run(self) -> None:
        try:
            self.notifier.run(self._stop.is_set, accept_offset_reset=self._accept)
        except BaseException as error:  # noqa: BLE001 - raised in the test
            self._error.append(error)


@contextmanager
def notifying(text: str | Path, settings: Settings, *, accept_offset_reset: bool = False) -> Iterator[RunningNotifier]:
    """A notifier with these routes, from ready to its end."""
    running = RunningNotifier(text, settings, accept_offset_reset=accept_offset_reset)
    try:
        yield running
    finally:
        running.stop()


class ThreadedReceiver(Receiver):
    """A receiver on an event loop in a thread of its own; use it with a plain `with`."""

    def __enter__(self) -> ThreadedReceiver:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.__aenter__(), self._loop).result(DEADLINE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.__aexit__(), self._loop).result(DEADLINE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_SECONDS)

    def from_now(self, usually: Answer) -> None:
        """Forgets what came and answers like this: between two requests, so that none is forgotten and taken."""

        async def change() -> None:
            self.requests.clear()
            self.usually = usually

        asyncio.run_coroutine_threadsafe(change(), self._loop).result(DEADLINE_SECONDS)

    def ids(self) -> list[str]:
        """The ids of the messages that came, in their order."""
        return [request.headers["webhook-id"] for request in list(self.requests)]

    def entry(self, name: str) -> str:
        """A line of a routes file for a webhook to it."""
        return (
            f"  - {{id: {name}, type: webhook, url: 'http://127.0.0.1:{self.port}/', unsigned: true, "
            "allow_private: true}\n"
        )
