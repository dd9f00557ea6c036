"""`redline notify check | test`: the routes file, without a broker."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import orjson

from stream.cli.common import load_settings
from stream.cli.routesread import count, read_routes, require_usable
from stream.model.article import format_time
from stream.notify.destinations.making import make_destination
from stream.notify.routesfile import RoutesLoaded
from stream.notify.routetests import RouteResult, run_route_tests, shown, shown_expected
from stream.rulelang import Diagnostic, render

FILE = click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


@click.command()
@FILE
@click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings or failed tests.")
@click.option("--without-secrets", is_flag=True, help="Variables and files with secrets need not be there.")
@JSON
def check(file: Path | None, strict: bool, without_secrets: bool, as_json: bool) -> None:
    """Say what is wrong with a routes file: line, column, what was found and what was expected.

    FILE is by default the one of the settings (routes.yml). Exit codes: 0 fine, 1 warnings under --strict, 2 errors.
    """
    settings = load_settings({})
    path = file or settings.notify_file
    loaded = read_routes(path, with_secrets=not without_secrets)
    for diagnostic in loaded.diagnostics:
        click.echo(_json(diagnostic) if as_json else render(diagnostic) + "\n")
    counts = Counter(diagnostic.severity for diagnostic in loaded.diagnostics)
    if not as_json:
        click.echo(
            f"{path}: {_contents(loaded)}{count(counts['error'], 'error')}, {count(counts['warning'], 'warning')}"
        )
    if loaded.routes is None:
        raise click.exceptions.Exit(2)
    if not without_secrets:
        # What only the service's own library can tell. Raises `SettingsError`.
        for config in loaded.routes.destinations:
            make_destination(config, settings)
    failed = any(not result.passed for result in run_route_tests(loaded.routes, loaded.tests))
    if failed and not as_json:
        click.echo(f"Some of its tests fail: `redline notify test {path}` shows which.")
    if strict and (counts["warning"] or failed):
        raise click.exceptions.Exit(1)


@click.command()
@FILE
@JSON
def test(file: Path | None, as_json: bool) -> None:
    """Run the tests inside a routes file: which alert goes where, when, and whether it is held. Needs no secrets.

    FILE is by default the one of the settings (routes.yml). Exit codes: 0 all passed, 1 some failed, 2 the file cannot
    be used.
    """
    path = file or load_settings({}).notify_file
    loaded = read_routes(path, with_secrets=False)
    require_usable(path, loaded)
    assert loaded.routes is not None
    results = run_route_tests(loaded.routes, loaded.tests)
    failed = [result for result in results if not result.passed]
    for result in results if as_json else failed:
        click.echo(_result_json(result) if as_json else _result_text(path, result))
    if not as_json:
        note = "; write some under `tests`" if not results else ""
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed{note}")
    if failed:
        raise click.exceptions.Exit(1)


def _contents(loaded: RoutesLoaded) -> str:
    if loaded.routes is None:
        return ""
    kinds = Counter(config.kind for config in loaded.routes.destinations)
    shown_kinds = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    enabled = (
        f"{count(len(loaded.routes.destinations), 'enabled destination')} ({shown_kinds})"
        if kinds
        else "nothing enabled"
    )
    return f"{enabled}, {count(len(loaded.routes.routes), 'route')}, {count(len(loaded.tests), 'test')}: "


def _result_text(path: Path, result: RouteResult) -> str:
    place = result.test.place
    lines = [f"{path}:{place.line}:{place.column}: failed: {result.test.name}"]
    lines += [f"  missing:    {shown_expected(expected)}" for expected in result.missing]
    lines += [f"  unexpected: {shown(planned)}" for planned in result.unexpected]
    if not result.planned:
        lines.append("  No route takes this alert.")
    return "\n".join(lines) + "\n"


def _result_json(result: RouteResult) -> bytes:
    return orjson.dumps(
        {
            "test": result.test.name,
            "line": result.test.place.line,
            "passed": result.passed,
            "deliveries": [
                {"to": p.destination, "route": p.route.id, "at": format_time(p.due), "how": p.how}
                for p in result.planned
            ],
            "missing": [shown_expected(expected) for expected in result.missing],
            "unexpected": [shown(planned) for planned in result.unexpected],
        }
    )


def _json(diagnostic: Diagnostic) -> bytes:
    place = diagnostic.place
    return orjson.dumps(
        {
            "file": diagnostic.file,
            "line": place.line,
            "column": place.column,
            "length": place.length,
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "found": diagnostic.found,
            "expected": diagnostic.expected,
            "help": diagnostic.help,
        }
    )
