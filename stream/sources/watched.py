"""A watched folder: files that appear in it, or in folders below it, are articles, as in `stream.sources.folder`.

    each `every` seconds: list ──> new or changed? ──> unchanged for `settle` seconds? ──> read ──> offer ──> remember

Delivery guarantees: as in `stream.sources.contract`; every file gives an article or a dead letter. A file counts as
complete when size and time of change have stood still for `settle` seconds, so a program that writes slowly should
write aside and rename. A file that changes later is read again as a whole; articles that are the same have the same
ids. Files are remembered by path, size and time of change; with `after: move` they go to the folder `.done` below
the watched one instead, under their path, and nothing is remembered. What goes there is the file that was read: one
that was changed or replaced meanwhile is looked at before and after the move, stays (or comes back) and is read. One
that cannot be moved stays, is not read again, and the move is tried again at each look.

Limits: as in `stream.sources.folder`; regular files only, no links: every folder, `.done` too, is opened from its
parent without following links, so none can be exchanged for one while it is read or written. Hidden files and folders,
and other suffixes, are left alone. FILES_MAX files are watched, the first ones by path; that there are more is told.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from stream.model import Reject
from stream.sources.configs import DirectoryConfig
from stream.sources.contract import Outlet, Token, Unacknowledged, pause
from stream.sources.folder import FILES_MAX, SUFFIXES, items_of
from stream.sources.item import Item, Origin, Refused
from stream.sources.regular_file import printable, read_regular, unreadable
from stream.telemetry.sourcing import SourceTried

DONE = ".done"
DEPTH_MAX = 32
RETRY_SECONDS = 2.0
ITEMS_OFFERED = 500
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Version = tuple[int, int]
"""Size in bytes and time of change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class _Seen:
    path: str
    version: Version
    regular: bool
    inode: int
    """Tells a file from one that took its place with the same size and time."""

    @property
    def name(self) -> str:
        """The path as text that can be written down; the path itself may hold bytes that are no UTF-8."""
        return printable(Path(self.path))


class WatchedFolder:
    """The source. `now` is the wall clock, a Unix time in seconds."""

    type = "directory"

    def __init__(self, config: DirectoryConfig, *, file_bytes_max: int, now: Callable[[], float] = time.time) -> None:
        self.id, self.place = config.id, printable(config.path)
        self._config, self._file_bytes_max, self._now = config, file_bytes_max, now
        self._done: dict[str, Version] = {}
        self._unmoved: dict[_Seen, str] = {}
        self._trouble: str | None = None
        self._tried = False

    async def run(self, outlet: Outlet) -> bool:
        """See `contract.Source`."""
        self._done = _versions(outlet.recall())
        while not outlet.stopping.is_set():
            found = await asyncio.to_thread(self._list)
            if isinstance(found, str):
                self._tell(outlet, found)
            else:
                self._tell(outlet, self._too_many(found) or next(iter(self._unmoved.values()), None))
                await self._take(found[:FILES_MAX], outlet)
            if await pause(outlet.stopping, self._config.every_seconds):
                break
        return False

    def _tell(self, outlet: Outlet, trouble: str | None) -> None:
        changed = self._tried and (trouble is None) != (self._trouble is None)
        if trouble != self._trouble or not self._tried:
            outlet.emit(SourceTried(self.id, trouble, first=changed))
        self._tried, self._trouble = True, trouble

    async def _take(self, found: Sequence[_Seen], outlet: Outlet) -> None:
        """Offers the files that are new and complete; forgets those that are gone."""
        remembered = dict(self._done)
        settled = int((self._now() - self._config.settle_seconds) * 1e9)
        for seen in found:
            if outlet.stopping.is_set():
                break
            if self._done.get(seen.name) == seen.version:
                if seen in self._unmoved:
                    await asyncio.to_thread(self._settle, seen)
                continue
            if seen.regular and seen.version[1] > settled:
                continue
            items = await asyncio.to_thread(self._read, seen)
            if items is not None and await self._offer(items, outlet):
                await asyncio.to_thread(self._settle, seen)
        else:
            paths = {seen.name for seen in found}
            self._done = {path: version for path, version in self._done.items() if path in paths}
            self._unmoved = {seen: self._unmoved[seen] for seen in found if seen in self._unmoved}
        if self._done != remembered:
            await outlet.remember({"files": {path: list(version) for path, version in self._done.items()}})

    async def _offer(self, items: Sequence[Item], outlet: Outlet) -> bool:
        """Until each has its answer; False if it was stopped before."""
        for start in range(0, len(items), ITEMS_OFFERED):
            batch = list(items[start : start + ITEMS_OFFERED])
            while batch:
                answers = await outlet.offer(batch)
                batch = [
                    item for item, answer in zip(batch, answers, strict=True) if isinstance(answer, Unacknowledged)
                ]
                if batch and await pause(outlet.stopping, RETRY_SECONDS):
                    return False
        return True

    def _list(self) -> list[_Seen] | str:
        """What is in the folder now, by path; a sentence if it cannot be read."""
        try:
            with _opened(self._config.path, None) as root:
                found = list(_walk(root, "", 0))
        except OSError as error:
            return f"the folder {self.place} cannot be read: {error.strerror or error}"
        return sorted(found, key=lambda seen: seen.path)

    def _too_many(self, found: Sequence[_Seen]) -> str | None:
        # Without their number, which may change at every look: it is told once while it lasts.
        if len(found) <= FILES_MAX:
            return None
        return (
            f"found more than {FILES_MAX:,} files in the folder {self.place}, expected at most so many; those that come"
            " last by path are not read: take away what has been read (`after: move` does it), or make its subfolders"
            " sources of their own"
        )

    def _read(self, seen: _Seen) -> list[Item] | None:
        """The items of a file; None if it changed or went away while it was read."""
        origin = Origin(seen.name)
        try:
            with _parent(self._config.path, seen.path) as (folder, name):
                data = read_regular(Path(name), file_bytes_max=self._file_bytes_max, folder=folder)
                if _version(os.stat(name, dir_fd=folder, follow_symlinks=False)) != seen.version:
                    return None
        except FileNotFoundError:
            return None
        except OSError as error:
            data = unreadable(f"the file cannot be opened: {error.strerror or error}")
        if isinstance(data, Reject):
            return [Refused(origin, data)]
        return list(items_of(origin.file, data))

    def _settle(self, seen: _Seen) -> None:
        """A file has its answers: with `after: move` it goes out of the way; what stays is remembered."""
        self._unmoved.pop(seen, None)
        stays = self._config.after != "move"
        if not stays:
            try:
                self._move(seen)
            except FileNotFoundError:
                # Somebody else took it away.
                pass
            except OSError as error:
                stays = True
                self._unmoved[seen] = self._not_moved(seen, error)
        if stays:
            self._done[seen.name] = seen.version
        else:
            self._done.pop(seen.name, None)

    def _move(self, seen: _Seen) -> None:
        """Puts the file that was read into `.done`; whatever else has its name by now stays, to be read."""
        with _parent(self._config.path, seen.path) as (folder, name):
            if not _is(seen, name, folder):
                return
            with _parent(self._config.path, f"{DONE}/{seen.path}", make=True) as (done, _):
                os.rename(name, name, src_dir_fd=folder, dst_dir_fd=done)
                # It may have been replaced since it was looked at, and then nobody has read what was moved.
                if not _is(seen, name, done):
                    _put_back(name, done, folder)

    def _not_moved(self, seen: _Seen, error: OSError) -> str:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            why = "a folder on the way is a link or no folder; links are not followed, put a folder in its place"
        else:
            why = f"{error.strerror or error}; make the folder {DONE} writable, on the same file system"
        return f"the file {seen.name} is read and cannot be moved to {DONE}/{seen.name} in {self.place}: {why}"


