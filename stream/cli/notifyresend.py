"""`redline notify resend`: sends what was put aside on alerts.undelivered to its destinations again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from stream.cli.common import load_settings, quiet_clients, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.routesread import count, read_routes, require_usable
from stream.cli.stopping import stop_flag
from stream.cli.times import Moment
from stream.errors import ServiceError, SettingsError
from stream.model.article import format_time
from stream.notify.resending import Pending, Selection, Sent, Waiting, pending, send_all
from stream.notify.routes import Routes
from stream.rulelang.source import did_you_mean
from stream.settings import Settings
from stream.wire.undelivered import UNDELIVERED_CODES

READ_SECONDS_MAX = 300.0
_CODES = sorted(set(UNDELIVERED_CODES) - {"resent", "not_an_alert"})


@click.command()
@click.option("--route", "routes", multiple=True, metavar="ROUTE", help="Only what this route took; may be repeated.")
@click.option("--destination", "destinations", multiple=True, metavar="ID", help="Only to this destination; the same.")
@click.option("--code", "codes", multiple=True, type=click.Choice(_CODES), help="Only what was put aside for this.")
@click.option("--alert", "alerts", multiple=True, metavar="ID", help="Only this alert; may be repeated.")
@click.option("--since", type=Moment(), metavar="TIME", help="Put aside since then: a time, or how long ago (2h).")
@click.option("--until", type=Moment(), metavar="TIME", help="Put aside until then.")
@click.option("--again", is_flag=True, help="Also what was taken at an earlier call.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; send nothing.")
@click.option("--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="Default: that of the settings.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@setting_flags(
    "notify_file",
    *CONNECTION_SETTINGS,
    "notify_request_timeout_ms",
    "notify_response_bytes_max",
    "notify_retry_base_ms",
    "notify_retry_delay_ms_max",
)
def resend(
    *,
    routes: tuple[str, ...],
    destinations: tuple[str, ...],
    codes: tuple[str, ...],
    alerts: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    again: bool,
    dry_run: bool,
    file: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Send what was put aside on alerts.undelivered to its destinations again, under the same ids.

    Each goes to the destination that did not take it, alone and at once: quiet hours, digests and silences do not hold
    it. What is taken is noted on the topic, so that the next call leaves it out. `notify` may go on running.

    Exit codes: 0 all taken (or nothing to send), 1 not all taken, 2 the routes file or the settings cannot be used, or
    the broker cannot be reached, 130 Ctrl-C.
    """
    settings = load_settings(flags)
    path = file or settings.notify_file
    loaded = read_routes(path)
    require_usable(path, loaded)
    assert loaded.routes is not None
    _require_known(loaded.routes, routes, destinations, path)
    quiet_clients()
    selection = Selection(
        frozenset(routes), frozenset(destinations), frozenset(codes), frozenset(alerts), _ms(since), _ms(until), again
    )
    found = _read(settings, selection)
    if dry_run:
        _show(found, loaded.routes, as_json=as_json)
        return
    counts, interrupted = _send(found, loaded.routes, settings, as_json=as_json)
    if interrupted:
        raise click.exceptions.Exit(130)
    if counts.total() != counts["taken"]:
        raise click.exceptions.Exit(1)


def _require_known(routes: Routes, names: tuple[str, ...], destinations: tuple[str, ...], path: Path) -> None:
    """A misspelt name would send nothing, and look like success. A route may be gone since."""
    enabled = [config.id for config in routes.destinations]
    for name in destinations:
        if name not in enabled:
            raise SettingsError(f"{path} has no enabled destination {name!r}. {did_you_mean(name, enabled)}".strip())
    known = [route.id for route in routes.all]
    for name in names:
        if name not in known and (hint := did_you_mean(name, known)):
            raise SettingsError(f"{path} has no route {name!r}. {hint}")


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1_000)


