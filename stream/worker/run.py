"""The life of the worker process: checks, start, watch, signals, exit code.

0     a signal asked it to end (130 for Ctrl-C), and what was in work is finished and committed
2     it could not start: one sentence says why (raised as `RedlineError`)
75    it lost its infrastructure, or could not finish in time; to be started again
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, aclosing, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import faust
import uvloop
from faust.types import AppT

from stream.broker.connection import asker
from stream.engine import Engine
from stream.rulelang import RuleSet, SourceFile
from stream.settings import Settings
from stream.telemetry.events import (
    HealthServing,
    LagMeasured,
    PartitionsAssigned,
    PartitionsRevoked,
    RulesLoaded,
    StreamMended,
    Telemetry,
    WorkerStarting,
    WorkerStopped,
    WorkerStopping,
)
from stream.telemetry.metrics import Metrics
from stream.telemetry.reaching import BrokerAway, BrokerBack, BrokerFound, BrokerSought
from stream.telemetry.server import HealthServer
from stream.warmup import samples, warmed
from stream.worker.app import create_app, rebalance_seconds_max
from stream.worker.checks import check_broker
from stream.worker.driver import ChunkConsumer
from stream.worker.exit import HardExit
from stream.worker.health import Vitals
from stream.worker.host import require_descriptors, working_folder
from stream.worker.memory import give_back, settle
from stream.worker.pool import EnginePool
from stream.worker.reload import RulesInForce
from stream.worker.stages import InThisProcess, Pure, Stages, give_turns
from stream.worker.trial import tried_in_child
from stream.worker.watchdog import Watchdog

BEAT_SECONDS = 0.5
GIVE_BACK_SECONDS = 2.0
"""How often memory that is free goes back to the system; under load 15 MB, of buffers and outputs, always are."""
SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter when another one wants it; Python's default is ten times as long.

Records are fetched by a thread of their own. It needs the interpreter after each step on its socket, and while an
article is judged it would wait for the whole time at each of them: half a dozen times for a fetch.
"""
LAST_RESORT_SECONDS = 1.0
"""After the shutdown timeout, which the event loop itself should keep."""

EXIT_INTERRUPTED = 130
MEANWHILE = "What is in work for too long ends with 75 and is read again"


def run_worker(
    settings: Settings,
    engine: Pure,
    rule_files: Sequence[SourceFile] | None = None,
    *,
    accept_offset_reset: bool = False,
) -> int:
    """Works until a signal comes; returns the exit code. Raises `RedlineError` if it cannot start.

    `rule_files`: what `engine` was made of; then changes of these files come into force while the worker runs.
    `accept_offset_reset`: partitions whose log ends before what was read are read from their beginning.
    """
    started_at = time.monotonic()
    require_descriptors()
    with working_folder(settings.data_dir):
        pass  # refused before anything is served
    telemetry = Telemetry(Metrics(values_max=settings.metrics_sources_max))
    telemetry.emit(RulesLoaded(engine.ruleset, str(settings.rules_dir)))
    telemetry.emit(BrokerSought())
    settle()
    sys.setswitchinterval(SWITCH_SECONDS)
    vitals = Vitals(settings.stall_timeout_ms / 1_000, join_seconds_max=rebalance_seconds_max(settings))
    with ExitStack() as open_things:
        open_things.callback(_heed_no_signal)
        health = HealthServer(
            telemetry.metrics,
            host=settings.metrics_host,
            port=settings.metrics_port,
            live=vitals.live,
            ready=vitals.ready,
        )
        open_things.enter_context(health)
        telemetry.emit(HealthServing(health.url))
        build, fault = _builder(settings, open_things)
        stages = build(engine)
        rules = None if rule_files is None else _rules_in_force(settings, stages, build, rule_files, telemetry)
        way_out = HardExit(telemetry)

        def news(*, answers: bool, silence_seconds: float) -> None:
            telemetry.emit(
                BrokerBack(settings.bootstrap, silence_seconds)
                if answers
                else BrokerAway(settings.bootstrap, silence_seconds, MEANWHILE)
            )

        open_things.enter_context(Watchdog(vitals, way_out.give_up, asker(settings), news=news))
        worker = _Worker(settings, rules or stages, telemetry, vitals, way_out, started_at, rules, fault)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(worker.run(accept_offset_reset=accept_offset_reset))


