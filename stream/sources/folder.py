"""Articles from a file or a folder of files.

`.txt`     one article: the text is its body, untouched (a byte order mark at the start aside); title, author,
           source and publication time are taken from the text where it has them.
`.json`    one article (an object), or several (an array of objects).
`.ndjson`  one article a line, `.jsonl` the same; blank lines are skipped.

Delivery guarantees: every file with one of these suffixes gives at least one item, in the order of the paths and,
inside a file, of its lines; the same folder gives the same items. Nothing is dropped in silence: what cannot be
published comes as a `Refused` with its file and line, what is no JSON object as `Malformed` bytes, and reading goes
on. Blank lines, hidden files and folders, and files with other suffixes are not asked for and give nothing.

Limits: regular files only; symbolic links below the folder are refused, not followed. A file is at most
`file_bytes_max` bytes and is held in memory while its items are read. At most FILES_MAX files a folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from stream.model import Reject
from stream.sources.item import Item, Malformed, Offered, Origin, Refused
from stream.sources.plain_text import article_of
from stream.sources.regular_file import printable, read_regular, unreadable
from stream.wire.decode import BYTE_ORDER_MARK

SUFFIXES = (".txt", ".json", ".ndjson", ".jsonl")
"""Suffixes of files that are read, in any case of letters."""

FILES_MAX = 100_000
"""Most files read from one folder; what lies beyond is one Refused item."""

# orjson reads 1,024 levels and writes 254; what it cannot write again is published as it is.
_BRACKETS_SAFE = 200


def read_path(path: Path, *, file_bytes_max: int) -> Iterator[Item]:
    """The items of a file, or of the files of a folder and its subfolders."""
    if not path.is_dir():
        yield from _file(path, file_bytes_max)
        return
    files, faults = _list(path)
    yield from faults
    for file in files[:FILES_MAX]:
        yield from _file(file, file_bytes_max)
    if len(files) > FILES_MAX:
        reason = (
            f"found {len(files)} files, expected at most {FILES_MAX}; {printable(files[FILES_MAX])} and on are left"
        )
        yield Refused(Origin(printable(path)), unreadable(reason))


def _list(folder: Path) -> tuple[list[Path], list[Refused]]:
    faults: list[Refused] = []

    def note(error: OSError) -> None:
        reason = f"the folder cannot be read: {error.strerror}"
        faults.append(Refused(Origin(printable(Path(error.filename))), unreadable(reason)))

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=note):
        for name in folders:
            if not name.startswith(".") and (link := Path(parent, name)).is_symlink():
                reason = "found a symbolic link to a folder; links are not followed"
                faults.append(Refused(Origin(printable(link)), unreadable(reason)))
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, n) for n in names if not n.startswith(".") and Path(n).suffix.lower() in SUFFIXES]
    return sorted(found), faults


def _file(path: Path, file_bytes_max: int) -> Iterator[Item]:
    name, suffix = printable(path), path.suffix.lower()
    if suffix not in SUFFIXES:
        reason = f"found the suffix {suffix!r}, expected one of {', '.join(SUFFIXES)}"
        yield Refused(Origin(name), unreadable(reason))
        return
    data = read_regular(path, file_bytes_max=file_bytes_max)
    if isinstance(data, Reject):
        yield Refused(Origin(name), data)
        return
    yield from items_of(name, data)


def items_of(name: str, data: bytes) -> Iterator[Item]:
    """The items of a file's content; the suffix of `name` says what it is."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    match Path(name).suffix.lower():
        case ".txt":
            fields = article_of(data)
            yield Refused(Origin(name), fields) if isinstance(fields, Reject) else Offered(Origin(name), fields)
        case ".json":
            yield from _json(name, data)
        case _:
            yield from read_lines(name, data)


def _json(name: str, data: bytes) -> Iterator[Item]:
    origin = Origin(name)
    try:
        loaded = orjson.loads(data)
    except orjson.JSONDecodeError:
        yield Malformed(origin, data)
        return
    if not isinstance(loaded, list) or not _writable(data, loaded):
        yield _item(origin, data, loaded)
        return
    if not loaded:
        yield Refused(origin, Reject("read", "empty", "found an empty array, expected articles"))
    for element in loaded:
        yield Offered(origin, element) if isinstance(element, dict) else Malformed(origin, orjson.dumps(element))


def read_lines(name: str, data: bytes) -> Iterator[Item]:
    """The items of bytes with one JSON object a line; `name` is what they are called in messages."""
    blank, start, number = True, 0, 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end].removesuffix(b"\r")
        start = end + 1
        if not line.strip():
            continue
        blank = False
        origin = Origin(name, number)
        yield read_line(origin, line)
    if blank:
        yield Refused(Origin(name), Reject("read", "empty", "found no line with content, expected one article a line"))


def read_line(origin: Origin, line: bytes) -> Offered | Malformed:
    """The item of bytes that hold one JSON object; a byte order mark may stand before it, as in joined files."""
    line = line.removeprefix(BYTE_ORDER_MARK)
    try:
        return _item(origin, line, orjson.loads(line))
    except orjson.JSONDecodeError:
        return Malformed(origin, line)


def _item(origin: Origin, data: bytes, loaded: Any) -> Offered | Malformed:
    if isinstance(loaded, dict) and _writable(data, loaded):
        return Offered(origin, loaded)
    return Malformed(origin, data)


def _writable(data: bytes, loaded: Any) -> bool:
    if data.count(b"[") + data.count(b"{") <= _BRACKETS_SAFE:
        return True
    try:
        orjson.dumps(loaded)
    except orjson.JSONEncodeError:
        return False
    return True
