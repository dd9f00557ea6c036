"""What the worker needs of its host, beside processor and memory: room for files and connections.

A full disk is no fault: the worker keeps nothing there; its log ends, its work goes on.
"""

from __future__ import annotations

import errno
import os
import resource
import threading
import time

from stream.errors import SettingsError

DESCRIPTORS_MIN = 64
"""A worker holds a dozen, and up to 32 more for those who ask for its metrics."""

PARENT_LOOK_SECONDS = 1.0


def require_descriptors() -> None:
    """Returns if enough files may be open at a time. Raises `SettingsError` with what to do."""
    limit = _limit()
    if limit is not None and limit < DESCRIPTORS_MIN:
        raise SettingsError(
            f"found a limit of {limit} open files and connections for this process, expected at least "
            f"{DESCRIPTORS_MIN}: set `ulimit -n 1024` (systemd: LimitNOFILE=1024)"
        )


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


def _limit() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
