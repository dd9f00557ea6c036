"""Running the sources of a process: each in a task of its own, until all ended, one failed, or a stop.

    sources file ──> one Source and one Outlet each ──> tasks ──> Delivery ──> Publisher ──> broker

Delivery guarantees: those of `stream.sources.contract`. On a stop the sources have their time to finish what they
began; what was not acknowledged then is offered again after the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from stream.errors import ServiceError
from stream.settings import Settings
from stream.sources.configs import DirectoryConfig, FeedConfig, HttpConfig, SourceConfig, StdinConfig
from stream.sources.contract import STOP_SECONDS_MAX, Source
from stream.sources.delivery import Delivery, Publishing
from stream.sources.feeds.pages import EXTRA, is_available
from stream.sources.feeds.polling import FeedSource, FeedWorks
from stream.sources.httplistener import HttpListener
from stream.sources.outlet import KafkaOutlet
from stream.sources.resume import ResumeStore
from stream.sources.stdin import StdinSource
from stream.sources.watched import WatchedFolder
from stream.telemetry.events import Telemetry
from stream.telemetry.sourcing import SourceStarted, SourceStopped


async def run_sources(
    configs: Sequence[SourceConfig],
    *,
    settings: Settings,
    publisher: Publishing,
    telemetry: Telemetry,
    state_dir: Path,
    stopping: asyncio.Event,
    started: Callable[[Delivery], None] = lambda _: None,
) -> int:
    """Runs the sources until all came to an end or `stopping` is set; returns how many articles were accepted.

    Raises what a source raises, after the others were stopped.
    """
    delivery = Delivery(
        publisher,
        articles_max=settings.ingest_waiting_articles_max,
        bytes_max=settings.ingest_waiting_bytes_max,
    )
    started(delivery)
    store = ResumeStore(state_dir)
    articles = 0

    async def run(config: SourceConfig, source: Source) -> None:
        nonlocal articles
        outlet = KafkaOutlet(
            source.id,
            source.type,
            defaults=config.defaults,
            delivery=delivery,
            store=store,
            settings=settings,
            telemetry=telemetry,
            stopping=stopping,
        )
        telemetry.emit(SourceStarted(source.id, source.type, source.place))
        ended = await source.run(outlet)
        articles += outlet.articles
        telemetry.emit(SourceStopped(source.id, outlet.articles, ended))

    try:
        async with _Shared(configs, settings) as made:
            tasks = [asyncio.create_task(run(config, source)) for config, source in made]
            await _finished(tasks, stopping, settings)
    finally:
        await asyncio.to_thread(delivery.close)
    return articles


async def _finished(tasks: Sequence[asyncio.Task[None]], stopping: asyncio.Event, settings: Settings) -> None:
    """Waits for all tasks; the first error stops the others and is raised."""
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    if pending:
        stopping.set()
        seconds_max = STOP_SECONDS_MAX + settings.kafka_request_timeout_ms / 1_000
        more, late = await asyncio.wait(pending, timeout=seconds_max)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        done |= more
    for task in done:
        if (error := task.exception()) is not None:
            raise error


class _Shared:
    """The sources, and what they have in common while they run."""

    def __init__(self, configs: Sequence[SourceConfig], settings: Settings) -> None:
        self._configs, self._settings = configs, settings
        self._works = FeedWorks(settings, feeds=sum(isinstance(config, FeedConfig) for config in configs))

    async def __aenter__(self) -> list[tuple[SourceConfig, Source]]:
        return [(config, self._source(config)) for config in self._configs]

    async def __aexit__(self, *_: object) -> None:
        await self._works.__aexit__()

    def _source(self, config: SourceConfig) -> Source:
        match config:
            case HttpConfig():
                return HttpListener(config, self._settings)
            case StdinConfig():
                return StdinSource(config, line_bytes_max=self._settings.source_file_bytes_max)
            case DirectoryConfig():
                return WatchedFolder(config, file_bytes_max=self._settings.source_file_bytes_max)
            case FeedConfig():
                if config.full_text and not is_available():
                    raise ServiceError(
                        f"source {config.id} asks for full_text, which needs the extra `{EXTRA}`: "
                        f"pip install 'redline-stream[{EXTRA}]'"
                    )
                return FeedSource(config, self._works)
