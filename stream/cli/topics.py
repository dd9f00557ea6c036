"""`redline topics`: create and list the topics of the data path."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from stream.broker.admin import Admin
from stream.cli.common import load_settings, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS


@click.group()
def topics() -> None:
    """Create or list the topics."""


@topics.command()
@setting_flags(*CONNECTION_SETTINGS, "topic_partitions", "topic_replication", "message_bytes_max")
def create(**flags: Any) -> None:
    """Create the topics that do not exist yet; existing ones stay as they are.

    Exit codes: 0 all topics exist and fit, 1 an existing one does not fit the settings, 2 the broker cannot be
    reached or refuses.
    """
    with Admin(load_settings(flags)) as admin:
        created = admin.create()
        mismatches = admin.mismatches()
    for name in created:
        click.echo(f"created {name}")
    if not created:
        click.echo("all topics exist")
    for mismatch in mismatches:
        click.echo(mismatch, err=True)
    if mismatches:
        raise click.exceptions.Exit(1)


@topics.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@setting_flags(*CONNECTION_SETTINGS)
def list_topics(as_json: bool, **flags: Any) -> None:
    """List the topics with partitions, replicas and the number of records ever written to each partition.

    Exit codes: 0 all topics exist, 1 one is missing, 2 the broker cannot be reached.
    """
    with Admin(load_settings(flags)) as admin:
        states, missing = admin.states(), admin.missing()
    if as_json:
        for state in states:
            click.echo(orjson.dumps(state))
    else:
        table = Table("topic", "partitions", "replicas", "end offsets", box=None, pad_edge=False)
        for state in states:
            ends = " ".join(map(str, state.end_offsets))
            table.add_row(state.name, str(state.partitions), str(state.replication), ends)
        Console(highlight=False, soft_wrap=True).print(table)
    for name in missing:
        click.echo(f"{name}: missing; `redline topics create` makes it", err=True)
    if missing:
        raise click.exceptions.Exit(1)
