"""A view as a screen of a given size: what does not fit is left out from the bottom of the lists, and counted."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stream.clean.printable import printable
from stream.cli.topping.sample import Member, Process
from stream.cli.topping.view import LAG_RECORDS_MANY, View, process_fields, rules_in_force

NARROW_COLUMNS = 90
TINY_COLUMNS = 60
"""Below this, only names and numbers are shown."""

_BARS = "▁▂▃▄▅▆▇█"
STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "blue"}


def screen(
    view: View | None,
    *,
    width: int,
    height: int,
    title: str,
    paused: bool = False,
    help_: bool = False,
    keys: bool = True,
) -> RenderableType:
    """The whole screen; without `keys`, nothing is said about them."""
    if help_:
        return Stack(_head(view, title, width, paused), _help())
    if view is None:
        return Stack(_head(None, title, width, paused), Text("Asking the services and the broker …", "dim"))
    troubles = _troubles(view.troubles, width=width, lines=max(3, height // 4))
    used = 2 + sum(_lines_of(text, width) for text in troubles)
    parts: list[RenderableType] = [_head(view, title, width, paused, keys=keys), *troubles]
    columns = width >= NARROW_COLUMNS
    flow, alerts = _flow(view, width // 2 if columns else width), _severities(view)
    if columns:
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(flow, alerts)
        parts.append(grid)
        used += FLOW_LINES
    else:
        parts += [flow, alerts]
        used += FLOW_LINES + SEVERITY_LINES
    workers = _workers(view, lines=max(1, min(8, (height - used) // 3)), width=width)
    used += workers.lines
    rules = _rules(view, lines=max(1, height - used - 3), width=width)
    return Stack(*parts, workers.table, rules)


def once(view: View, *, width: int, title: str) -> RenderableType:
    """The same for a file or a pipe: everything, as long as it takes."""
    return screen(view, width=width, height=10_000, title=title, keys=False)


FLOW_LINES = 8
SEVERITY_LINES = 8


class Lines:
    """A table and how many lines it takes."""

    def __init__(self, table: RenderableType, lines: int) -> None:
        self.table, self.lines = table, lines


def _head(view: View | None, title: str, width: int, paused: bool, *, keys: bool = True) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("Redline top", "bold").append(f"  {printable(title)}", "dim")
    if view is not None and view.group is not None:
        text.append(f"  group {view.group.state.lower() or 'not there yet'}", "dim")
    text.append(f"  {time.strftime('%H:%M:%S')}", "dim")
    text.append("  PAUSED" if paused else "", "bold yellow")
    if keys and width >= NARROW_COLUMNS:
        text.append("   q quits · p pauses · r counts from now · ? help", "dim")
    elif keys:
        text.append("  ? help", "dim")
    return text


def _troubles(sentences: Sequence[str], *, width: int, lines: int) -> list[Text]:
    """The gravest stand first; the last line says how many have no room."""
    texts = [Text(f"! {printable(sentence)}", "bold yellow") for sentence in sentences]
    fits = len(texts)
    while fits > 1 and sum(_lines_of(text, width) for text in texts[:fits]) + (fits < len(texts)) > lines:
        fits -= 1
    more = [Text(f"! … and {len(texts) - fits} more", "bold yellow")] if fits < len(texts) else []
    return [*texts[:fits], *more]


def _lines_of(text: Text, width: int) -> int:
    return 1 + len(text.plain) // max(1, width)


def _help() -> Panel:
    table = Table.grid(padding=(0, 3))
    for key, what in (
        ("q, Esc, Ctrl-C", "quit"),
        ("p, blank", "pause the screen; samples go on"),
        ("r", "totals begin again at zero"),
        ("?", "this, and back"),
    ):
        table.add_row(Text(key, "bold"), what)
    notes = "Rates are those of the last half minute. Lag is what the broker says; where it is away, what workers say."
    return Panel(Stack(table, Text(), Text(notes, "dim")), title="Keys", title_align="left", border_style="dim")


def _flow(view: View, width: int) -> Panel:
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    table.add_column(no_wrap=True)
    room = max(5, min(30, width - 46))
    latency = view.latency
    total = sum(view.lag.values())
    rates, totals, none = view.rates, view.totals, Text()
    p50, p99 = ("–", "") if latency is None else (_duration(latency[0]), f"p99 {_duration(latency[1])}")
    waiting = " ".join(f"{topic.removeprefix('articles.')} {n:,}" for topic, n in view.lag.items() if n) or "records"
    rows = (
        ("articles in", f"{rates['received']:.1f}/s", f"{totals['received']:,} in all", _spark(view.course, room)),
        ("alerts", _per_minute(rates["alerts"]), f"{totals['alerts']:,} in all", none),
        ("suppressed", _per_minute(rates["suppressed"]), _named(totals["suppressed"], view.held_back), none),
        ("dead letters", _per_minute(rates["dead_letters"]), _named(totals["dead_letters"], view.dead), none),
        ("behind", f"{total:,}", waiting, _spark(view.lag_course, room)),
        ("article to alert", p50, p99, none),
    )
    for name, value, note, course in rows:
        bad = (name == "dead letters" and view.rates["dead_letters"] > 0) or (
            name == "behind" and total > LAG_RECORDS_MANY
        )
        shown = (printable(note), course) if width >= TINY_COLUMNS // 2 + 10 else ("", none)
        table.add_row(name, Text(value, "bold yellow" if bad else "bold"), *shown)
    return Panel(table, title="Flow", title_align="left", border_style="dim")


def _severities(view: View) -> Panel:
    table = Table.grid(padding=(0, 2))
    most = max((n for n, _ in view.severities.values()), default=0)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    table.add_column(no_wrap=True)
    for severity, (total, rate) in view.severities.items():
        # One that is none: what a process counts together once it has too many series (`other`).
        style = STYLES.get(severity, "")
        bar = Text("█" * (0 if not most else max(1, round(16 * total / most)) if total else 0), style)
        table.add_row(Text(printable(severity), style), f"{total:,}", f"{rate:.0f}/min", bar)
    if not most:
        table.add_row(Text("no alerts yet", "dim"), "", "", "")
    else:
        table.add_row("", "", "", "")
    return Panel(table, title="Alerts by severity", title_align="left", border_style="dim")


def _workers(view: View, *, lines: int, width: int) -> Lines:
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim", padding=(0, 2, 0, 0))
    columns = ["service", "at", "state", "partitions", "behind", "memory", "up"][: 7 if width >= TINY_COLUMNS else 3]
    for name in columns:
        right = name in ("partitions", "behind", "memory", "up")
        table.add_column(
            name,
            justify="right" if right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=7 if right or name == "service" else None,
            ratio=2 if name == "state" else 1 if name == "at" else None,
        )
    rows = [_process_row(process) for process in view.processes]
    rows += [_member_row(member) for member in (view.group.members if view.group is not None else ())]
    if not rows:
        rows = [("none", Text("no service tells its metrics, and nobody is in the group", "dim"), "", "", "", "", "")]
    shown = rows[:lines]
    for row in shown:
        table.add_row(*row[: len(columns)])
    if len(rows) > len(shown):
        table.add_row(Text(f"… {len(rows) - len(shown)} more", "dim"))
    head = Text("\nServices and workers", "bold")
    return Lines(Stack(head, table), len(shown) + 3 + (len(rows) > len(shown)))


def _member_row(member: Member) -> tuple[str | Text, ...]:
    partitions, behind = (str(member.partitions), f"{member.lag:,}") if member.partitions else ("–", "–")
    at = printable(member.host) or f"…{printable(member.id)[-12:]}"
    return "worker", at, Text("in the group", "dim"), partitions, behind, "", ""


def _process_row(process: Process) -> tuple[str | Text, ...]:
    told = process_fields(process)
    memory, started = told["memory_bytes"], told["started"]
    state = Text("ready", "green") if process.trouble is None else Text(printable(process.trouble), "yellow")
    return (
        process.kind,
        printable(process.at),
        state,
        "",
        "",
        "" if memory is None else f"{memory / 1e6:.0f} MB",
        "" if not started else _duration(max(0.0, time.time() - started)),
    )


def _rules(view: View, *, lines: int, width: int) -> RenderableType:
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("rule", no_wrap=True, overflow="ellipsis", ratio=1)
    if width >= TINY_COLUMNS:
        table.add_column("severity", no_wrap=True)
        table.add_column("per minute", justify="right", no_wrap=True)
    table.add_column("in all", justify="right", no_wrap=True)
    fired = [row for row in view.rules if row.total or row.per_minute]
    fits = len(fired) if len(fired) <= lines else max(0, lines - 1)
    for row in fired[:fits]:
        now = f"{row.per_minute:.1f}" if row.per_minute else "–"
        severity = Text(printable(row.severity), STYLES.get(row.severity, ""))
        table.add_row(printable(row.rule), *((severity, now) if width >= TINY_COLUMNS else ()), f"{row.total:,}")
    if not fired:
        known = rules_in_force(view.processes)
        quiet = f"{known:,} rules are in force, none has fired" if known else "no rule is known yet"
        table.add_row(Text(quiet, "dim"))
    elif fits < len(fired):
        table.add_row(Text(f"… {len(fired) - fits} more", "dim"))
    return Stack(Text("\nAlerts by rule", "bold"), table)


def _per_minute(per_second: float) -> str:
    return f"{per_second * 60:.0f}/min"


def _named(total: int, parts: dict[str, int]) -> str:
    most = ", ".join(f"{name} {number:,}" for name, number in list(parts.items())[:2])
    return f"{total:,} in all" + (f": {most}" if most else "")


def _spark(values: Sequence[float], columns: int) -> Text:
    shown = list(values)[-columns:] if len(values) > 1 else []
    top = max(shown, default=0.0)
    if top <= 0:
        return Text("▁" * len(shown), "dim")
    return Text("".join(_BARS[min(7, round(7 * value / top))] for value in shown), "green")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1_000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return (
        f"{minutes:.0f} min"
        if minutes < 120
        else f"{minutes / 60:.0f} h"
        if minutes < 2_880
        else f"{minutes / 1_440:.0f} d"
    )
