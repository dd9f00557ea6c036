"""`redline replay`: publishes recorded articles at their recorded pace."""

from __future__ import annotations

import logging
import math
import re
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stream.broker.admin import require_topics
from stream.broker.publisher import Ledger, Publisher
from stream.cli.common import NumberRange, load_settings, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.stopping import stop_flag
from stream.settings import Settings
from stream.sources.findfields import item_with_found
from stream.sources.folder import SUFFIXES
from stream.sources.item import Item
from stream.sources.replayer import Outcome, Plan, Replayer, Trouble
from stream.sources.replayer import Progress as Moved
from stream.sources.seeds import read_articles
from stream.telemetry.events import Telemetry
from stream.telemetry.logs import configure_logging
from stream.telemetry.metrics import Metrics
from stream.telemetry.replaying import ReplayMoved, ReplayTroubled
from stream.telemetry.server import HealthServer
from stream.wire.topics import DEAD, RAW

_RUN = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_RATE = re.compile(r"(\d+(?:\.\d+)?|\.\d+|inf)(?:/s)?")


class Rate(click.ParamType):
    """A number of articles a second: `200`, `200/s`, `0.5/s`, `inf`."""

    name = "N/s"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; it is above 0."""
        if isinstance(value, float):
            return value
        found = _RATE.fullmatch(str(value).strip())
        if found is None or float(found[1]) <= 0:
            self.fail(f"found {value!r}, expected articles a second above 0, such as 200/s", param, ctx)
        return float(found[1])


def _check_run(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _RUN.fullmatch(value):
        raise click.BadParameter(f"found {value!r}, expected 1 to 100 of A-Z a-z 0-9 . _ : -")
    return value


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--speed", type=NumberRange(0, min_open=True), default=1.0, help="Recorded gaps, so many times faster.")
@click.option(
    "--max-gap",
    "replay_gap_max_seconds",
    metavar="SECONDS",
    default=None,
    help="Longest pause between two articles. Default: 2. [REDLINE_REPLAY_GAP_MAX_SECONDS]",
)
@click.option(
    "--rate", type=Rate(), default=None, help="So many articles a second, instead of recorded gaps; inf: all at once."
)
@click.option("--repeat", type=click.IntRange(0), default=1, metavar="N", help="So many runs; 0: until stopped.")
@click.option(
    "--copies",
    is_flag=True,
    help="With --repeat N: one run in which every article comes N times, under other ids: copies of the same stories.",
)
@click.option(
    "--shuffle", "seed", type=int, default=None, metavar="SEED", help="In an order that depends on SEED alone."
)
@click.option(
    "--run",
    callback=_check_run,
    default=None,
    metavar="ID",
    help="Id of the run; repeats get -2, -3 … Default: a fresh one.",
)
@click.option("--as-is", is_flag=True, help="Leave articles without the fields that only their text says.")
@click.option("--no-progress", is_flag=True, help="No progress bar on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="The ledger as one JSON object on stdout.")
@setting_flags(
    *CONNECTION_SETTINGS,
    "message_bytes_max",
    "dead_letter_original_bytes_max",
    "source_file_bytes_max",
    "metrics_host",
    "replay_metrics_port",
    "stall_timeout_ms",
    "log_level",
    "log_format",
)
@click.pass_context
def replay(
    ctx: click.Context,
    /,
    path: Path | None,
    speed: float,
    rate: float | None,
    repeat: int,
    copies: bool,
    seed: int | None,
    run: str | None,
    as_is: bool,
    no_progress: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Publish the articles in PATH (a folder, or a .txt, .json, .ndjson or .jsonl file; default: the seeds).

    Each article is marked as an exercise and with its run, and gets what it lacks and its text says: headline, byline,
    agency, outlet, dateline, date, language. Ends with the ledger: sent, acknowledged, failed.
    Exit codes: 0 all acknowledged, 1 not all, 2 the broker cannot be reached, 130 Ctrl-C.
    """
    if rate is not None and ctx.get_parameter_source("speed") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--rate and --speed exclude each other: --rate takes no notice of recorded gaps.")
    if copies and not repeat:
        raise click.UsageError("--copies needs --repeat N: a run without end would hold all its copies at once.")
    settings = load_settings(flags)
    items = _items(path or settings.seeds_dir, settings, as_is=as_is)
    plan = Plan(
        run=run or fresh_run(datetime.now(UTC)),
        speed=speed,
        gap_seconds_max=settings.replay_gap_max_seconds,
        rate_per_second=rate,
        repeat=repeat,
        copies=copies,
        shuffle_seed=seed,
    )
    shows_bar = not no_progress and sys.stderr.isatty()
    with _bar(shows_bar) as bar:
        configure_logging(settings.log_level, settings.log_format)
        outcome, interrupted = _replay(settings, plan, items, bar)
    click.echo(_as_json(outcome, plan) if as_json else _as_text(outcome, plan))
    if interrupted:
        raise click.exceptions.Exit(130)
    if not outcome.complete:
        raise click.exceptions.Exit(1)


