"""`redline scan`: the whole engine without a broker, NDJSON articles in, alerts (or matches, or tags) out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO

import click

from stream.cli.common import load_settings, setting_flags
from stream.cli.jsonlines import json_line
from stream.cli.scanning import Line, Scanner, Totals, scan_parallel, times_ahead
from stream.errors import RulesError, ServiceError

BATCH_LINES = 64
STDIN = Path("-")


class ArticleFile(click.Path):
    """A file of articles, or `-` for standard input; a folder is refused with what takes folders."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if value == "-":
            return STDIN
        if Path(value).is_dir():
            self.fail(
                f"{value} is a folder. `redline scan` reads files with one article a line, in the order given; "
                f"`redline replay {value}` publishes a folder, texts and an index included, to a worker.",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


@click.command()
@click.argument("files", nargs=-1, type=ArticleFile(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--matches", "shape", flag_value="matches", help="One line a match, rules of severity none included.")
@click.option("--tagged", "shape", flag_value="tagged", help="One line an article: the article with its topics.")
@click.option("--suppressed", is_flag=True, help="Also the alerts that were held back, with the reason.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Processes; with --matches or --tagged only.")
@click.option("--stats", is_flag=True, help="Print articles/s, MB/s and counts to stderr.")
@click.option("--json", "as_json", is_flag=True, help="The output is JSON either way; with this, --stats too.")
@setting_flags("rules_dir", "pipeline", "message_bytes_max")
def scan(
    files: tuple[Path, ...],
    shape: Literal["matches", "tagged"] | None,
    suppressed: bool,
    jobs: int,
    stats: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Judge articles (one JSON object a line; FILES, `-`, or stdin) and print one alert (CloudEvent) a line.

    Refused lines go to stderr as dead letters with file and line, and the exit code is 1. An undated article has
    the time of the line before it. Correlations count by the articles' own times: files are looked through
    beforehand, so that their lines may stand in any order; on stdin a line may be late by the grace.

    Exit codes: 0 all lines judged, 1 some refused, 2 the rules or a file cannot be used.
    """
    if jobs > 1 and shape is None:
        raise click.UsageError("--jobs works with --matches or --tagged: alerts are raised in one order.")
    if suppressed and shape is not None:
        raise click.UsageError("--suppressed is about alerts; it does not go with --matches or --tagged.")
    settings = load_settings(flags)
    if settings.rules_dir.is_file():
        raise RulesError(f"{settings.rules_dir} is a file; name the folder that it is in with --rules DIR")
    if not settings.rules_dir.is_dir():
        raise RulesError(f"there is no folder {settings.rules_dir}; name one with --rules DIR")
    started = time.perf_counter()
    totals = Totals()
    lines = _lines(files, settings.message_bytes_max)
    if jobs == 1:
        scanner = Scanner(settings, shape or "alerts", suppressed=suppressed)
        if scanner.has_correlations and files and all(path.is_file() for path in files):
            lines = looked_through(files, settings.message_bytes_max)
        for batch in _batches(lines):
            _write(scanner.run(batch, datetime.now(UTC)), totals)
        _write(scanner.end(datetime.now(UTC)), totals)
    else:
        for result in scan_parallel(settings, shape or "alerts", _batches(lines), jobs):
            _write(result, totals)
    if stats:
        _print_stats(totals, time.perf_counter() - started, as_json=as_json)
    _remark(totals, files)
    if totals.refused:
        raise click.exceptions.Exit(1)


def _remark(totals: Totals, files: Sequence[Path]) -> None:
    """What somebody would else wonder about."""
    if totals.refused and not totals.articles:
        refused = "the one line" if totals.refused == 1 else f"none of the {totals.refused} lines"
        verb = "is no article" if totals.refused == 1 else "is an article"
        click.echo(
            f"redline: {refused} in {_names(files)} {verb}, expected one JSON object a line; `redline replay` takes "
            "texts and JSON documents",
            err=True,
        )
    if not totals.articles and not totals.refused:
        click.echo(f"redline: there was no article in {_names(files)}, expected one JSON object a line", err=True)
    if totals.warnings:
        click.echo(
            f"redline: {totals.warnings} {'field' if totals.warnings == 1 else 'fields'} could not be read; an article "
            f"without a time has that of the line before it. The first: {totals.first_warning}",
            err=True,
        )
    if totals.late:
        times = "once" if totals.late == 1 else f"{totals.late} times"
        click.echo(
            f"redline: {times} a match came too late to be counted by a correlation; sort the lines by time, or give "
            "files instead of stdin",
            err=True,
        )


def _names(files: Sequence[Path]) -> str:
    if not files:
        return "standard input"
    shown = ", ".join(str(path) for path in files[:3])
    return shown if len(files) <= 3 else f"{shown} and {len(files) - 3} more"


def _write(result: tuple[bytes, bytes, Totals], totals: Totals) -> None:
    out, dead, counted = result
    standard_output = _bytes_of(sys.stdout, "standard output")
    standard_output.write(out)
    if dead and sys.stderr is not None:
        standard_output.flush()
        sys.stderr.buffer.write(dead)
        sys.stderr.buffer.flush()
    totals.add(counted)


def _bytes_of(stream: TextIO | None, name: str) -> BinaryIO:
    if stream is None:
        raise ServiceError(f"{name} is closed; name a file, or /dev/null")
    return stream.buffer


def _lines(files: Sequence[Path], bytes_max: int) -> Iterator[Line]:
    for path in files or (STDIN,):
        if path == STDIN:
            yield from _read(_bytes_of(sys.stdin, "standard input"), "-", bytes_max)
            continue
        with path.open("rb") as stream:
            yield from _read(stream, str(path), bytes_max)


def looked_through(files: Sequence[Path], bytes_max: int) -> Iterator[Line]:
    """The lines of files, each with what is still to come behind it."""
    ahead = times_ahead((line.value for line in _lines(files, bytes_max)), bytes_max)
    for number, line in enumerate(_lines(files, bytes_max)):
        yield replace(line, ahead_us=ahead[number])


def _read(stream: BinaryIO, name: str, bytes_max: int) -> Iterator[Line]:
    """Lines of bounded length: of a longer one, enough is kept to be refused as too large."""
    number = 0
    while raw := stream.readline(bytes_max + 2):
        number += 1
        rest, left_out = raw, 0
        while not rest.endswith(b"\n") and len(rest) == bytes_max + 2:
            rest = stream.readline(bytes_max + 2)
            left_out += len(rest.rstrip(b"\r\n"))
        value = raw.rstrip(b"\r\n")
        if value.strip():
            yield Line(name, number, value, left_out_bytes=left_out)


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH_LINES:
            yield batch
            batch = []
    if batch:
        yield batch


def _print_stats(totals: Totals, seconds: float, *, as_json: bool) -> None:
    if as_json:
        click.echo(json_line({**asdict(totals), "seconds": round(seconds, 3)}), err=True)
        return
    rate = totals.articles / seconds if seconds else 0.0
    click.echo(
        f"{totals.articles} articles, {totals.refused} refused, {totals.written} lines out, "
        f"{totals.suppressed} suppressed, {totals.late} late, "
        f"{totals.megabytes:.1f} MB in {seconds:.2f} s: {rate:,.0f} articles/s, {totals.megabytes / seconds:.1f} MB/s",
        err=True,
    )
