"""Hostile input from known collections (tests/data/README.md), as raw records."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

DATA = Path(__file__).parent / "data"


def json_files() -> dict[str, bytes]:
    """JSONTestSuite by file name: y_ is valid, n_ malformed, i_ undecided."""
    with tarfile.open(DATA / "JSONTestSuite.tar.gz") as archive:
        found = {Path(member.name).name: archive.extractfile(member) for member in archive if member.isfile()}
        return {name: file.read() for name, file in found.items() if file is not None and name.endswith(".json")}


def naughty_strings() -> list[str]:
    """The big list of naughty strings, without the empty one."""
    with tarfile.open(DATA / "blns.tar.gz") as archive:
        file = archive.extractfile("blns.json")
        assert file is not None
        return [text for text in json.loads(file.read()) if text]


def utf8_lines() -> list[bytes]:
    """The lines of Markus Kuhn's test, many of them malformed."""
    return [line for line in (DATA / "UTF-8-test.txt").read_bytes().split(b"\n") if line.strip()]


def raw_values() -> list[bytes]:
    """All of it as values of articles.raw: files as they are, and as a title; strings and lines as a body."""
    files = list(json_files().values())
    return [
        *files,
        *(b'{"body":"x","title":' + file + b"}" for file in files),
        *(json.dumps({"title": text, "body": text}).encode() for text in naughty_strings()),
        *(b'{"body":"' + line.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"}' for line in utf8_lines()),
    ]