def fresh_run(now: datetime) -> str:
    """A run id that was never used before, and says when it began."""
    return f"replay-{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


class Observer:
    """Turns what the replayer reports into metrics, log lines and the bar; knows whether it is alive and ready."""

    def __init__(self, telemetry: Telemetry, bar: Progress | None, stall_seconds: float) -> None:
        self._telemetry = telemetry
        self._bar = bar
        self._task = bar.add_task("connecting …", total=None) if bar is not None else None
        self._stall_seconds = stall_seconds
        self._before = Ledger()
        self._heard = time.monotonic()
        self._begun = False

    def report(self, event: Moved | Trouble) -> None:
        """What `Replayer` calls."""
        self._heard = time.monotonic()
        match event:
            case Trouble():
                code = event.code if event.dead_letter else None
                self._telemetry.emit(ReplayTroubled(event.origin, event.reason, event.stage, code))
            case Moved():
                self._begun = True
                self._telemetry.emit(self._moved(event))
                if self._bar is not None and self._task is not None:
                    self._bar.update(self._task, description=event.run, completed=event.done, total=event.articles)

    def live(self) -> str | None:
        """The check behind /livez."""
        silent = time.monotonic() - self._heard
        return None if silent < self._stall_seconds else f"the replay has not moved for {silent:.0f} s"

    def ready(self) -> str | None:
        """The check behind /readyz."""
        return None if self._begun else "the replay has not begun: no broker yet"

    def _moved(self, event: Moved) -> ReplayMoved:
        now, before, self._before = event.ledger, self._before, event.ledger
        return ReplayMoved(
            articles=event.articles,
            done=event.done,
            sent=now.sent - before.sent,
            acknowledged=now.acknowledged - before.acknowledged,
            failed=now.failed - before.failed,
            acknowledged_bytes=now.acknowledged_bytes - before.acknowledged_bytes,
            behind_seconds=event.behind_seconds,
        )


def _replay(settings: Settings, plan: Plan, items: Sequence[Item], bar: Progress | None) -> tuple[Outcome, bool]:
    metrics = Metrics()
    observer = Observer(Telemetry(metrics), bar, settings.stall_timeout_ms / 1_000)
    server = HealthServer(
        metrics,
        host=settings.metrics_host,
        port=settings.replay_metrics_port,
        live=observer.live,
        ready=observer.ready,
        setting="replay_metrics_port",
    )
    # What the client has to say is in the ledger, with the record it is about.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    require_topics(settings, (RAW, DEAD), "replay")
    with server, Publisher(settings, client_id="redline-replay") as publisher, stop_flag() as stop:
        replayer = Replayer(publisher, settings, plan, report=observer.report, stopping=lambda: stop.asked)
        return replayer.replay(items), stop.interrupted


def _items(path: Path, settings: Settings, *, as_is: bool) -> list[Item]:
    if not path.exists():
        raise click.UsageError(f"there is no {path}; name a folder or file of articles.")
    items = list(read_articles(path, file_bytes_max=settings.source_file_bytes_max))
    if not as_is:
        items = [item_with_found(item) for item in items]
    if not items:
        raise click.UsageError(f"found no article in {path}, expected files that end in {', '.join(SUFFIXES)}.")
    return items


@contextmanager
def _bar(shown: bool) -> Iterator[Progress | None]:
    if not shown:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield bar


def _as_text(outcome: Outcome, plan: Plan) -> str:
    ledger = outcome.ledger
    runs = f"run {plan.run}" if outcome.runs == 1 else f"{outcome.runs} runs, {plan.run} and on"
    lines = [
        f"{'Stopped' if outcome.stopped else 'Done'} after {outcome.seconds:.1f} s ({runs}).",
        f"sent {ledger.sent}, acknowledged {ledger.acknowledged}, failed {ledger.failed + ledger.waiting}",
    ]
    if outcome.refused:
        lines.append(f"not readable: {outcome.refused} (the log above names each file and line)")
    if outcome.dead_letters:
        lines.append(f"dead letters written for those that failed: {outcome.dead_letters}")
    if outcome.controls_failed:
        lines.append(f"control records not acknowledged: {outcome.controls_failed}")
    return "\n".join(lines)


def _as_json(outcome: Outcome, plan: Plan) -> str:
    ledger = outcome.ledger
    rate = ledger.acknowledged / outcome.seconds if outcome.seconds else math.nan
    return orjson.dumps(
        {
            "run": plan.run,
            "runs": outcome.runs,
            "sent": ledger.sent,
            "acknowledged": ledger.acknowledged,
            "failed": ledger.failed + ledger.waiting,
            "refused": outcome.refused,
            "dead_letters": outcome.dead_letters,
            "controls_failed": outcome.controls_failed,
            "bytes": ledger.acknowledged_bytes,
            "seconds": round(outcome.seconds, 3),
            "articles_per_second": round(rate, 1),
            "stopped": outcome.stopped,
        }
    ).decode()
