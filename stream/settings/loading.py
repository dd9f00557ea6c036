"""Where settings come from, and what is said of those that are wrong."""

from __future__ import annotations

import difflib
import io
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError

from stream.errors import SettingsError
from stream.settings.group import ENV_PREFIX
from stream.settings.settings import Settings

_BEGINNINGS = (ENV_PREFIX, f"EXPORT {ENV_PREFIX}")
_LOGIN = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)
"""User and password before a host, behind the scheme."""


def load(
    overrides: dict[str, Any] | None = None,
    *,
    env_file: Path = Path(".env"),
    flags: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in force. Raises `SettingsError` naming each fault: what was found, where, what is expected.

    `flags`: how flags are called whose names do not follow from their settings'.
    """
    found: dict[str, tuple[str, Any]] = {}
    in_file, faults = _of_file(env_file) if env_file.is_file() else ({}, [])
    for origin, names in ((str(env_file), in_file), ("the environment", os.environ)):
        for name, value in names.items():
            if not name.upper().startswith(ENV_PREFIX) or value is None:
                continue
            field = name[len(ENV_PREFIX) :].lower()
            if field in Settings.model_fields:
                found[field] = (f"{name} in {origin}", value)
            else:
                near = difflib.get_close_matches(field, Settings.model_fields, n=1)
                hint = f"; did you mean {ENV_PREFIX}{near[0].upper()}?" if near else ""
                faults.append(f"{name} in {origin} is no setting{hint}")
    for field, value in (overrides or {}).items():
        if value is not None:
            found[field] = ((flags or {}).get(field, f"--{field.replace('_', '-')}"), value)
    try:
        settings = Settings(**{field: value for field, (_, value) in found.items()})
    except ValidationError as error:
        faults.extend(_fault(found, dict(e)) for e in error.errors())
        settings = None
    if faults or settings is None:
        raise SettingsError(*faults)
    return settings


def _of_file(path: Path) -> tuple[dict[str, str | None], list[str]]:
    """What a file of NAME=value lines says, and its lines that name a setting and give it no value.

    Such a line is a fault and not passed over: whoever wrote it believes that it is in force.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{error.object[error.start]:02x}"
        # Without its cause, which holds the whole file.
        raise SettingsError(f"{path}, line {line}: found {byte}, expected UTF-8") from None
    faults = [
        f"{path}, line {_line_of(said)}: found no value, expected {ENV_PREFIX}<NAME>=<value>, in matching quotes if any"
        for said in parse_stream(io.StringIO(text))
        if _is_lost(said)
    ]
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # its warnings name no file
    return dict(dotenv_values(stream=io.StringIO(text))), faults


def _is_lost(said: Binding) -> bool:
    if said.error:
        return any(line.strip().upper().startswith(_BEGINNINGS) for line in said.original.string.splitlines())
    name = said.key or ""
    return name.upper().startswith(ENV_PREFIX) and said.value is None and name not in os.environ


def _line_of(said: Binding) -> int:
    text = said.original.string
    return said.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _fault(found: dict[str, tuple[str, Any]], error: dict[str, Any]) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    origin, value = found.get(field, ("settings", None))
    message = str(error["msg"]).removeprefix("Value error, ")
    if field == "":
        return message + _variables(message)
    if "password" in field or "token" in field:
        return f"{origin}: {message}"
    shown = str(value)
    if field == "bootstrap" or field.endswith("_url"):
        shown = _LOGIN.sub(r"\1**********@", shown)
    tail = "" if message.startswith("found ") else f" (found {shown[:80]!r})"
    return f"{origin}: {message[0].lower()}{message[1:]}{tail}"


def _variables(message: str) -> str:
    """The names in the environment of the settings in a message that is about several, to be copied from there."""
    named = dict.fromkeys(word for word in re.findall(r"[a-z_]+", message) if "_" in word)
    names = [f"{ENV_PREFIX}{word.upper()}" for word in named if word in Settings.model_fields]
    return f" ({', '.join(names)})" if names else ""
