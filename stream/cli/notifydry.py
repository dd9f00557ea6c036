"""`redline notify --dry-run`: what would be delivered, to whom and when; nothing is sent, no position is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import click
import orjson

from stream.broker.deduplicator import Deduplicator
from stream.broker.subscriber import Subscriber
from stream.cli.stopping import stop_flag
from stream.cli.waiting import telling_when_away
from stream.model import Record, Reject
from stream.model.article import format_time
from stream.model.decision import Silence
from stream.notify.notice import Notice, read_notice
from stream.notify.routes import Routes
from stream.notify.routing import plan
from stream.notify.silences import SilenceBook
from stream.settings import Settings
from stream.wire.decisions import decode_decision
from stream.wire.decode import is_control
from stream.wire.topics import ALERTS, DECISIONS, full_name

IDS_MAX = 100_000
READ_SECONDS_MAX = 120.0


def dry_run(routes: Routes, settings: Settings, *, from_beginning: bool, as_json: bool) -> None:
    """Prints a line for each delivery of each alert, until Ctrl-C. Raises `ServiceError` if it cannot read."""
    silences = _silences(settings)
    topics = [full_name(settings.topic_prefix, topic) for topic in ALERTS.values()]
    seen = Deduplicator(IDS_MAX)
    start: Literal["earliest", "latest"] = "earliest" if from_beginning else "latest"
    with (
        Subscriber(settings, topics, start=start) as subscriber,
        telling_when_away(settings),
        stop_flag() as stop,
    ):
        click.echo("Reading alerts; nothing is delivered. Ctrl-C ends it.", err=True)
        while not stop.asked:
            for record in sorted(subscriber.poll(), key=lambda r: r.timestamp_ms):
                notice = read_notice(record.value)
                if is_control(record) or isinstance(notice, Reject) or not seen.first(notice.id):
                    continue
                for line in _lines(routes, notice, record, silences):
                    click.echo(orjson.dumps(line) if as_json else _text(line))
    raise click.exceptions.Exit(130 if stop.interrupted else 0)


def _lines(routes: Routes, notice: Notice, record: Record, silences: SilenceBook) -> list[dict[str, str | None]]:
    arrived = datetime.fromtimestamp(record.timestamp_ms / 1_000, UTC)
    about: dict[str, str | None] = {
        "alert": notice.id,
        "severity": notice.severity.value,
        "rule": notice.rule,
        "arrived": format_time(arrived),
    }
    silence = silences.applying(notice, arrived, arrived)
    if silence is not None:
        return [{**about, "to": None, "why": f"silenced by {silence.id}"}]
    planned = plan(routes, notice, arrived)
    if not planned:
        return [{**about, "to": None, "why": "an exercise" if notice.exercise else "no route takes it"}]
    return [
        {**about, "to": p.destination, "route": p.route.id, "at": format_time(p.due), "how": p.how} for p in planned
    ]


def _text(line: dict[str, str | None]) -> str:
    head = f"{line['arrived']}  {line['severity']:<8} {line['rule']}  ->"
    if line["to"] is None:
        return f"{head} nobody ({line['why']})"
    how = "" if line["how"] == "single" else f", {line['how']} until {line['at']}"
    return f"{head} {line['to']} (route {line['route']}{how})"


def _silences(settings: Settings) -> SilenceBook:
    book = SilenceBook()
    topic = full_name(settings.topic_prefix, DECISIONS)
    with Subscriber(settings, [topic], start="earliest") as subscriber:
        for record in subscriber.read_to_end(seconds_max=READ_SECONDS_MAX):
            decision = decode_decision(record.value)
            if isinstance(decision, Silence):
                book.add(decision)
    return book
