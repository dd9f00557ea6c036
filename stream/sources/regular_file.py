"""Reading one file that may be anything: regular files only, no links, at most so many bytes; faults are values."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from stream.model import Reject

# Without O_NONBLOCK, opening a pipe would wait for a writer. Windows has neither flag.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_regular(path: Path, *, file_bytes_max: int, folder: int | None = None) -> bytes | Reject:
    """The bytes of a regular file; a Reject (stage `read`) if it is none, a link, too large or not readable.

    With `folder`, an open descriptor of a folder, `path` is a name in it, whatever its path leads to by now.
    """
    try:
        if stat.S_ISLNK(os.stat(path, dir_fd=folder, follow_symlinks=False).st_mode):
            return unreadable("found a symbolic link, expected a regular file; links are not followed")
        descriptor = os.open(path, _FLAGS, dir_fd=folder)
    except (OSError, ValueError) as error:
        return unreadable(f"the file cannot be opened: {_cause(error)}")
    with os.fdopen(descriptor, "rb") as stream:
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return unreadable(f"found {_kind(found.st_mode)}, expected a regular file")
            # One byte more than allowed tells a file that is too large, or grew since it was measured.
            data = stream.read(file_bytes_max + 1) if found.st_size <= file_bytes_max else None
        except OSError as error:
            return unreadable(f"the file cannot be read: {_cause(error)}")
    if data is None or len(data) > file_bytes_max:
        return Reject("read", "too_large", f"found {found.st_size} bytes, expected at most {file_bytes_max}")
    return data


def unreadable(reason: str) -> Reject:
    """A Reject for a file that gives no article."""
    return Reject("read", "unreadable", reason)


def printable(path: Path) -> str:
    """The path as text that can be printed and encoded; bytes of the name that are not UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _cause(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "something else"