def _read(settings: Settings, selection: Selection) -> Pending:
    from stream.broker.admin import require_topics
    from stream.broker.subscriber import Subscriber
    from stream.wire.topics import UNDELIVERED, full_name

    require_topics(settings, (UNDELIVERED,), "resend")
    topic = full_name(settings.topic_prefix, UNDELIVERED)
    # From the beginning: a note that something was taken may be newer than `until`, and the topic is small.
    with Subscriber(settings, [topic], start="earliest") as subscriber:
        return pending(subscriber.read_to_end(seconds_max=READ_SECONDS_MAX), selection)


def _show(found: Pending, routes: Routes, *, as_json: bool) -> None:
    enabled = {config.id for config in routes.destinations}
    for one in found.waiting:
        if as_json:
            click.echo(orjson.dumps(_fields(one)))
        else:
            gone = "" if one.found.destination in enabled else "  (no longer in the routes file)"
            click.echo(f"{_text(one)}  {one.found.code}{gone}")
    if not as_json:
        sendable = sum(one.found.destination in enabled for one in found.waiting)
        click.echo(f"{count(sendable, 'alert')} would be sent; nothing was{_left_out(found)}")


def _send(found: Pending, routes: Routes, settings: Settings, *, as_json: bool) -> tuple[Counter[str], bool]:
    from stream.broker.publisher import Publisher
    from stream.notify.breaker import RetryLimits
    from stream.notify.destinations.making import make_destination
    from stream.wire.topics import UNDELIVERED, full_name
    from stream.wire.undelivered import encode_undelivered

    wanted = {one.found.destination for one in found.waiting}
    topic = full_name(settings.topic_prefix, UNDELIVERED)
    limits = RetryLimits(settings.notify_retry_base_ms / 1_000, settings.notify_retry_delay_ms_max / 1_000)
    made = [make_destination(config, settings) for config in routes.destinations if config.id in wanted]
    counts: Counter[str] = Counter()
    with stop_flag() as stop, Publisher(settings, client_id="redline-notify-resend") as publisher:

        async def tell(sent: Sent) -> None:
            counts[sent.outcome] += 1
            if sent.outcome == "taken":
                publisher.send(encode_undelivered(sent.note(), topic=topic))
            _print(sent, as_json=as_json)

        async def work() -> None:
            try:
                await send_all(found.waiting, made, limits, tell, random.random, stopping=lambda: stop.asked)
            finally:
                for destination in made:
                    await destination.close()

        for one in found.waiting:
            if one.found.destination not in {destination.id for destination in made}:
                counts["left"] += 1
                _print(Sent(one, "left", "the destination is no longer in the routes file"), as_json=as_json)
        asyncio.run(work())
        if publisher.flush(settings.shutdown_timeout_ms / 1_000) or (failures := publisher.take_failures()):
            raise ServiceError(
                "not everything that was taken could be noted on alerts.undelivered; the next call sends it once more"
                + (f": {failures[0].reason}" if failures else "")
            )
    if not as_json:
        rest = counts.total() - counts["taken"]
        click.echo(f"{count(counts['taken'], 'alert')} taken, {rest:,} not{_left_out(found)}")
    return counts, stop.interrupted


def _left_out(found: Pending) -> str:
    said = []
    if found.resent:
        said.append(f"{found.resent:,} taken at an earlier call")
    if found.unreadable:
        said.append(f"{found.unreadable:,} that hold no alert")
    return f"; left out: {', '.join(said)}" if said else ""


def _print(sent: Sent, *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({**_fields(sent.one), "outcome": sent.outcome, "said": sent.said}))
    else:
        click.echo(f"{_text(sent.one)}  {sent.outcome}  {sent.said}")


def _fields(one: Waiting) -> dict[str, str]:
    return {
        "put_aside": _time(one),
        "destination": one.found.destination,
        "route": one.found.route,
        "code": one.found.code,
        "alert": one.notice.id,
        "severity": one.notice.severity.value,
        "rule": one.notice.rule,
    }


def _text(one: Waiting) -> str:
    notice = one.notice
    return f"{_time(one)}  {one.found.destination}  {notice.severity.value:<8} {notice.rule}  {notice.id}"


def _time(one: Waiting) -> str:
    return format_time(datetime.fromtimestamp(one.put_aside_ms / 1_000, UTC).replace(microsecond=0))
