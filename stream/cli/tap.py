"""`redline tap`: the records of any Redline topic, readable, and saved as a fixture."""

from __future__ import annotations

import difflib
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stream.broker.subscriber import Subscriber
from stream.cli.common import load_settings, quiet_clients, setting_flags
from stream.cli.completing import TopicName
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.stopping import Stop, stop_flag
from stream.cli.tapfilter import FieldFilter, FilterType, Picker
from stream.cli.tapsave import ARTICLE_TOPICS, Saver
from stream.cli.tapview import json_of, render_record
from stream.cli.times import Moment
from stream.cli.waiting import telling_when_away
from stream.model import Record
from stream.settings import Settings
from stream.wire.decode import is_control
from stream.wire.topics import ALERTS, ALL_TOPICS, name_on_broker

FAMILIES = {"alerts": tuple(topic.name for topic in ALERTS.values())}


class Since(Moment):
    """`earliest`, `latest`, a time, or how long ago."""

    name = "from"
    words = ("earliest", "latest")


@click.command()
@click.argument("topics", nargs=-1, required=True, type=TopicName(), metavar="TOPIC...")
@click.option(
    "--from",
    "since",
    type=Since(),
    metavar="earliest|latest|TIME",
    help="Where to begin; a time as 2026-05-01T12:00:00Z or how long ago (10m). Default: latest; with --end: earliest.",
)
@click.option("--end", "to_end", is_flag=True, help="Stop at the end of what is there, instead of waiting for more.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="Stop after so many records.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Only records with this key; may be repeated.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    type=FilterType(),
    metavar="FIELD=VALUE",
    help="Only records with this field: source=Reuters, rule.id!=x, title~kyiv (contains); may be repeated.",
)
@click.option("--control", is_flag=True, help="Control records too: how far a run has come.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A new file of articles, one a line, for `redline scan` and `redline replay`; of other topics, their JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with topic, partition, offset, headers.")
@setting_flags(*CONNECTION_SETTINGS, "consumer_group")
def tap(
    topics: tuple[str, ...],
    since: str | datetime | None,
    to_end: bool,
    count: int | None,
    keys: tuple[str, ...],
    filters: tuple[FieldFilter, ...],
    control: bool,
    save: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Print the records of topics as they come: articles.raw, matches, articles.dead, …; `alerts`: all severities.

    Nothing is committed, and nobody else notices. Text of articles is shown without anything that a terminal would
    obey.

    Exit codes: 0 stopped by --count or --end, 1 --end came before a record that fits (or before --count of them),
    2 the broker cannot be reached, there is no such topic, or the file exists, 130 Ctrl-C.
    """
    settings = load_settings(flags)
    quiet_clients()
    names = list(dict.fromkeys(name for topic in topics for name in _names(topic, settings)))
    tapped = Tap(settings, Picker(keys, filters), control=control, as_json=as_json, count=count)
    start = since or ("earliest" if to_end else "latest")
    with ExitStack() as opened:
        stop = opened.enter_context(stop_flag())
        where: dict[str, Any] = (
            {"since_ms": round(start.timestamp() * 1_000)} if isinstance(start, datetime) else {"start": start}
        )
        subscriber = opened.enter_context(Subscriber(settings, names, **where))
        opened.enter_context(telling_when_away(settings))
        saver = None if save is None else opened.enter_context(Saver(save))
        if not to_end and not as_json:
            click.echo(f"Waiting for records of {', '.join(names)}; Ctrl-C ends it.", err=True)
        tapped.follow(subscriber, saver, stop, to_end=to_end)
    if saver is not None:
        click.echo(saver.said(), err=True)
        if saver.saved and not all(_is_of_articles(name, settings) for name in names):
            click.echo("what is not from articles.* is no article: `redline scan` will not take it", err=True)
    if stop.asked:
        raise click.exceptions.Exit(130 if stop.interrupted else 0)
    if tapped.shown == 0 or (count is not None and tapped.shown < count):
        click.echo(tapped.too_few(from_the_oldest=start == "earliest"), err=True)
        raise click.exceptions.Exit(1)


class Tap:
    """Shows the records that are wanted; `shown` counts them, `seen` all but control records that were `held_back`."""

    def __init__(self, settings: Settings, picker: Picker, *, control: bool, as_json: bool, count: int | None) -> None:
        self._prefix, self._picker, self._count = settings.topic_prefix, picker, count
        self._control, self._as_json = control, as_json
        self._console = Console(highlight=False, soft_wrap=True)
        self.shown = self.seen = self.held_back = 0

    def follow(self, subscriber: Subscriber, saver: Saver | None, stop: Stop, *, to_end: bool) -> None:
        """Until there are enough, the end is reached, or a stop is asked for."""
        while not stop.asked and not self.enough and not (to_end and subscriber.caught_up):
            for record in sorted(subscriber.poll(), key=lambda r: r.timestamp_ms):
                if not self.enough:
                    self._take(record, saver)
            sys.stdout.flush()
            if saver is not None:
                saver.flush()

    @property
    def enough(self) -> bool:
        """True if as many were shown as were asked for."""
        return self._count is not None and self.shown >= self._count

    def too_few(self, *, from_the_oldest: bool) -> str:
        """Why there is nothing, or too little, in one sentence; `from_the_oldest`: all that is there was looked at."""
        if self.seen == 0:
            held = " but control records (`--control` shows them)" if self.held_back else ""
            begin = "" if from_the_oldest else " since then; `--from earliest` begins with the oldest"
            return f"there are no records{held}{begin}"
        wanted = "" if self._count is None else f" of the {self._count} asked for"
        return f"{self.shown}{wanted} fitted, of {self.seen} records"

    def _take(self, record: Record, saver: Saver | None) -> None:
        if is_control(record) and not self._control:
            self.held_back += 1
            return
        self.seen += 1
        if not self._picker.picks(record):
            return
        self.shown += 1
        if self._as_json:
            click.echo(json_of(record))
        else:
            width = self._console.width if self._console.is_terminal else None
            self._console.print(render_record(record, prefix=self._prefix, width=width))
            self._console.print()
        if saver is not None:
            saver.save(record, prefix=self._prefix)


def _names(topic: str, settings: Settings) -> list[str]:
    """Full names for a topic by its short or full name, or for a family of topics."""
    prefix, group = settings.topic_prefix, settings.consumer_group
    known = {t.name: name_on_broker(t, prefix=prefix, consumer_group=group) for t in ALL_TOPICS}
    short = topic if topic in known or topic in FAMILIES else topic.removeprefix(prefix)
    if short in FAMILIES:
        return [known[name] for name in FAMILIES[short]]
    if short in known:
        return [known[short]]
    if topic in known.values():
        return [topic]
    near = difflib.get_close_matches(short, [*known, *FAMILIES], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join([*known, *FAMILIES])}"
    raise click.BadParameter(f"found {topic!r}; {hint}", param_hint="TOPIC")


def _is_of_articles(name: str, settings: Settings) -> bool:
    return name.removeprefix(settings.topic_prefix) in ARTICLE_TOPICS
