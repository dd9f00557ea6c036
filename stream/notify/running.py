"""Running the destinations of a routes file: a lane each, and what they share.

    Served (routes, destinations, lanes) ──changed routes file──> Served, by the new one

    decisions ──> SilenceBook <── lanes (threads) ──> event loop (a thread): all requests
                                     └──> Publisher ──> alerts.undelivered

Delivery guarantees: those of `lane`. Nothing is delivered before the silences that are there have been read. An error
of one lane stops the others in order, and is raised: a supervisor starts the process again.

A changed routes file is exchanged as by a restart, without one: all lanes end (what is under way gets its answer, what
waits is read again from Kafka by the new routes), then the new ones begin at the positions of their groups.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from stream.broker.admin import Admin
from stream.broker.connection import asker
from stream.broker.group import lost_logs, read_from_beginning
from stream.broker.publisher import Publisher, Told
from stream.broker.servicewatch import ServiceWatch
from stream.broker.subscriber import Subscriber
from stream.errors import GiveUp, ServiceError
from stream.model import Output
from stream.model.decision import Silence
from stream.notify.destinations.contract import Destination
from stream.notify.destinations.making import make_destination
from stream.notify.lane import Lane, group_of
from stream.notify.reloading import Refused, RoutesWatch, Usable
from stream.notify.routes import Routes
from stream.notify.silences import SilenceBook
from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.notifying import RoutesInForce, RoutesRefused
from stream.telemetry.reloading import Trouble
from stream.wire.decisions import decode_decision
from stream.wire.topics import ALERTS, DECISIONS, full_name

SILENCES_SECONDS_MAX = 120.0
STALL_SECONDS_MAX = 60.0
MEANWHILE = "New alerts wait on their topics"


@dataclass(slots=True)
class _Served:
    """The destinations of one routes file, at work."""

    routes: Routes
    destinations: tuple[Destination, ...]
    stopping: threading.Event = field(default_factory=threading.Event)
    lanes: list[Lane] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def stop(self, seconds_max: float) -> None:
        """Ends the lanes in order, all at a time."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(seconds_max)


