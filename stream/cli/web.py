"""`redline web`: the live page."""

from __future__ import annotations

from typing import Any

import click

from stream.cli.common import json_logs, load_settings, log_settings, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.stopping import outlive_hangup

_INSTEAD = "the page looks at the rule files by itself; restart it to have settings and tokens read again"


@click.command()
@json_logs
@setting_flags(
    "web_host",
    "web_port",
    "web_public_url",
    "web_token_file",
    "web_read_token_file",
    "rules_dir",
    "consumer_group",
    *CONNECTION_SETTINGS,
    "web_readers_max",
    "web_connections_max",
    "web_head_timeout_ms",
    "web_reader_queue_events_max",
    "web_reader_blocked_ms_max",
    "web_alerts_max",
    "web_articles_bytes_max",
    "web_backlog_records_max",
    "playground_ms_max",
    "metrics_host",
    "web_metrics_port",
    "log_level",
    "log_format",
)
def web(as_json: bool, **flags: Any) -> None:
    """Serve the live page: alerts as they arrive, overview, rules, playground. Until SIGTERM or Ctrl-C.

    On loopback it needs no login. On any other address it does not start without a token (REDLINE_WEB_TOKEN or
    --web-token-file). Exit codes: 0 stopped, 2 could not start, 130 Ctrl-C.
    """
    settings = load_settings(log_settings(flags, as_json=as_json))
    from stream.telemetry.logs import configure_logging

    configure_logging(settings.log_level, settings.log_format)
    from stream.telemetry.ending import HangupIgnored
    from stream.telemetry.events import Telemetry
    from stream.telemetry.metrics import Metrics

    telemetry = Telemetry(Metrics())
    outlive_hangup(lambda: telemetry.emit(HangupIgnored(_INSTEAD)))
    from stream.web.serve import run_web

    raise click.exceptions.Exit(run_web(settings, telemetry))
