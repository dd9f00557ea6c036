"""Delivery of alerts: can the routes file be used, and does the notifier of this machine get rid of what it has?"""

from __future__ import annotations

from collections.abc import Iterator

from stream.cli.checkup.finding import Finding, error, ok, warning
from stream.cli.checkup.rules import named
from stream.cli.checkup.services import ANY, ask
from stream.cli.routesread import count, read_routes
from stream.cli.topping.sample import Series, parse_exposition
from stream.errors import SettingsError
from stream.notify.breaker import BREAKER_NUMBERS
from stream.notify.routesfile import RoutesLoaded
from stream.settings import Settings

LAG_RECORDS_MANY = 1_000
"""Behind the alert topics; what quiet hours and digests hold back counts, so a few hundred are no fault."""


def routes(settings: Settings) -> Iterator[Finding]:
    """The routes file, if there is one. Whether its own tests pass says `redline notify test`."""
    path = settings.notify_file
    if not path.exists():
        yield ok("routes", f"no {path}; only `redline notify` needs one (cp routes.example.yml {path})")
        return
    try:
        loaded = read_routes(path)
        bare = read_routes(path, with_secrets=False)
    except SettingsError as problem:
        yield error("routes", str(problem), "a file that can be read", f"chmod u+r {path}, or correct it")
        return
    do = f"`redline notify check {path}` says what to do about each"
    if bare.routes is None:
        yield error("routes", f"{path}: {_errors(bare)}", "a routes file without errors", do)
    elif loaded.routes is None:
        found = f"{path}: {_errors(loaded)}"
        yield warning("routes", found, "the secrets of the file, which the notifier may have where it runs", do)
    elif loaded.diagnostics:
        yield warning("routes", f"{path}: {named(loaded.diagnostics)}", "a routes file without warnings", do)
    elif not loaded.routes.destinations:
        yield warning("routes", f"{path}: no destination is enabled", "at least one", "enable one: `enabled: true`")
    else:
        sizes = count(len(loaded.routes.destinations), "destination"), count(len(loaded.routes.routes), "route")
        yield ok("routes", f"{path}: {', '.join(sizes)}")


def deliveries(settings: Settings) -> Iterator[Finding]:
    """What the notifier of this machine tells on /metrics: nothing to say if there is none."""
    host = "127.0.0.1" if settings.metrics_host in ANY else settings.metrics_host
    answer = ask(host, settings.notify_metrics_port, "/metrics") if settings.notify_metrics_port else None
    series = {} if answer is None else parse_exposition(answer.text)
    breakers = _by_destination(series, "redline_notify_breaker_state")
    if not breakers:
        return
    if series.get("redline_notify_reload_success", {}).get((), 1.0) == 0:
        do = "`redline notify check` says what is wrong; the routes before deliver until it is right"
        yield warning("routes in force", "the notifier cannot use the routes file as it is", "the file as written", do)
    lags = _by_destination(series, "redline_notify_lag")
    away = {name: state for name, state in breakers.items() if state >= BREAKER_NUMBERS["open"]}
    for name, state in away.items():
        yield _away(name, gone=state == BREAKER_NUMBERS["disabled"], lag=lags.get(name, 0))
    behind = [f"{name} by {lag}" for name, lag in lags.items() if lag > LAG_RECORDS_MANY and name not in away]
    if behind:
        do = "`redline top` shows whether it grows; a slow receiver, a digest or quiet hours hold alerts back"
        found, expected = f"behind the alert topics: {', '.join(behind)}", f"at most {LAG_RECORDS_MANY} records"
        yield warning("delivery", found, expected, do)
    if not behind and not away:
        yield ok("delivery", f"{count(len(breakers), 'destination')} served, {sum(lags.values())} records behind")


def _away(name: str, *, gone: bool, lag: int) -> Finding:
    if gone:
        do = f"correct its URL in the routes file; `redline notify send-test {name}` tries it"
        found = f"{name} is gone (it answered 410): its alerts go to alerts.undelivered"
        return error("delivery", found, "a destination that takes alerts", do)
    found = f"{name} fails and is left alone for a while (open circuit breaker), {lag} records behind"
    do = f"`redline notify send-test {name}` tries it now and prints what comes back"
    return warning("delivery", found, "a destination that takes alerts", do)


def _by_destination(series: Series, metric: str) -> dict[str, int]:
    return {dict(labels).get("destination", ""): round(value) for labels, value in series.get(metric, {}).items()}


def _errors(loaded: RoutesLoaded) -> str:
    return named([diagnostic for diagnostic in loaded.diagnostics if diagnostic.severity == "error"])
