"""`redline notify send-test`: one marked alert, now, to a destination or all of a route."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from stream.cli.common import load_settings, setting_flags
from stream.cli.routesread import read_routes, require_usable
from stream.errors import SettingsError
from stream.model import ALERT_SEVERITIES, Severity
from stream.notify.destinations.contract import Delivered, Failed, Outcome, message_of
from stream.notify.destinations.making import make_destination
from stream.notify.notice import Notice
from stream.notify.routes import DestinationConfig, Routes
from stream.notify.testalert import sample_alert
from stream.rulelang.source import did_you_mean
from stream.settings import Settings


@click.command("send-test")
@click.argument("target", metavar="ROUTE|DESTINATION")
@click.option("--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="Default: that of the settings.")
@click.option(
    "--severity",
    type=click.Choice([s.value for s in ALERT_SEVERITIES]),
    default="info",
    show_default=True,
    help="The severity of the test alert.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@setting_flags("notify_file", "pipeline", "notify_request_timeout_ms", "notify_response_bytes_max")
def send_test(target: str, file: Path | None, severity: str, as_json: bool, **flags: Any) -> None:
    """Send one alert that is marked as a test, once and at once, and say what came back.

    Needs no broker; quiet hours and digests do not hold it. Exit codes: 0 taken by all, 1 not taken by some, 2 there is
    no such route or destination, or the routes file cannot be used.
    """
    settings = load_settings(flags)
    path = file or settings.notify_file
    loaded = read_routes(path)
    require_usable(path, loaded)
    assert loaded.routes is not None
    configs = _targets(loaded.routes, target, path)
    notice = sample_alert(datetime.now(UTC), Severity(severity), pipeline=settings.pipeline)
    if not as_json:
        click.echo(f"Test alert {notice.id}:")
    taken = [asyncio.run(_send(config, settings, notice, as_json)) for config in configs]
    if not all(taken):
        raise click.exceptions.Exit(1)


def _targets(routes: Routes, target: str, path: Path) -> list[DestinationConfig]:
    enabled = {config.id: config for config in routes.destinations}
    if target in enabled:
        return [enabled[target]]
    by_route = {route.id: route for route in routes.all}
    if target not in by_route:
        names = [*enabled, *by_route]
        help_ = did_you_mean(target, names)
        raise SettingsError(f"{path} has no route or enabled destination {target!r}. {help_}".strip())
    found = [enabled[name] for name in by_route[target].to if name in enabled]
    if not found:
        raise SettingsError(f"no destination of route {target!r} is enabled in {path}")
    return found


async def _send(config: DestinationConfig, settings: Settings, notice: Notice, as_json: bool) -> bool:
    destination = make_destination(config, settings)
    began = time.monotonic()
    try:
        outcome = await destination.deliver(message_of([notice]), time.time())
    finally:
        await destination.close()
    seconds = time.monotonic() - began
    if as_json:
        click.echo(_json(config, notice, outcome, seconds))
    else:
        said = outcome.said if isinstance(outcome, Delivered) else outcome.reason
        click.echo(f"  {config.id}  {_word(outcome)}  {said}  ({config.kind} at {config.place}, {seconds:.2f} s)")
    return isinstance(outcome, Delivered)


def _word(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "taken"
        case Failed():
            return "failed (an alert would be tried again)"
        case _:
            return "refused (an alert would go to alerts.undelivered)"


def _json(config: DestinationConfig, notice: Notice, outcome: Outcome, seconds: float) -> bytes:
    return orjson.dumps(
        {
            "destination": config.id,
            "type": config.kind,
            "at": config.place,
            "alert": notice.id,
            "outcome": "taken"
            if isinstance(outcome, Delivered)
            else "failed"
            if isinstance(outcome, Failed)
            else "refused",
            "said": outcome.said if isinstance(outcome, Delivered) else outcome.reason,
            "seconds": round(seconds, 3),
        }
    )