class Notifier:
    """All destinations of a process. `run` once; `ready`, `live` and `ask` from any thread."""

    def __init__(
        self, routes: Routes, settings: Settings, telemetry: Telemetry, *, watch: RoutesWatch | None = None
    ) -> None:
        """`watch`: looks for changes of the routes. Raises `SettingsError` if a destination cannot be made here."""
        self._settings, self._telemetry, self._watch = settings, telemetry, watch
        self._served = _Served(routes, tuple(make_destination(config, settings) for config in routes.destinations))
        self._broker = ServiceWatch(settings, telemetry, MEANWHILE)
        self._reachable = asker(settings)
        self._stopping = threading.Event()
        self._asked = threading.Event()
        self._refused: Refused | None = None
        self._failed: list[BaseException] = []
        self._silences_read = threading.Event()
        self._silences = SilenceBook()
        self._seconds_to_stop = settings.shutdown_timeout_ms / 1_000 + 5.0

    def ask(self) -> None:
        """Asks for the routes file to be read again, changed or not."""
        self._asked.set()

    def run(self, stop: Callable[[], bool], *, accept_offset_reset: bool = False) -> None:
        """Delivers until `stop` says so.

        Raises `ServiceError` if it cannot begin, `GiveUp` if the broker does not let it go on.
        """
        self._check_positions(self._served.destinations, accept_offset_reset)
        with ExitStack() as stack:
            stack.enter_context(self._broker)
            loop = stack.enter_context(_Loop())
            stack.callback(lambda: loop.close(self._served.destinations))
            writing = _Shared(stack.enter_context(Publisher(self._settings, client_id="redline-notify")))
            watching = self._thread(self._watch_silences, "silences")
            try:
                self._wait_for_silences(stop)
                self._begin(self._served, loop, writing)
                self._telemetry.emit(RoutesInForce(self._file, tuple(d.id for d in self._served.destinations)))
                self._until(stop, loop, writing)
            finally:
                self._stopping.set()
                self._served.stop(self._seconds_to_stop)
                watching.join(self._seconds_to_stop)
        if self._failed:
            error = self._failed[0]
            if isinstance(error, ServiceError):
                raise GiveUp(str(error)) from error
            raise error

    @property
    def _file(self) -> str:
        return "" if self._watch is None else str(self._watch.path)

    def _until(self, stop: Callable[[], bool], loop: _Loop, writing: _Shared) -> None:
        interval_seconds = self._settings.notify_poll_interval_ms / 1_000 or math.inf
        next_look = time.monotonic() + interval_seconds
        while not stop() and not self._failed:
            time.sleep(0.05)
            asked = self._asked.is_set()
            if self._watch is not None and (asked or time.monotonic() >= next_look):
                self._asked.clear()
                self._take(self._watch, self._watch.look(asked=asked), loop, writing, asked=asked)
                next_look = time.monotonic() + interval_seconds

    def _begin(self, served: _Served, loop: _Loop, writing: _Shared) -> None:
        for destination in served.destinations:
            lane = Lane(
                destination,
                served.routes,
                settings=self._settings,
                loop=loop.loop,
                silences=self._silences,
                writing=writing,
                telemetry=self._telemetry,
                stopping=served.stopping,
            )
            served.lanes.append(lane)
            served.threads.append(self._thread(lane.run, f"lane-{destination.id}"))

    def _take(
        self, watch: RoutesWatch, found: Usable | Refused | None, loop: _Loop, writing: _Shared, *, asked: bool
    ) -> None:
        if isinstance(found, Usable) and found.destinations is not None:
            found = self._exchange(watch, found.routes, found.destinations, loop, writing)
        elif isinstance(found, Usable):
            # The first look after a start finds the same, and that is no news.
            if self._refused is not None:
                self._telemetry.emit(RoutesInForce(self._file, (), outcome="same"))
            self._refused = None
        if isinstance(found, Refused) and (asked or found != self._refused):
            self._refused = found
            self._telemetry.emit(RoutesRefused(self._file, found.troubles))

    def _exchange(
        self, watch: RoutesWatch, routes: Routes, destinations: tuple[Destination, ...], loop: _Loop, writing: _Shared
    ) -> Refused | None:
        """The new routes into force; a Refused if the broker does not let them."""
        before = self._served
        known = {destination.id for destination in before.destinations}
        try:
            self._check_positions([each for each in destinations if each.id not in known], accept_offset_reset=False)
        except ServiceError as error:
            loop.close(destinations)
            watch.again()
            return Refused((Trouble(str(error)),))
        before.stop(self._seconds_to_stop)
        loop.close(before.destinations)
        self._served = _Served(routes, destinations)
        self._begin(self._served, loop, writing)
        watch.accept(routes)
        self._refused = None
        ids = tuple(destination.id for destination in destinations)
        self._telemetry.emit(RoutesInForce(self._file, ids, tuple(sorted(known - set(ids))), "changed"))
        return None

    def ready(self) -> str | None:
        """The check behind /readyz. A destination that fails is no reason: the others are served."""
        if not self._silences_read.is_set():
            return "the silences have not been read yet"
        served = self._served
        waiting = [lane.id for lane in served.lanes if not lane.ready]
        if waiting or len(served.lanes) < len(served.destinations):
            return f"waits for the consumer groups of {', '.join(waiting) or 'its destinations'}"
        trouble = next((lane.trouble for lane in served.lanes if lane.trouble), None)
        if trouble is not None:
            return f"the broker does not take positions: {trouble}"
        return None if self._reachable() else "no broker answers; alerts wait on Kafka"

    def live(self) -> str | None:
        """The check behind /livez."""
        now = time.monotonic()
        stuck = [lane.id for lane in self._served.lanes if now - lane.ticked > STALL_SECONDS_MAX]
        return f"stuck for {STALL_SECONDS_MAX:g} s: {', '.join(stuck)}" if stuck else None

    def _check_positions(self, destinations: Sequence[Destination], accept_offset_reset: bool) -> None:
        """Refuses topics that end before what was delivered from them: the broker has lost records."""
        settings = self._settings
        with Admin(settings) as admin:
            partitions = [(name, n) for name, c in admin.partitions(tuple(ALERTS.values())).items() for n in range(c)]
        for destination in destinations:
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

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="requests", daemon=True)

    def __enter__(self) -> _Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5.0)

    def close(self, destinations: Sequence[Destination]) -> None:
        """Lets go of their connections."""
        for destination in destinations:
            asyncio.run_coroutine_threadsafe(destination.close(), self.loop).result(5.0)
