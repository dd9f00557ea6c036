"""The parts of `redline demo`: a worker and a reader around a replay, and the summary."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.cli.child import ServiceProcess
from stream.cli.histogram import quantile
from stream.cli.jsonlines import echo_json
from stream.cli.ledger import Seen
from stream.cli.render import ShownAlert, parse_alert, render_alert
from stream.cli.replay import fresh_run
from stream.cli.stopping import nobody_watches
from stream.errors import ServiceError
from stream.model import ALERT_SEVERITIES
from stream.settings import Settings
from stream.sources.findfields import item_with_found
from stream.sources.item import Item
from stream.sources.replayer import Plan, Progress, Replayer, Trouble
from stream.sources.rulefiles import load_ruleset
from stream.sources.seeds import read_articles
from stream.wire.decode import is_control
from stream.wire.topics import RAW, TOPICS, full_name

SETTLE_SECONDS = 1.0
DRAIN_SECONDS_MAX = 30.0


class Demo:
    """A running pipeline on the given broker: topics, worker, and a thread that prints alerts. A context manager."""

    def __init__(
        self, settings: Settings, console: Console, broker: EmbeddedBroker, *, page: bool = False, as_json: bool = False
    ) -> None:
        """`page`: with `redline web` beside it; `as_json`: alerts and the summary as JSON lines on stdout."""
        self._as_json = as_json
        self._broker = broker
        self._with_page = page
        self._page: ServiceProcess | None = None
        # Rules and articles are read here, so that a fault is named before anything is started.
        self._ruleset = load_ruleset(settings.rules_dir)
        self._items = _articles(settings)
        ports = [name for name in ("metrics_port", "web_port", "web_metrics_port") if getattr(settings, name) == 0]
        self._settings = settings.model_copy(update=dict(zip(ports, _free_ports(len(ports)), strict=True)))
        self._console = console
        self._seen = Seen(settings.topic_prefix)
        self._changed_at = time.monotonic()
        self._stop_reading = threading.Event()
        self._reader_failure: BaseException | None = None
        self._sent = 0
        self._refused = 0
        self._restarts_told = 0
        self._seconds = 0.0

    def __enter__(self) -> Demo:
        self._console.print(
            f"[dim]Starting a broker in memory ({self._settings.bootstrap}) and a worker with "
            f"{len(self._ruleset.rules)} rules …[/dim]",
            soft_wrap=True,
        )
        with ExitStack() as opened:
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="redline-demo-"))
            with Admin(self._settings) as admin:
                admin.create()
            self._worker = opened.enter_context(
                ServiceProcess(
                    self._settings,
                    Path(folder) / "worker.log",
                    command="worker",
                    health_port=self._settings.metrics_port,
                )
            )
            if self._with_page:
                self._page = opened.enter_context(
                    ServiceProcess(
                        self._settings,
                        Path(folder) / "web.log",
                        command="web",
                        health_port=self._settings.web_metrics_port,
                    )
                )
            names = [full_name(self._settings.topic_prefix, topic) for topic in TOPICS if topic is not RAW]
            subscriber = opened.enter_context(Subscriber(self._settings, names, start="earliest"))
            reader = threading.Thread(target=self._read, args=(subscriber,), daemon=True)
            opened.callback(reader.join)
            opened.callback(self._stop_reading.set)
            reader.start()
            self._worker.wait_ready()
            if self._page is not None:
                self._page.wait_ready()
                self._console.print(f"Watch the alerts arrive at [bold]{self.page_url}[/bold]", soft_wrap=True)
            self._console.print(f"[dim]Replaying {self._settings.seeds_dir}/ …[/dim]\n", soft_wrap=True)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def page_url(self) -> str:
        """Where the page is, if there is one."""
        return f"http://127.0.0.1:{self._settings.web_port}/"

    @property
    def metrics_url(self) -> str:
        """Where the worker's /metrics is, without the path."""
        return self._worker.base_url

    def replay(self, speed: float) -> None:
        """Publishes the seeds at their recorded pace and waits until all of them are through."""
        started = time.monotonic()
        plan = Plan(
            run=fresh_run(datetime.now(UTC)), speed=speed, gap_seconds_max=self._settings.replay_gap_max_seconds
        )
        with Publisher(self._settings, client_id="redline-demo") as publisher:
            replayer = Replayer(publisher, self._settings, plan, report=self._report, stopping=self._is_stuck)
            outcome = replayer.replay(self._items)
        self._refused = outcome.refused
        self._sent = outcome.ledger.acknowledged + outcome.dead_letters
        self._wait_until_through()
        self._seconds = time.monotonic() - started

    def print_summary(self) -> None:
        """Counts, by what stands on the topics, and the latency that the worker measured."""
        exposition = self._worker.metrics()
        if self._as_json:
            echo_json({"summary": self._fields(exposition)})
            return
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column()
        for name, text in self._summary(exposition):
            table.add_row(name, Text(text))
        self._console.print()
        self._console.print(table)

    def stay(self) -> None:
        """Goes on printing alerts until Ctrl-C or until nobody watches, after saying what can be tried."""
        bootstrap, redline = self._settings.bootstrap, _program()
        tries = Table.grid(padding=(0, 2))
        page = [(self.page_url, "the page: alerts, overview, rules, playground")] if self._page is not None else []
        for command, what in (
            *page,
            (f"{redline} replay --bootstrap {bootstrap} --rate 5", "the seeds again, under a run of their own"),
            (f"{redline} top --bootstrap {bootstrap} --metrics {self._worker.base_url}", "rates, lag, rules, workers"),
            (f"{redline} alerts tail --bootstrap {bootstrap} --json", "what a subscriber gets"),
            (f"{redline} rules test", "the tests inside the rule files"),
            (f"curl {self._worker.base_url}/metrics", "what Prometheus gets"),
        ):
            tries.add_row(f"  {command}", Text(what, "dim"))
        self._console.print("\n[bold]Still running; Ctrl-C ends it.[/bold] In another terminal, try:")
        self._console.print(tries)
        self._console.print("docs/tutorial.md goes from here to a rule of your own.")
        while not nobody_watches():
            self._check()
            time.sleep(0.2)

    def _summary(self, exposition: str) -> Iterator[tuple[str, str]]:
        seen = self._seen
        refused = f", {self._refused} files not readable" if self._refused else ""
        dead = seen.dead + seen.dead_of_alerts
        yield "articles in", f"{self._sent} sent, {seen.tagged} tagged, {dead} dead letters{refused}"
        yield "topics", ", ".join(f"{topic} {count}" for topic, count in seen.topics.most_common()) or "none"
        by_severity = [f"{s} {seen.alerts[s]}" for s in reversed(ALERT_SEVERITIES) if seen.alerts[s]]
        yield "alerts", f"{seen.alerts.total()}" + (f" ({', '.join(by_severity)})" if by_severity else "")
        if seen.episodes:
            yield "correlations", f"{seen.episodes} of the alerts are on how articles come together"
        held = ", ".join(f"{why} {count}" for why, count in seen.suppressed.most_common())
        yield "suppressed", f"{seen.suppressed.total()}" + (f" ({held})" if held else "")
        yield "pace", f"{self._sent / self._seconds:.1f} articles/s as replayed ({self._seconds:.1f} s)"
        p50, p99 = (quantile(exposition, "redline_end_to_end_seconds", q) for q in (0.5, 0.99))
        if p50 is not None and p99 is not None:
            yield "article to alert", f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (redline_end_to_end_seconds)"
        if self._worker.restarts:
            yield "worker restarts", str(self._worker.restarts)

    def _fields(self, exposition: str) -> dict[str, object]:
        seen = self._seen
        return {
            "sent": self._sent,
            "refused": self._refused,
            "tagged": seen.tagged,
            "dead_letters": seen.dead + seen.dead_of_alerts,
            "topics": dict(seen.topics),
            "alerts": seen.alerts.total(),
            "alerts_by_severity": dict(seen.alerts),
            "alerts_by_rule": dict(seen.rules),
            "correlations": seen.episodes,
            "suppressed": dict(seen.suppressed),
            "seconds": round(self._seconds, 3),
            "article_to_alert_seconds": {
                f"p{round(q * 100)}": quantile(exposition, "redline_end_to_end_seconds", q) for q in (0.5, 0.99)
            },
            "worker_restarts": self._worker.restarts,
        }

    def _report(self, event: Progress | Trouble) -> None:
        if isinstance(event, Trouble):
            self._console.print(f"{event.origin}: {event.reason}", style="yellow", markup=False, soft_wrap=True)

    def _is_stuck(self) -> bool:
        self._check()
        return False

    def _read(self, subscriber: Subscriber) -> None:
        try:
            while not self._stop_reading.is_set():
                for record in subscriber.poll(0.1):
                    if not is_control(record):  # those come every second, whether anything happens or not
                        self._changed_at = time.monotonic()
                    event = self._seen.take(record)
                    if event is not None and self._as_json:
                        echo_json(event)
                    elif event is not None and (alert := parse_alert(record.value)):
                        self._console.print(self._rendered(alert), soft_wrap=True)
                        self._console.print()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self._reader_failure = error

    def _rendered(self, alert: ShownAlert) -> Text:
        console = self._console
        width = console.width if console.is_terminal else None
        return render_alert(alert, marks=not console.is_terminal, width=width)

    def _wait_until_through(self) -> None:
        deadline, restarts = 0.0, -1
        # Matches may arrive after the tagged article that they belong to: settled means complete and quiet.
        while not (self._seen.done(self._sent) and time.monotonic() - self._changed_at > SETTLE_SECONDS):
            self._check()
            if self._worker.restarts != restarts:
                # Nothing comes of a worker that is started again before it is ready, which takes as long as a start.
                restarts = self._worker.restarts
                self._worker.wait_ready()
                deadline = time.monotonic() + DRAIN_SECONDS_MAX
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"after {DRAIN_SECONDS_MAX:.0f} s only {self._seen.tagged + self._seen.dead} of {self._sent} "
                    "articles came out of the worker"
                )
            time.sleep(0.05)

    def _check(self) -> None:
        if not self._broker.running:
            raise ServiceError(f"the embedded broker at {self._broker.bootstrap} has ended; start the demo again")
        self._worker.check()
        if self._page is not None:
            self._page.check()
        if self._worker.restarts > self._restarts_told:
            self._restarts_told = self._worker.restarts
            self._console.print("The worker ended and was started again.\n", style="yellow", soft_wrap=True)
        if self._reader_failure is not None:
            raise self._reader_failure


def _articles(settings: Settings) -> list[Item]:
    folder = settings.seeds_dir
    if not folder.exists():
        raise ServiceError(f"there is no folder {folder}; name one with --seeds-dir")
    items = [item_with_found(i) for i in read_articles(folder, file_bytes_max=settings.source_file_bytes_max)]
    if not items:
        raise ServiceError(f"found no articles in {folder}, expected .txt, .json or .ndjson files")
    return items


def _program() -> str:
    """The command as the reader can type it: by its name if it is on the path, else by its file."""
    if shutil.which("redline"):
        return "redline"
    return os.path.relpath(Path(sys.executable).with_name("redline"))


def _free_ports(count: int) -> list[int]:
    """Each is held until the last one is found: what was let go could be found again."""
    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]
