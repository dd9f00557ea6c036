"""`redline notify`: delivers alerts to the destinations of a routes file."""

from __future__ import annotations

import signal
import time
from typing import Any

import click

from stream.cli.common import load_settings, log_settings, quiet_clients, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.notifychecks import check, test
from stream.cli.notifyresend import resend
from stream.cli.notifysendtest import send_test
from stream.cli.routesread import read_routes, require_usable
from stream.cli.stopping import stop_flag
from stream.errors import SettingsError
from stream.notify.routesfile import RoutesLoaded
from stream.rulelang import render
from stream.settings import Settings


@click.group(invoke_without_command=True)
@click.option("--dry-run", is_flag=True, help="Say what would be delivered to whom and when; deliver nothing.")
@click.option("--from-beginning", is_flag=True, help="With --dry-run: first the alerts that are already there.")
@click.option("--json", "as_json", is_flag=True, help="Log lines as JSON; with --dry-run, one JSON object a line.")
@click.option(
    "--accept-offset-reset",
    is_flag=True,
    help="Begin partitions anew of which the broker has lost alerts that were delivered.",
)
@setting_flags(
    "notify_file",
    "notify_poll_interval_ms",
    "notify_group",
    *CONNECTION_SETTINGS,
    "session_timeout_ms",
    "heartbeat_interval_ms",
    "commit_interval_ms",
    "shutdown_timeout_ms",
    "notify_waiting_alerts_max",
    "notify_waiting_bytes_max",
    "notify_in_flight_max",
    "notify_request_timeout_ms",
    "notify_response_bytes_max",
    "notify_digest_bytes_max",
    "notify_retry_base_ms",
    "notify_retry_delay_ms_max",
    "notify_breaker_failures_max",
    "notify_breaker_open_ms",
    "notify_attempts_max",
    "notify_give_up_hours",
    "metrics_host",
    "notify_metrics_port",
    "log_level",
    "log_format",
)
@click.pass_context
def notify(
    context: click.Context,
    /,
    *,
    dry_run: bool,
    from_beginning: bool,
    as_json: bool,
    accept_offset_reset: bool,
    **flags: Any,
) -> None:
    """Deliver alerts by a routes file (webhooks, Alertmanager, chat and mail services) until SIGTERM or Ctrl-C.

    Begin with: cp routes.example.yml routes.yml. A new destination gets what comes from its first start on; after that
    nothing is left out, however long it was away. Every alert at least once; a repeat has the same id.
    A change of the routes file takes effect while it runs, and so does SIGHUP; an unusable file leaves the old routes.

    Exit codes: 0 stopped, 2 the routes file or the settings cannot be used, or the broker cannot be reached, 75 the
    broker does not let it go on (to be started again), 130 Ctrl-C.
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings(log_settings(flags, as_json=as_json))
    loaded = _routes(settings)
    if dry_run:
        from stream.cli.notifydry import dry_run as show

        assert loaded.routes is not None
        show(loaded.routes, settings, from_beginning=from_beginning, as_json=as_json)
    if from_beginning:
        raise click.UsageError(
            "--from-beginning goes with --dry-run; a new destination begins with what comes from now on"
        )
    if _run(loaded, settings, accept_offset_reset):
        raise click.exceptions.Exit(130)


for _command in (check, test, send_test, resend):
    notify.add_command(_command)


def _routes(settings: Settings) -> RoutesLoaded:
    loaded = read_routes(settings.notify_file)
    require_usable(settings.notify_file, loaded)
    for diagnostic in loaded.diagnostics:
        click.echo(render(diagnostic), err=True)
    assert loaded.routes is not None
    if not loaded.routes.destinations:
        raise SettingsError(f"found no enabled destination in {settings.notify_file}, expected at least one")
    return loaded


def _run(loaded: RoutesLoaded, settings: Settings, accept_offset_reset: bool) -> bool:
    """Until a stop; returns whether it was Ctrl-C."""
    from stream.broker.admin import require_topics
    from stream.notify.destinations.making import make_destination
    from stream.notify.reloading import RoutesWatch
    from stream.notify.running import Notifier
    from stream.telemetry.ending import ServiceStopped, ServiceStopping
    from stream.telemetry.events import Telemetry
    from stream.telemetry.logs import configure_logging
    from stream.telemetry.metrics import Metrics
    from stream.telemetry.server import HealthServer
    from stream.wire.topics import ALERTS, DECISIONS, UNDELIVERED

    configure_logging(settings.log_level, settings.log_format)
    quiet_clients()
    metrics = Metrics()
    assert loaded.routes is not None
    watch = RoutesWatch(
        settings.notify_file,
        loaded,
        lambda: read_routes(settings.notify_file),
        lambda routes: [make_destination(config, settings) for config in routes.destinations],
    )
    telemetry = Telemetry(metrics)
    notifier = Notifier(loaded.routes, settings, telemetry, watch=watch)
    server = HealthServer(
        metrics,
        host=settings.metrics_host,
        port=settings.notify_metrics_port,
        live=notifier.live,
        ready=notifier.ready,
        setting="notify_metrics_port",
    )
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: notifier.ask())
    with stop_flag() as stop, server:
        require_topics(settings, (*ALERTS.values(), DECISIONS, UNDELIVERED), "notify")
        stopping_since: list[float] = []

        def asked() -> bool:
            if stop.asked and not stopping_since:
                stopping_since.append(time.monotonic())
                telemetry.emit(ServiceStopping("SIGINT" if stop.interrupted else "SIGTERM"))
            return stop.asked

        notifier.run(asked, accept_offset_reset=accept_offset_reset)
    telemetry.emit(ServiceStopped(time.monotonic() - stopping_since[0]))
    return stop.interrupted