def _is(seen: _Seen, name: str, folder: int) -> bool:
    """Whether a name in a folder is the very file that was seen, unchanged."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (_version(found), found.st_ino) == (seen.version, seen.inode)


def _put_back(name: str, done: int, folder: int) -> None:
    """Moves a file back, unless there is a newer one of its name."""
    try:
        # A link and no rename: it never takes the place of a file that came meanwhile.
        os.link(name, name, src_dir_fd=done, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return
    except PermissionError:
        # A file system without links (FAT), or a folder of that name.
        if name not in os.listdir(folder):
            os.rename(name, name, src_dir_fd=done, dst_dir_fd=folder)
        return
    os.unlink(name, dir_fd=done)


def _walk(folder: int, path: str, depth: int) -> Iterator[_Seen]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            below = f"{path}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if depth < DEPTH_MAX:
                    yield from _below(folder, entry.name, below, depth)
            elif Path(entry.name).suffix.lower() in SUFFIXES:
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield _Seen(below, _version(found), stat.S_ISREG(found.st_mode), found.st_ino)


def _below(parent: int, name: str, path: str, depth: int) -> Iterator[_Seen]:
    try:
        with _opened(Path(name), parent) as folder:
            yield from _walk(folder, f"{path}/", depth + 1)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # Gone or exchanged since it was listed; one without permission is as if it were empty.
        return


@contextmanager
def _opened(path: Path, parent: int | None) -> Iterator[int]:
    # The folder as configured may be a link; what is below it may not.
    flags = _FOLDER if parent is not None else _FOLDER & ~os.O_NOFOLLOW
    descriptor = os.open(path, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _parent(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder of a file, opened (with `make`: made) step by step without following links, and the file's name."""
    *folders, name = path.split("/")
    descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for folder in folders:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=descriptor)
            inner = os.open(folder, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, name
    finally:
        os.close(descriptor)


def _version(found: os.stat_result) -> Version:
    return found.st_size, found.st_mtime_ns


def _versions(token: Token | None) -> dict[str, Version]:
    files = (token or {}).get("files")
    if not isinstance(files, dict):
        return {}
    return {
        str(path): (version[0], version[1])
        for path, version in files.items()
        if isinstance(version, list) and len(version) == 2
    }
