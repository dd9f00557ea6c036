"""What commands share: flags made from settings, and the settings they load."""

from __future__ import annotations

import logging
import math
import sys
import typing
from collections.abc import Callable
from typing import Any

import click

from stream.settings import ENV_PREFIX, Settings, load

_Command = typing.TypeVar("_Command", bound=Callable[..., Any])


_ALSO = {"rules_dir": ("--rules",)}
"""Shorter names of some flags, the same in every command."""


class NumberRange(click.FloatRange):
    """A number between bounds. `nan` is none, and lies outside of no bounds that are compared with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"found {value!r}, expected a number", param, ctx)
        return number


def setting_flags(*fields: str) -> Callable[[_Command], _Command]:
    """A flag for each of these settings, helped by its description; the command gets them as keyword arguments.

    The values are strings or None (not given): `load_settings` checks them together with the environment.
    """

    def decorate(command: _Command) -> _Command:
        for field in reversed(fields):
            info = Settings.model_fields[field]
            default = info.get_default()
            shown = "" if default is None else f" [default: {default}]"
            help_text = f"{info.description}{shown} [{ENV_PREFIX}{field.upper()}]"
            names = (f"--{field.replace('_', '-')}", *_ALSO.get(field, ()))
            command = click.option(*names, field, default=None, help=help_text)(command)
        return command

    return decorate


def load_settings(flags: dict[str, Any]) -> Settings:
    """Settings from flags (those named like settings), environment and `.env`. Raises `SettingsError`."""
    if "bootstrap" in flags and sys.stderr.isatty():
        from stream.broker import connection  # only commands that talk to a broker need it

        connection.tell_waiting = lambda said: click.echo(f"redline: {said}", err=True)
    context = click.get_current_context(silent=True)
    parameters = context.command.params if context is not None else []
    return load(
        {name: value for name, value in flags.items() if name in Settings.model_fields},
        flags={parameter.name: parameter.opts[0] for parameter in parameters if parameter.name is not None},
    )


def json_logs(command: _Command) -> _Command:
    """`--json` of a service: its log is all that it prints. The command gets `as_json`; see `log_settings`."""
    return click.option("--json", "as_json", is_flag=True, help="Log lines as JSON, as --log-format json.")(command)


def log_settings(flags: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    """The flags, with the log's format as `--json` asks for it."""
    return {**flags, "log_format": "json"} if as_json else flags


def quiet_clients() -> None:
    """For commands whose output people look at: what the Kafka client has to say, we say in our own words."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
