"""Running the destinations of a routes file: a lane each, and what they share.

    decisions ──> SilenceBook <── lanes (threads) ──> event loop (a thread): all requests
                                     └──> Publisher ──> alerts.undelivered

Delivery guarantees: those of `lane`. Nothing is delivered before the silences that are there have been read. An error
of one lane stops the others in order, and is raised: a supervisor starts the process again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from stream.broker.admin import Admin
from stream.broker.connection import reachable
from stream.broker.group import lost_logs, read_from_beginning
from stream.broker.publisher import Publisher, Told
from stream.broker.subscriber import Subscriber
from stream.errors import GiveUp, ServiceError
from stream.model import Output
from stream.model.decision import Silence
from stream.notify.destinations.contract import Destination
from stream.notify.destinations.making import make_destination
from stream.notify.lane import Lane, group_of
from stream.notify.routes import Routes
from stream.notify.silences import SilenceBook
from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.wire.decisions import decode_decision
from stream.wire.topics import ALERTS, DECISIONS, full_name

SILENCES_SECONDS_MAX = 120.0
STALL_SECONDS_MAX = 60.0


class Notifier:
    """All destinations of a process. `run` once; `ready` and `live` from any thread."""

    def __init__(self, routes: Routes, settings: Settings, telemetry: Telemetry) -> None:
        """Raises `SettingsError` if a destination cannot be made here."""
        self._routes, self._settings, self._telemetry = routes, settings, telemetry
        self._destinations = [make_destination(config, settings) for config in routes.destinations]
        self._lanes: list[Lane] = []
        self._stopping = threading.Event()
        self._failed: list[BaseException] = []
        self._silences_read = threading.Event()
        self._silences = SilenceBook()

    def run(self, stop: Callable[[], bool], *, accept_offset_reset: bool = False) -> None:
        """Delivers until `stop` says so.

        Raises `ServiceError` if it cannot begin, `GiveUp` if the broker does not let it go on.
        """
        self._check_positions(accept_offset_reset)
        with ExitStack() as stack:
            loop = stack.enter_context(_Loop(self._destinations))
            publisher = stack.enter_context(Publisher(self._settings, client_id="redline-notify"))
            watching = self._thread(self._watch_silences, "silences")
            threads = [watching]
            try:
                self._wait_for_silences(stop)
                writing = _Shared(publisher)
                for destination in self._destinations:
                    lane = Lane(
                        destination,
                        self._routes,
                        settings=self._settings,
                        loop=loop.loop,
                        silences=self._silences,
                        writing=writing,
                        telemetry=self._telemetry,
                        stopping=self._stopping,
                    )
                    self._lanes.append(lane)
                    threads.append(self._thread(lane.run, f"lane-{destination.id}"))
                while not stop() and not self._failed:
                    time.sleep(0.05)
            finally:
                self._stopping.set()
                seconds_max = self._settings.shutdown_timeout_ms / 1_000 + 5.0
                for thread in threads:
                    thread.join(seconds_max)
        if self._failed:
            error = self._failed[0]
            if isinstance(error, ServiceError):
                raise GiveUp(str(error)) from error
            raise error

    def ready(self) -> str | None:
        """The check behind /readyz. A destination that fails is no reason: the others are served."""
        if not self._silences_read.is_set():
            return "the silences have not been read yet"
        waiting = [lane.id for lane in self._lanes if not lane.ready]
        if waiting or len(self._lanes) < len(self._destinations):
            return f"waits for the consumer groups of {', '.join(waiting) or 'its destinations'}"
        trouble = next((lane.trouble for lane in self._lanes if lane.trouble), None)
        if trouble is not None:
            return f"the broker does not take positions: {trouble}"
        return None if reachable(self._settings) else "no broker answers; alerts wait on Kafka"

    def live(self) -> str | None:
        """The check behind /livez."""
        now = time.monotonic()
        stuck = [lane.id for lane in self._lanes if now - lane.ticked > STALL_SECONDS_MAX]
        return f"stuck for {STALL_SECONDS_MAX:g} s: {', '.join(stuck)}" if stuck else None

    def _check_positions(self, accept_offset_reset: bool) -> None:
        """Refuses topics that end before what was delivered from them: the broker has lost records."""
        settings = self._settings
        with Admin(settings) as admin:
            partitions = [(name, n) for name, c in admin.partitions(tuple(ALERTS.values())).items() for n in range(c)]
        for destination in self._destinations:
            of_group = settings.model_copy(update={"consumer_group": group_of(settings, destination.id)})
            lost = lost_logs(of_group, partitions)
            if lost and not accept_offset_reset:
                raise ServiceError(
                    f"the broker has lost alerts of destination {destination.id}: {lost[0]}; if that is known, "
                    "--accept-offset-reset begins these partitions anew"
                )
            if lost:
                read_from_beginning(of_group, lost)

    def _thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - handed to `run`, which stops the others and raises it
                self._failed.append(error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _watch_silences(self) -> None:
        topic = full_name(self._settings.topic_prefix, DECISIONS)
        with Subscriber(self._settings, [topic], start="earliest") as subscriber:
            while not self._stopping.is_set():
                for record in subscriber.poll(0.25):
                    decision = decode_decision(record.value)
                    if isinstance(decision, Silence):
                        self._silences.add(decision)
                if subscriber.caught_up:
                    self._silences_read.set()

    def _wait_for_silences(self, stop: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SILENCES_SECONDS_MAX
        while not self._silences_read.wait(0.05) and not stop() and not self._failed:
            if time.monotonic() > deadline:
                raise ServiceError(f"the silences could not be read within {SILENCES_SECONDS_MAX:g} s")


class _Shared:
    """One publisher for all lanes."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher, self._lock = publisher, threading.Lock()

    def send(self, output: Output, *, told: Told) -> None:
        """Hands it over."""
        with self._lock:
            self._publisher.send(output, told=told)


class _Loop:
    """An event loop in a thread, on which all requests are made."""

    def __init__(self, destinations: Sequence[Destination]) -> None:
        self.loop = asyncio.new_event_loop()
        self._destinations = destinations
        self._thread = threading.Thread(target=self.loop.run_forever, name="requests", daemon=True)

    def __enter__(self) -> _Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for destination in self._destinations:
            asyncio.run_coroutine_threadsafe(destination.close(), self.loop).result(5.0)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5.0)
