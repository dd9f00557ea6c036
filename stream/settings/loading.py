"""Where settings come from, and what is said of those that are wrong."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from stream.errors import SettingsError
from stream.settings.group import ENV_PREFIX
from stream.settings.settings import Settings


def load(overrides: dict[str, Any] | None = None, *, env_file: Path = Path(".env")) -> Settings:
    """The settings in force. Raises `SettingsError` naming each fault: what was found, where, what is expected."""
    found: dict[str, tuple[str, Any]] = {}
    faults: list[str] = []
    for origin, names in (
        (str(env_file), dotenv_values(env_file) if env_file.is_file() else {}),
        ("the environment", os.environ),
    ):
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
            found[field] = (f"--{field.replace('_', '-')}", value)
    try:
        settings = Settings(**{field: value for field, (_, value) in found.items()})
    except ValidationError as error:
        faults.extend(_fault(found, dict(e)) for e in error.errors())
        settings = None
    if faults or settings is None:
        raise SettingsError("; ".join(faults))
    return settings


def _fault(found: dict[str, tuple[str, Any]], error: dict[str, Any]) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    origin, value = found.get(field, ("settings", None))
    message = str(error["msg"]).removeprefix("Value error, ")
    if field == "":
        return message + _variables(message)
    if "password" in field or "token" in field:
        return f"{origin}: {message}"
    return f"{origin}: {message[0].lower()}{message[1:]} (found {str(value)[:80]!r})"


def _variables(message: str) -> str:
    """The names in the environment of the settings in a message that is about several, to be copied from there."""
    named = dict.fromkeys(word for word in re.findall(r"[a-z_]+", message) if "_" in word)
    names = [f"{ENV_PREFIX}{word.upper()}" for word in named if word in Settings.model_fields]
    return f" ({', '.join(names)})" if names else ""
