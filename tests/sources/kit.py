"""A source under test: the real outlet, delivery and state, and a broker's desk that answers as a test wants."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from stream.broker.publisher import Failure, Told
from stream.model import Output, Reject
from stream.settings import Settings
from stream.sources.configs import NO_DEFAULTS, Defaults
from stream.sources.contract import Source
from stream.sources.delivery import Delivery
from stream.sources.outlet import KafkaOutlet
from stream.sources.resume import ResumeStore
from stream.telemetry.events import Telemetry
from stream.telemetry.logs import TextLines
from stream.telemetry.metrics import Metrics

DEADLINE_SECONDS = 60.0


class Desk:
    """A publisher whose answers come from another thread, as a Kafka client's do.

    `held`: no answer until `release`. `fails`: what becomes of a record; None is acknowledged.
    """

    def __init__(self) -> None:
        self.fails: Callable[[Output], Failure | None] = lambda _: None
        self.held = False
        self.sent: list[Output] = []
        self.answered: list[Output] = []
        self._waiting: list[tuple[Output, Told]] = []
        self._lock = threading.Lock()

    def send(self, output: Output, *, origin: str = "", told: Told | None = None) -> None:
        assert told is not None
        with self._lock:
            self.sent.append(output)
            if self.held:
                self._waiting.append((output, told))
                return
        self._answer([(output, told)])

    def release(self) -> None:
        """Answers what waits, and everything from now on."""
        with self._lock:
            self.held, waiting, self._waiting = False, self._waiting, []
        self._answer(waiting)

    def _answer(self, waiting: list[tuple[Output, Told]]) -> None:
        def answer() -> None:
            for output, told in waiting:
                failure = self.fails(output)
                if failure is None:
                    with self._lock:
                        self.answered.append(output)
                told(failure)

        thread = threading.Thread(target=answer)
        thread.start()
        thread.join()

    def articles(self) -> list[dict[str, Any]]:
        """The articles that were acknowledged, in their order."""
        with self._lock:
            return [orjson.loads(o.value) for o in self.answered if o.topic.endswith("articles.raw")]

    def dead(self) -> list[dict[str, Any]]:
        """The dead letters that were acknowledged."""
        with self._lock:
            return [orjson.loads(o.value) for o in self.answered if o.topic.endswith("articles.dead")]

    def bodies(self) -> list[str]:
        """The bodies of `articles`."""
        return [article["body"] for article in self.articles()]


def lost(output: Output) -> Failure:
    """The broker's silence."""
    return Failure(output, "not acknowledged: the broker is away", None)


def refused(output: Output) -> Failure:
    """The broker's no."""
    reject = Reject("publish", "refused_by_broker", "the broker refused it: MessageSizeTooLargeError")
    return Failure(output, reject.reason, reject)


@dataclass
class Bench:
    """What surrounds a source: broker, state, metrics, log, and limits that are small enough to be met."""

    folder: Path
    settings: Settings = field(default_factory=lambda: Settings(topic_prefix="t."))
    defaults: Defaults = NO_DEFAULTS
    desk: Desk = field(default_factory=Desk)
    metrics: Metrics = field(default_factory=Metrics)
    log: io.StringIO = field(default_factory=io.StringIO)

    @asynccontextmanager
    async def running(self, source: Source) -> AsyncIterator[Run]:
        """The source, running until the block ends; what it raises is raised."""
        logger = logging.getLogger(f"redline.test.{id(self)}")
        handler = logging.StreamHandler(self.log)
        handler.setFormatter(TextLines())
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel("DEBUG")
        delivery = Delivery(
            self.desk,
            articles_max=self.settings.ingest_waiting_articles_max,
            bytes_max=self.settings.ingest_waiting_bytes_max,
        )
        stopping = asyncio.Event()
        outlet = KafkaOutlet(
            source.id,
            source.type,
            defaults=self.defaults,
            delivery=delivery,
            store=ResumeStore(self.folder / "state"),
            settings=self.settings,
            telemetry=Telemetry(self.metrics, logger.name),
            stopping=stopping,
        )
        run = Run(source, outlet, delivery, stopping, asyncio.create_task(source.run(outlet)))
        try:
            yield run
            await run.stop()
        finally:
            self.desk.release()
            stopping.set()
            await asyncio.wait([run.task], timeout=DEADLINE_SECONDS)
            run.task.cancel()
            delivery.close()

    def value(self, metric: str, **labels: str) -> float:
        """A metric's value."""
        return self.metrics.value(metric, **labels)


@dataclass
class Run:
    """One run of a source."""

    source: Source
    outlet: KafkaOutlet
    delivery: Delivery
    stopping: asyncio.Event
    task: asyncio.Task[bool]

    async def stop(self) -> bool:
        """Asks it to stop and waits until it has; True if it came to its end by itself."""
        self.stopping.set()
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await asyncio.shield(self.task)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits until the condition holds; fails with `what` after a long time, and at once if the source failed."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if self.task.done() and self.task.exception() is not None:
                self.task.result()
            assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS:g} s until {what}"
            await asyncio.sleep(0.01)


@contextmanager
def written(path: Path, data: str | bytes) -> Iterator[Path]:
    """A file, written aside and renamed."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(data if isinstance(data, bytes) else data.encode())
    aside.replace(path)
    yield path
