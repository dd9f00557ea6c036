"""`redline topics`: create and list the topics of the data path, and say who needs which rights on them."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from stream.broker.admin import Admin
from stream.broker.rights import ROLES, Role, commands, rights
from stream.cli.common import load_settings, setting_flags
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.jsonlines import echo_json

_PRINCIPAL = re.compile(r"[A-Za-z]+:[\w.@=,*-]{1,200}")


@click.group()
def topics() -> None:
    """Create or list the topics, or print the rights that they need."""


@topics.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the topics created, and what does not fit.")
@setting_flags(*CONNECTION_SETTINGS, "consumer_group", "topic_partitions", "topic_replication", "message_bytes_max")
def create(as_json: bool, **flags: Any) -> None:
    """Create the topics that do not exist yet, the changelog of the workers' state among them.

    Existing ones stay as they are. The number of partitions is never changed: state is kept by partition, and with
    another number keys would look for it where it never was (docs/operations.md says how to migrate).

    Exit codes: 0 all topics exist and fit, 1 an existing one does not fit the settings, 2 the broker cannot be
    reached or refuses.
    """
    with Admin(load_settings(flags)) as admin:
        created = admin.create()
        mismatches = admin.mismatches()
    if as_json:
        echo_json({"created": created, "mismatches": mismatches})
    else:
        _say_created(created)
        for mismatch in mismatches:
            click.echo(mismatch, err=True)
    if mismatches:
        raise click.exceptions.Exit(1)


def _say_created(created: list[str]) -> None:
    for name in created:
        click.echo(f"created {name}")
    if not created:
        click.echo("all topics exist")


@topics.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@setting_flags(*CONNECTION_SETTINGS, "consumer_group")
def list_topics(as_json: bool, **flags: Any) -> None:
    """List the topics with partitions, replicas and the number of records ever written to each partition.

    Exit codes: 0 all topics exist, 1 one is missing, 2 the broker cannot be reached.
    """
    with Admin(load_settings(flags)) as admin:
        states, missing = admin.states(), admin.missing()
    if as_json:
        for state in states:
            echo_json(state)
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


@topics.command()
@click.argument("role", type=click.Choice(list(ROLES)))
@click.argument("principal", metavar="PRINCIPAL")
@click.option("--json", "as_json", is_flag=True, help="The rights, one JSON object a line, instead of commands.")
@setting_flags("bootstrap", "topic_prefix", "consumer_group", "notify_group")
def acls(role: Role, principal: str, as_json: bool, **flags: Any) -> None:
    """Print the commands that allow PRINCIPAL, such as User:redline, what ROLE needs, and no more.

    They are for Kafka's own kafka-acls.sh; nothing is sent to the broker.

    Exit codes: 0 printed, 2 no such role, or no principal.
    """
    settings = load_settings(flags)
    if not _PRINCIPAL.fullmatch(principal):
        raise click.UsageError(f"found {principal!r}, expected a principal such as User:redline.")
    if as_json:
        for right in rights(role, settings):
            echo_json({"principal": principal, **asdict(right)})
        return
    for line in commands(rights(role, settings), principal, settings.bootstrap):
        click.echo(line)