class _Worker:
    def __init__(
        self,
        settings: Settings,
        engine: Stages,
        telemetry: Telemetry,
        vitals: Vitals,
        way_out: HardExit,
        started_at: float,
        rules: RulesInForce | None,
        fault: Callable[[], str | None],
    ) -> None:
        """`fault` says what is wrong with the engine, if anything is."""
        self._settings, self._engine, self._telemetry, self._vitals = settings, engine, telemetry, vitals
        self._way_out, self._rules, self._fault = way_out, rules, fault
        self._waiting_since = started_at
        self._was_ready = False
        self._newest_fetch_ms = 0
        self._last_resort = _LastResort(way_out, settings.shutdown_timeout_ms)

    async def run(self, *, accept_offset_reset: bool) -> int:
        signalled = self._signals()
        # Not before there is somebody to remove it when a signal comes.
        with working_folder(self._settings.data_dir) as (data_dir, is_temporary):
            self._way_out.temporary = data_dir if is_temporary else None
            return await self._run(data_dir, signalled, accept_offset_reset=accept_offset_reset)

    async def _run(
        self, data_dir: Path, signalled: asyncio.Future[signal.Signals], *, accept_offset_reset: bool
    ) -> int:
        checking = asyncio.ensure_future(check_broker(self._settings, accept_offset_reset=accept_offset_reset))
        await asyncio.wait((checking, signalled), return_when=asyncio.FIRST_COMPLETED)
        if signalled.done():
            checking.cancel()
            await asyncio.wait((checking,))
            return _exit_code(signalled.result())
        if (set_back := checking.result()) is not None:
            self._telemetry.emit(StreamMended(set_back))
        self._vitals.joining()
        self._telemetry.emit(BrokerFound())
        self._telemetry.emit(WorkerStarting(self._settings.bootstrap, self._settings.consumer_group))
        app = create_app(self._settings, self._engine, self._telemetry, self._vitals, self._way_out, data_dir=data_dir)
        self._listen(app)
        starting = asyncio.ensure_future(app.start())
        watching = asyncio.ensure_future(self._watch_all(app))
        ended = await self._until_ended(app, starting, watching, signalled)
        await self._stop(app, starting, ended)
        watching.cancel()
        return _exit_code(ended)

    def _signals(self) -> asyncio.Future[signal.Signals]:
        loop = asyncio.get_running_loop()
        signalled: asyncio.Future[signal.Signals] = loop.create_future()

        def ask(which: signal.Signals) -> None:
            if not signalled.done():
                self._vitals.stopping()
                self._telemetry.emit(WorkerStopping(which.name))
                signalled.set_result(which)

        # Not loop.add_signal_handler: these also run while an engine call blocks the loop, and outlive it.
        def handle(number: int, frame: FrameType | None) -> None:
            self._last_resort.begin()
            with suppress(RuntimeError):  # the loop is closed: it is being asked a second time
                loop.call_soon_threadsafe(ask, signal.Signals(number))

        for which in (signal.SIGTERM, signal.SIGINT):
            signal.signal(which, handle)
        if (rules := self._rules) is not None and hasattr(signal, "SIGHUP"):

            def reread(number: int, frame: FrameType | None) -> None:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(rules.ask)

            signal.signal(signal.SIGHUP, reread)
        return signalled

    async def _watch_all(self, app: faust.App) -> None:
        watches = [self._watch(app), self._warm_up()]
        if self._rules is not None:
            watches.append(self._rules.run())
        await asyncio.gather(*watches)

    async def _warm_up(self) -> None:
        """While the worker waits for the group, which takes seconds anyhow; others have their turn in between."""
        for record in samples(self._engine.ruleset):
            async with self._engine.turn(), aclosing(self._engine.tag([record])) as parts:
                async for _ in parts:
                    pass
            await give_turns()
        give_back()

    def _listen(self, app: faust.App) -> None:
        def dealing() -> None:
            self._vitals.revoked()
            if self._was_ready:
                self._waiting_since = time.monotonic()
                self._telemetry.emit(PartitionsRevoked(len(app.consumer.assignment())))

        def dealt() -> None:
            self._vitals.assigned()
            waited = time.monotonic() - self._waiting_since
            partitions = len(app.consumer.assignment())
            self._telemetry.emit(PartitionsAssigned(partitions, waited, first=not self._was_ready))
            self._was_ready = True

        app.sensors.add(_Rebalances(dealing, dealt))

    async def _until_ended(
        self,
        app: faust.App,
        starting: asyncio.Future[None],
        watching: asyncio.Future[None],
        signalled: asyncio.Future[signal.Signals],
    ) -> signal.Signals:
        waiting: set[asyncio.Future[Any]] = {starting, watching, signalled}
        while not signalled.done():
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task, what in ((starting, "Kafka or Faust failed"), (watching, "the worker failed")):
                if task.done() and (error := task.exception()) is not None:
                    self._way_out.give_up(what, error)
            if starting.done():
                waiting.discard(starting)
        return signalled.result()

    async def _watch(self, app: faust.App) -> None:
        """Beats, measures the lag, and ends the process when Faust has crashed or an engine process is gone."""
        gave_back_at = time.monotonic()
        while True:
            self._vitals.beat()
            if app.crashed:
                self._way_out.give_up("Faust crashed", app.crash_reason)
            if (fault := self._fault()) is not None:
                self._way_out.give_up(fault)
            if app.in_recovery:
                tables: Any = app.tables
                self._vitals.recovering(tables.recovery.active_remaining_total())
            if self._was_ready and not app.rebalancing:
                lags = self._lags(app)
                self._vitals.lag(sum(lags.values()))
                self._telemetry.emit(LagMeasured(lags))
            if time.monotonic() - gave_back_at > GIVE_BACK_SECONDS:
                give_back()
                gave_back_at = time.monotonic()
            await asyncio.sleep(BEAT_SECONDS)

    def _lags(self, app: faust.App) -> dict[tuple[str, int], int]:
        consumer = _consumer(app)
        lags = consumer.lags()
        newest_fetch_ms = consumer.last_fetch_ms()
        if newest_fetch_ms != self._newest_fetch_ms:
            self._newest_fetch_ms = newest_fetch_ms
            self._vitals.fetched()
        if not lags:
            self._vitals.idle()
        return lags

    async def _stop(self, app: faust.App, starting: asyncio.Future[None], asked: signal.Signals) -> None:
        began = time.monotonic()

        async def leave_group() -> None:
            await app.stop()
            starting.cancel()
            await asyncio.wait((starting,))

        # Not cancelled when it takes too long: Faust would take that for a good end and fill the log on the way.
        leaving = asyncio.ensure_future(leave_group())
        await asyncio.wait((leaving,), timeout=self._settings.shutdown_timeout_ms / 1_000)
        if not leaving.done():
            if self._vitals.chunks_in_work:
                self._way_out.give_up(f"a batch was not finished within {self._settings.shutdown_timeout_ms} ms")
            if self._was_ready and _consumer(app).ledger.uncommitted():
                self._way_out.give_up(f"what was done was not committed within {self._settings.shutdown_timeout_ms} ms")
            self._telemetry.emit(WorkerStopped(time.monotonic() - began, finished=False))
            self._way_out.leave(_exit_code(asked))
        if (error := leaving.exception()) is not None:
            self._way_out.give_up("Faust failed while stopping", error)
        if app.crashed:
            self._way_out.give_up("Faust crashed while stopping", app.crash_reason)
        self._telemetry.emit(WorkerStopped(time.monotonic() - began, finished=True))


