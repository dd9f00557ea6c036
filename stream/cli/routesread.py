"""Reading the routes file for `redline notify` and its subcommands."""

from __future__ import annotations

import os
from pathlib import Path

from stream.errors import SettingsError
from stream.notify.routesfile import RoutesLoaded, load_routes
from stream.rulelang import SourceFile, render

FILE_BYTES_MAX = 1 << 20


def read_routes(path: Path, *, with_secrets: bool = True) -> RoutesLoaded:
    """What the file says, mistakes included. Raises `SettingsError` if there is no such file, or no text in it."""
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise SettingsError(
                f"there is no routes file {path}; `cp routes.example.yml {path}` begins one, "
                "REDLINE_NOTIFY_FILE names another"
            ) from error
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > FILE_BYTES_MAX:
        raise SettingsError(f"{path}: found more than {FILE_BYTES_MAX:,} bytes, expected at most that many")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: found byte 0x{data[error.start]:02x} at {error.start}, expected UTF-8") from error
    folder = path.resolve().parent
    return load_routes(SourceFile(str(path), text), environment=os.environ, folder=folder, with_secrets=with_secrets)


def count(number: int, noun: str) -> str:
    """`1 route`, `2 routes`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def require_usable(path: Path, loaded: RoutesLoaded) -> None:
    """Raises `SettingsError` with all diagnostics if one is an error."""
    if loaded.routes is None:
        errors = sum(diagnostic.severity == "error" for diagnostic in loaded.diagnostics)
        shown = "\n".join(render(diagnostic) for diagnostic in loaded.diagnostics)
        raise SettingsError(f"the routes in {path} cannot be used ({count(errors, 'error')}):\n{shown}")
