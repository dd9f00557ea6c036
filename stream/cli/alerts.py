"""`redline alerts`: follow alerts as they arrive, and decide about them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
from rich.console import Console

from stream.broker.deduplicator import Deduplicator
from stream.broker.subscriber import Subscriber
from stream.cli import deciding
from stream.cli.common import load_settings, quiet_clients, setting_flags
from stream.cli.completing import RuleId
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.jsonlines import escaped
from stream.cli.render import ShownAlert, parse_alert, render_alert
from stream.cli.rulenames import doubt_unknown_rules
from stream.cli.stopping import stop_flag
from stream.cli.waiting import telling_when_away
from stream.model import ALERT_SEVERITIES, Record, Severity
from stream.wire.topics import alert_topics_from, full_name

IDS_MAX = 100_000
"""Alert ids remembered to drop repeated ones."""


@click.group()
def alerts() -> None:
    """Follow alerts as they arrive; acknowledge, judge and silence them."""


for _command in deciding.COMMANDS:
    alerts.add_command(_command)


@alerts.command()
@click.option(
    "--severity",
    type=click.Choice([s.value for s in ALERT_SEVERITIES]),
    default="info",
    help="This severity or higher. Default: info.",
)
@click.option(
    "--rule", "rules", multiple=True, type=RuleId(), metavar="ID", help="Only alerts of this rule; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="The alert's CloudEvent, one a line.")
@click.option("--from-beginning", is_flag=True, help="First the alerts that are already there.")
@setting_flags(*CONNECTION_SETTINGS)
def tail(severity: str, rules: tuple[str, ...], as_json: bool, from_beginning: bool, **flags: Any) -> None:
    """Print alerts as they arrive, each once, until Ctrl-C.

    Exit codes: 130 Ctrl-C, 2 the broker cannot be reached or has no alert topics.
    """
    settings = load_settings(flags)
    quiet_clients()
    topics = [full_name(settings.topic_prefix, topic) for topic in alert_topics_from(Severity(severity))]
    doubt_unknown_rules(rules, settings.rules_dir)
    wanted = Wanted(rules)
    printer = Printer(as_json)
    start: Literal["earliest", "latest"] = "earliest" if from_beginning else "latest"
    # A flag: an exception that Ctrl-C raises inside the Kafka client can be lost there, or leave it unable to close.
    with (
        Subscriber(settings, topics, start=start) as subscriber,
        telling_when_away(settings),
        stop_flag() as stop,
    ):
        while not stop.asked:
            printer.show(wanted.of(subscriber.poll()))
    raise click.exceptions.Exit(130 if stop.interrupted else 0)


class Wanted:
    """Picks the alerts to show: those of the rules asked for (none: all), each once."""

    def __init__(self, rules: Sequence[str] = ()) -> None:
        self._rules = frozenset(rules)
        self._seen = Deduplicator(IDS_MAX)

    def of(self, records: Iterable[Record]) -> list[tuple[Record, ShownAlert | None]]:
        """The records to show by their Kafka time; with None where one is no alert."""
        shown: list[tuple[Record, ShownAlert | None]] = []
        for record in sorted(records, key=lambda r: r.timestamp_ms):
            alert = parse_alert(record.value)
            if alert is None or ((not self._rules or alert.rule in self._rules) and self._seen.first(alert.id)):
                shown.append((record, alert))
        return shown


class Printer:
    """Prints alerts to stdout, for people or as JSON lines; what is no alert is named on stderr."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def show(self, alerts: Iterable[tuple[Record, ShownAlert | None]]) -> None:
        """Prints and flushes."""
        for record, alert in alerts:
            if alert is None:
                place = f"{record.topic}[{record.partition}]@{record.offset}"
                click.echo(f"{place}: found something else, expected an alert; skipped", err=True)
            elif self._as_json:
                # What is on the topic is compact JSON; foreign white space would break "one a line".
                text = (record.value or b"").decode("utf-8", "replace")
                click.echo(escaped(text.replace("\n", " ").replace("\r", " ")))
            else:
                terminal = self._console.is_terminal
                width = self._console.width if terminal else None
                self._console.print(render_alert(alert, marks=not terminal, width=width))
        sys.stdout.flush()