def _builder(settings: Settings, open_things: ExitStack) -> tuple[Callable[[Pure], Stages], Callable[[], str | None]]:
    """Where the first stage is done: here, or in processes that end with this one; and what is wrong with these."""
    if not settings.engine_processes:
        return InThisProcess, lambda: None
    pool = EnginePool(settings.engine_processes, settings.engine_config())
    open_things.callback(pool.close)
    return pool.learn, pool.fault


def _rules_in_force(
    settings: Settings,
    engine: Stages,
    build: Callable[[Pure], Stages],
    files: Sequence[SourceFile],
    telemetry: Telemetry,
) -> RulesInForce:
    config = settings.engine_config()

    def built(ruleset: RuleSet) -> Stages:
        made = Engine(ruleset, config)
        return build(made if settings.engine_processes else warmed(made))

    return RulesInForce(
        engine,
        files,
        built,
        telemetry,
        folder=settings.rules_dir,
        poll_interval_ms=settings.rules_poll_interval_ms,
        trial=partial(tried_in_child, seconds_max=settings.rules_trial_ms_max / 1_000),
    )


class _LastResort:
    """Ends the process from a thread when the event loop, asked to stop, does not: it is stuck."""

    def __init__(self, way_out: HardExit, timeout_ms: int) -> None:
        self._way_out, self._timeout_ms = way_out, timeout_ms
        self._begun = False

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            timer = threading.Timer(self._timeout_ms / 1_000 + LAST_RESORT_SECONDS, self._end)
            timer.daemon = True
            timer.start()

    def _end(self) -> None:
        self._way_out.give_up(f"the worker did not stop within {self._timeout_ms} ms")


class _Rebalances(faust.Sensor):
    def __init__(self, dealing: Callable[[], None], dealt: Callable[[], None]) -> None:
        super().__init__()
        self._dealing, self._dealt = dealing, dealt

    def on_rebalance_start(self, app: AppT) -> dict[str, Any]:
        self._dealing()
        return {"dealing": True}  # Faust leaves on_rebalance_end out for a sensor that has nothing to say here

    def on_rebalance_end(self, app: AppT, state: dict[str, Any]) -> None:
        self._dealt()


def _consumer(app: faust.App) -> ChunkConsumer:
    consumer = app.consumer
    assert isinstance(consumer, ChunkConsumer)
    return consumer


def _heed_no_signal() -> None:
    """All is done, the exit code is known: the interpreter, on its way out, would die of the next signal."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _exit_code(asked: signal.Signals) -> int:
    return EXIT_INTERRUPTED if asked is signal.SIGINT else 0
