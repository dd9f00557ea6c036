"""`redline ingest`: runs the sources of a sources file; their articles go to Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from stream.broker.admin import require_topics
from stream.broker.publisher import Publisher
from stream.broker.servicewatch import ServiceWatch
from stream.cli.common import load_settings, log_settings, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.jsonlines import echo_json
from stream.cli.stopping import outlive_hangup
from stream.errors import SettingsError
from stream.model import Reject
from stream.rulelang import SourceFile, render
from stream.settings import Settings
from stream.sources.configs import SourceConfig, StdinConfig
from stream.sources.delivery import Delivery
from stream.sources.regular_file import read_regular
from stream.sources.running import run_sources
from stream.sources.sourcesfile import load_sources, types_of
from stream.telemetry.ending import HangupIgnored
from stream.telemetry.events import Telemetry
from stream.telemetry.logs import configure_logging
from stream.telemetry.metrics import Metrics
from stream.telemetry.server import HealthServer
from stream.wire.topics import DEAD, RAW

FILE_BYTES_MAX = 1 << 20
MEANWHILE = "Nothing counts as taken until it acknowledges"
_INSTEAD = (
    "the sources file is read at start only; restart ingest to have it read again, every source goes on where it was"
)


@click.command()
@click.option("--check", is_flag=True, help="Only check the sources file: exit code 0, or 2 with what is wrong where.")
@click.option("--only", multiple=True, metavar="ID", help="Only these sources of the file; may be given several times.")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Only standard input: one JSON article a line. Needs no sources file."
)
@click.option("--json", "as_json", is_flag=True, help="Log lines as JSON; with --check, what was found as one object.")
@setting_flags(
    "sources_file",
    "ingest_state_dir",
    *CONNECTION_SETTINGS,
    "message_bytes_max",
    "dead_letter_original_bytes_max",
    "source_file_bytes_max",
    "ingest_waiting_articles_max",
    "ingest_waiting_bytes_max",
    "ingest_request_bytes_max",
    "ingest_request_articles_max",
    "ingest_head_timeout_ms",
    "ingest_body_timeout_ms",
    "ingest_connections_max",
    "feed_bytes_max",
    "feed_timeout_ms",
    "feed_host_pause_ms",
    "feed_user_agent",
    "metrics_host",
    "ingest_metrics_port",
    "log_level",
    "log_format",
)
def ingest(*, check: bool, only: tuple[str, ...], from_stdin: bool, as_json: bool, **flags: Any) -> None:
    """Run the sources of a sources file (feeds, folders, HTTP, standard input) until Ctrl-C.

    An article counts as taken once the broker has acknowledged it. Begin with: cp sources.example.yml sources.yml

    Exit codes: 0 all sources came to an end or a stop was asked for, 1 some articles were refused (--stdin),
    2 the sources file or the settings cannot be used, or the broker cannot be reached, 130 Ctrl-C.
    """
    settings = load_settings(log_settings(flags, as_json=as_json))
    configs = (StdinConfig(),) if from_stdin else _configs(settings, only)
    if check and as_json:
        echo_json({"file": str(settings.sources_file), "enabled": len(configs), "types": types_of(configs)})
        return
    if check:
        kinds = ", ".join(f"{count} {kind}" for kind, count in types_of(configs).items())
        click.echo(f"{settings.sources_file}: {len(configs)} enabled {_noun(configs)} ({kinds}).")
        return
    configure_logging(settings.log_level, settings.log_format)
    # What the client has to say is told with the record it is about.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    service = _Service(settings)
    refused = service.run(configs)
    if service.interrupted:
        raise click.exceptions.Exit(130)
    if from_stdin and refused:
        raise click.exceptions.Exit(1)


def _configs(settings: Settings, only: Sequence[str]) -> tuple[SourceConfig, ...]:
    """The sources of the file; raises `SettingsError` with the diagnostics, and prints warnings."""
    path = settings.sources_file
    data = read_regular(path.resolve(), file_bytes_max=FILE_BYTES_MAX) if path.exists() else None
    if data is None:
        raise SettingsError(
            f"there is no sources file {path}; `cp sources.example.yml {path}` begins one, "
            "REDLINE_SOURCES_FILE names another, --stdin needs none"
        )
    if isinstance(data, Reject):
        raise SettingsError(f"{path}: {data.reason}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: found byte 0x{data[error.start]:02x} at {error.start}, expected UTF-8") from error
    loaded = load_sources(SourceFile(str(path), text), environment=os.environ, folder=path.resolve().parent)
    errors = [diagnostic for diagnostic in loaded.diagnostics if diagnostic.severity == "error"]
    if loaded.sources is None:
        shown = "\n".join(render(diagnostic) for diagnostic in loaded.diagnostics)
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise SettingsError(f"the sources in {path} cannot be used ({count}):\n{shown}")
    for diagnostic in loaded.diagnostics:
        click.echo(render(diagnostic), err=True)
    return _chosen(loaded.sources, only, path)


def _chosen(sources: tuple[SourceConfig, ...], only: Sequence[str], path: Path) -> tuple[SourceConfig, ...]:
    known = {config.id for config in sources}
    for name in only:
        if name not in known:
            raise SettingsError(f"--only: found {name!r}, expected an enabled source of {path}: {', '.join(known)}")
    chosen = tuple(config for config in sources if not only or config.id in only)
    if not chosen:
        raise SettingsError(f"found no enabled source in {path}, expected at least one")
    return chosen


def _noun(configs: Sequence[SourceConfig]) -> str:
    return "source" if len(configs) == 1 else "sources"


class _Service:
    """One run: health server, publisher, signals."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self._telemetry = Telemetry(self._metrics)
        self._delivery: Delivery | None = None
        self._watch = ServiceWatch(settings, self._telemetry, MEANWHILE)
        self.interrupted = False

    def run(self, configs: Sequence[SourceConfig]) -> int:
        """Until the sources ended; returns how many articles were refused."""
        settings = self._settings
        outlive_hangup(lambda: self._telemetry.emit(HangupIgnored(_INSTEAD)))
        server = HealthServer(
            self._metrics,
            host=settings.metrics_host,
            port=settings.ingest_metrics_port,
            ready=self._ready,
            setting="ingest_metrics_port",
        )
        with server:
            require_topics(settings, (RAW, DEAD), "ingest")
            with Publisher(settings, client_id="redline-ingest") as publisher, self._watch:
                asyncio.run(self._main(configs, publisher))
        kinds = ("feed", "directory", "http", "stdin")
        return sum(
            int(self._metrics.value("redline_ingest_articles_total", type=kind, outcome="refused")) for kind in kinds
        )

    async def _main(self, configs: Sequence[SourceConfig], publisher: Publisher) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopper(number, stopping))
        folder = self._settings.sources_file.resolve().parent
        await run_sources(
            configs,
            settings=self._settings,
            publisher=publisher,
            telemetry=self._telemetry,
            state_dir=self._settings.ingest_state_dir or folder / ".redline",
            stopping=stopping,
            started=self._started,
        )

    def _stopper(self, number: signal.Signals, stopping: asyncio.Event) -> Callable[[], None]:
        def stop() -> None:
            if stopping.is_set():
                # The second signal means it.
                with contextlib.suppress(ValueError):
                    signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
                return
            self.interrupted = number == signal.SIGINT
            stopping.set()

        return stop

    def _started(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def _ready(self) -> str | None:
        """The check behind /readyz."""
        if self._delivery is None:
            return "the sources have not begun: no broker yet"
        if (away := self._watch.trouble()) is not None:
            return away
        trouble = self._delivery.trouble
        return None if trouble is None else f"the broker does not acknowledge: {trouble}"
