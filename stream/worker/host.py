"""What the worker needs of its host, beside processor and memory: room for files and connections, and a folder.

A full disk is no fault: the worker keeps nothing there; its log ends, its work goes on.
"""

from __future__ import annotations

import errno
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stream.errors import SettingsError

DESCRIPTORS_MIN = 96
"""A worker holds a dozen, and up to 64 more for those who ask for its metrics."""

PARENT_LOOK_SECONDS = 1.0

FAUST_FOLDERS = Path("v1", "tables")
"""What Faust makes in its folder when it starts. Where it cannot, it crashes, as if Kafka were to blame."""


def require_descriptors() -> None:
    """Returns if enough files may be open at a time. Raises `SettingsError` with what to do."""
    limit = _limit()
    if limit is not None and limit < DESCRIPTORS_MIN:
        raise SettingsError(
            f"found a limit of {limit} open files and connections for this process, expected at least "
            f"{DESCRIPTORS_MIN}: set `ulimit -n 1024` (systemd: LimitNOFILE=1024)"
        )


@contextmanager
def working_folder(given: Path | None) -> Iterator[tuple[Path, bool]]:
    """A folder that Faust can use, and whether it is a temporary one, which is gone afterwards.

    `given` is the setting `data_dir`, made if need be. Raises `SettingsError`, with what to do, if it is unusable.
    """
    if given is not None:
        _make(given)
        yield given, False
        return
    try:
        temporary = tempfile.TemporaryDirectory(prefix="redline-")
    except OSError as error:
        raise SettingsError(
            f"cannot make a temporary folder ({error.strerror or error}); name a folder to write to with "
            "REDLINE_DATA_DIR (--data-dir) or TMPDIR"
        ) from error
    with temporary as folder:
        yield Path(folder), True


def no_descriptor_left() -> str | None:
    """None if one more file can be opened; else one sentence with what to do."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        if error.errno == errno.EMFILE:
            return f"no file or connection can be opened: all {_limit()} are in use; raise `ulimit -n`"
        if error.errno == errno.ENFILE:
            return "no file or connection can be opened: the system's limit (fs.file-max) is reached"
    return None


def end_with(parent: int) -> None:
    """From now on this process ends when its parent has, even if what it does never ends."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    os._exit(0)


def _make(folder: Path) -> None:
    try:
        (folder / FAUST_FOLDERS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # Told apart by what stands there: mkdir says "File exists" of a file, and "Not a directory" of one above.
        there = next((path for path in (folder, *folder.absolute().parents) if _stands(path)), folder)
        found = f"{there} is no folder" if not there.is_dir() else error.strerror or str(error)
        raise SettingsError(
            f"REDLINE_DATA_DIR (--data-dir): cannot use {folder} ({found}), expected a folder that this user may write "
            "to; name another one, or leave the setting out for a temporary folder"
        ) from error


def _stands(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # nor may we look there
        return False


def _limit() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
