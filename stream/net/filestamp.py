"""What tells without reading a file that it may have changed."""

from __future__ import annotations

from pathlib import Path

FileStamp = tuple[str, int, int, int, int, int]
"""Path, device, inode, size, time of change of content and of anything (ns); zeros if there is no such file."""


def stamp_of_file(path: Path) -> FileStamp:
    """The stamp of a file; links are followed."""
    try:
        found = path.stat()
    except OSError:
        return (str(path), 0, 0, 0, 0, 0)
    return (str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
