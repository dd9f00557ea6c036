"""`redline top`: what flows, how far behind it is, which rules fire, and who works; as it changes."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from stream.broker import connection
from stream.cli.common import NumberRange, load_settings, quiet_clients, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.jsonlines import echo_json
from stream.cli.stopping import Stop, stop_flag
from stream.cli.topping.gather import Endpoints, Gatherer, Prometheus
from stream.cli.topping.keys import Keys
from stream.cli.topping.sample import Sample
from stream.cli.topping.screen import once as whole
from stream.cli.topping.screen import screen
from stream.cli.topping.view import History, View
from stream.errors import SettingsError

BROKER_WAIT_SECONDS = 12.0
PIPED_COLUMNS = 120
POLL_SECONDS = 0.05
_QUIT = ("q", "Q", "\x1b", "\x03", "\x04")


@click.command()
@click.option(
    "--metrics",
    "urls",
    multiple=True,
    metavar="URL",
    help="A process whose metrics to read, such as http://10.0.0.5:9464; may be repeated. Default: the ports below.",
)
@click.option(
    "--interval",
    type=NumberRange(0.2, 60),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="From one sample to the next.",
)
@click.option("--once", is_flag=True, help="Two samples, one picture, and the end. Also without a terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a sample, a line each; with --once one.")
@setting_flags(
    *CONNECTION_SETTINGS,
    "consumer_group",
    "prometheus_url",
    "metrics_host",
    "metrics_port",
    "ingest_metrics_port",
    "notify_metrics_port",
    "replay_metrics_port",
    "web_metrics_port",
)
def top(urls: tuple[str, ...], interval: float, once: bool, as_json: bool, **flags: Any) -> None:
    """Show rates, lag, alerts by rule and severity, and the workers, as they change. q quits, ? shows the keys.

    Numbers come from the metrics of the services on this machine (or --metrics, or --prometheus-url for all of them),
    and from the broker, which says how far the group of workers is behind. What is away is said, with what to do.

    Exit codes: 0 quit; with --once 0 all is well, 1 something is away or behind; 2 settings, 130 Ctrl-C.
    """
    settings = load_settings(flags)
    quiet_clients()
    connection.tell_waiting = None  # the screen says it
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise SettingsError(f"--metrics: found {url!r}, expected an address such as http://127.0.0.1:9464")
    history = History(settings.bootstrap, settings.topic_prefix)
    source = Prometheus(settings.prometheus_url) if settings.prometheus_url else Endpoints(settings, urls)
    board = Board(history, f"{settings.bootstrap}  {settings.consumer_group}")
    once = once or not (as_json or sys.stdout.isatty())
    with (
        stop_flag() as stop,
        Gatherer(settings, source, interval_seconds=interval, took=board.take, alone=not once) as gatherer,
    ):
        if once:
            view = _two_samples(gatherer, board, interval, stop)
            if view is not None:
                _print(view, board.title, as_json)
                raise click.exceptions.Exit(0 if view.well else 1)
        elif as_json:
            _lines(gatherer, board, stop)
        else:
            _live(gatherer, board, stop)
    if stop.interrupted:
        raise click.exceptions.Exit(130)


class Board:
    """The newest view, between the thread that takes samples and the one that draws."""

    def __init__(self, history: History, title: str) -> None:
        self._history, self.title = history, title
        self._lock = threading.Lock()
        self.drawn = 0

    def take(self, sample: Sample) -> None:
        """A sample has come."""
        with self._lock:
            self._history.add(sample)
            self.drawn += 1

    def view(self) -> View | None:
        """What the samples come to."""
        with self._lock:
            return self._history.view()

    def count_from_now(self) -> None:
        """Totals begin again at zero."""
        with self._lock:
            self._history.count_from_now()


def _two_samples(gatherer: Gatherer, board: Board, interval: float, stop: Stop) -> View | None:
    board.take(gatherer.now())
    began = time.monotonic()
    gatherer.wait_for_broker(BROKER_WAIT_SECONDS)
    gatherer.check()
    while time.monotonic() - began < interval and not stop.asked:
        threading.Event().wait(0.05)
    board.take(gatherer.now())
    return None if stop.asked else board.view()


def _print(view: View, title: str, as_json: bool) -> None:
    if as_json:
        echo_json(_fields(view))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_COLUMNS
    console.print(whole(view, width=console.width, title=title))


def _fields(view: View) -> dict[str, Any]:
    return {"time": datetime.now(UTC), **view.fields()}


def _lines(gatherer: Gatherer, board: Board, stop: Stop) -> None:
    # On this thread: where nobody reads the lines any more, the command ends.
    told = 0
    while not stop.asked:
        gatherer.check()
        if board.drawn != told:
            told = board.drawn
            if (view := board.view()) is not None:
                echo_json(_fields(view))
                sys.stdout.flush()
        threading.Event().wait(POLL_SECONDS)


def _live(gatherer: Gatherer, board: Board, stop: Stop) -> None:
    console = Console(highlight=False)
    paused: View | None = None
    help_ = False
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False, transient=True) as live:
        drawn: tuple[object, ...] = ()
        while not stop.asked:
            gatherer.check()
            # The size is asked for anew each time: a terminal may be resized at any moment.
            width, height = shutil.get_terminal_size()
            now = (board.drawn, width, height, paused is not None, help_, int(time.monotonic()))
            if now != drawn:
                shown = paused if paused is not None else board.view()
                what = screen(
                    shown, width=width, height=height, title=board.title, paused=paused is not None, help_=help_
                )
                live.update(what, refresh=True)
                drawn = now
            match keys.next(0.1):
                case "p" | " ":
                    paused = None if paused is not None else board.view()
                case "r":
                    board.count_from_now()
                    drawn = ()
                case "?" | "h":
                    help_ = not help_
                case key if key in _QUIT and key:
                    return
