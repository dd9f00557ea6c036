"""`redline doctor`: looks at everything that Redline stands on, and says of each fault what to do."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stream.broker.rights import ROLES, Role
from stream.clean.printable import printable
from stream.cli.checkup import delivery, kafka, machine, rules, services
from stream.cli.checkup.finding import LEVELS, Finding, error, worst
from stream.cli.common import load_settings, quiet_clients, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.jsonlines import echo_json
from stream.errors import RedlineError, SettingsError
from stream.settings import Settings

_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}
PIPED_COLUMNS = 160
Section = tuple[str, Iterable[Finding]]


@click.command()
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="worker",
    show_default=True,
    help="Whose rights on Kafka to check.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Send a record to a topic of its own (made and deleted): measures the way to the broker, and its clock.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the findings, how many of each, the worst.")
@setting_flags(
    *CONNECTION_SETTINGS,
    "consumer_group",
    "topic_partitions",
    "topic_replication",
    "rules_dir",
    "sources_file",
    "notify_file",
    "data_dir",
    "metrics_host",
    "metrics_port",
    "ingest_metrics_port",
    "notify_metrics_port",
    "replay_metrics_port",
    "web_host",
    "web_port",
    "web_metrics_port",
)
def doctor(role: Role, write: bool, as_json: bool, **flags: Any) -> None:
    """Check this machine, the rules, Kafka and the services; say what is wrong, what was expected, and what to do.

    Changes nothing (but see --write), and waits for nothing longer than a few seconds.

    Exit codes: 0 all is well, 1 warnings, 2 errors.
    """
    quiet_clients()
    findings: list[Finding] = []
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_COLUMNS
    for title, section in sections(flags, role, write=write):
        if as_json:
            findings += section
        else:
            findings += _shown(console, title, section)
    counts: Counter[str] = Counter(finding.level for finding in findings)
    level = worst(findings)
    if as_json:
        echo_json({"worst": level, "counts": {name: counts[name] for name in LEVELS}, "findings": findings})
    else:
        console.print(_summary(counts))
    raise click.exceptions.Exit(LEVELS.index(level))


def sections(flags: dict[str, Any], role: Role, *, write: bool) -> Iterator[Section]:
    """The checks in groups; each group is worked through while it is iterated over."""
    try:
        settings = load_settings(flags)
    except SettingsError as problem:
        do = "docs/reference/settings.md has each setting with its range"
        wrong = [error("settings", part, "settings in their range", do) for part in problem.faults]
        yield "This machine", itertools.chain(machine.python(), machine.packages())
        yield "Settings", wrong
        return
    yield (
        "This machine",
        itertools.chain(
            machine.python(),
            machine.packages(),
            machine.reading(),
            _looked("disk", machine.disk(settings)),
            _looked("folder", machine.writable(settings)),
            _looked("secrets", machine.secrets(settings)),
            machine.open_files(settings),
        ),
    )
    files = itertools.chain(
        _looked("rules", rules.rules(settings)),
        _looked("sources", rules.sources(settings)),
        _looked("routes", delivery.routes(settings)),
    )
    yield "Rules, sources and routes", files
    yield "Kafka", _kafka(settings, role, write=write)
    yield "Services on this machine", itertools.chain(services.services(settings), delivery.deliveries(settings))


def _looked(name: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings; or that it cannot be looked for them (rights of a folder above, a name that no file can have)."""
    try:
        yield from findings
    except OSError as problem:
        found = f"{problem.filename or 'a file'}: {(problem.strerror or str(problem)).lower()}"
        yield error(name, found, "a path that this user can look at", "correct it, or the rights of its folders")


def _kafka(settings: Settings, role: Role, *, write: bool) -> Iterator[Finding]:
    try:
        reached, found = kafka.brokers(settings)
    except SettingsError as problem:
        yield error("broker", str(problem), "settings that can be used", 'docs/operations.md, "Connections to Kafka"')
        return
    yield from found
    if not reached:
        return
    checks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("version", lambda: kafka.version(settings)),
        ("topics", lambda: kafka.topics(settings)),
        ("rights", lambda: kafka.permissions(settings, role)),
        ("workers", lambda: kafka.group(settings)),
        ("clock", lambda: kafka.written(settings) if write else kafka.clock(settings)),
    ]
    missing = False
    for name, check in checks:
        if missing and name in ("workers", "clock") and not write:
            continue
        try:
            for finding in check():
                missing = missing or finding.check == kafka.MISSING
                yield finding
        except RedlineError as problem:
            yield kafka.as_error(name, problem)


def _shown(console: Console, title: str, section: Iterable[Finding]) -> list[Finding]:
    console.print(f"[bold]{title}[/bold]")
    findings = []
    for finding in section:
        findings.append(finding)
        console.print(_rendered(finding))
        sys.stdout.flush()
    console.print()
    return findings


def _rendered(finding: Finding) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=9)
    table.add_column(width=20)
    table.add_column()
    text = Text(printable(finding.found))
    if finding.level != "ok":
        text.append(f"\nexpected: {printable(finding.expected)}", "dim").append(f"\n→ {printable(finding.do)}", "bold")
    table.add_row(Text(f"  {finding.level}", _STYLES[finding.level]), finding.check, text)
    return table


def _summary(counts: Counter[str]) -> Text:
    text = Text()
    for level, noun in (("ok", "ok"), ("warning", "warning"), ("error", "error")):
        number = counts[level]
        plural = "s" if level != "ok" and number != 1 else ""
        text.append(", " if text else "").append(f"{number} {noun}{plural}", _STYLES[level] if number else "dim")
    return text
