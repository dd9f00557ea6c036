"""A folder of files, good and bad."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest

from stream.model import Reject
from stream.sources import folder as folder_module
from stream.sources.folder import read_path
from stream.sources.item import Item, Malformed, Offered, Refused
from stream.wire.deadletter import CODES

BYTES_MAX = 10_000


def _read(path: Path) -> list[Item]:
    return list(read_path(path, file_bytes_max=BYTES_MAX))


def _brief(items: list[Item], root: Path) -> list[tuple[str, str]]:
    brief = []
    for item in items:
        origin = str(item.origin).removeprefix(f"{root}/")
        match item:
            case Offered(fields=fields):
                brief.append((origin, str(fields.get("body"))))
            case Malformed(value=value):
                brief.append((origin, f"malformed {value!r}"))
            case Refused(reject=reject):
                assert reject.stage == "read"
                assert reject.code in CODES
                brief.append((origin, f"refused {reject.code}"))
    return brief


def test_all_files_in_order_and_faults_as_values(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "inner.txt").write_text("inner")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfwith mark\r\n")
    (tmp_path / "bad.txt").write_bytes(b"one\ntwo \xff")
    (tmp_path / "blank.txt").write_text(" \n")
    (tmp_path / "big.txt").write_bytes(b"x" * (BYTES_MAX + 1))
    (tmp_path / "c.ndjson").write_bytes(b'{"body":"1"}\n\n{"body":\r\n[1]\n{"body":"2"}')
    (tmp_path / "d.json").write_text('{\n "body": "d"\n}')
    (tmp_path / "e.JSON").write_text('[{"body":"e1"}, 7, {"body":"e2"}]')
    (tmp_path / "f.json").write_text("nothing")
    (tmp_path / "g.jsonl").write_text("\n\n")
    (tmp_path / "h.json").write_text("[]")
    (tmp_path / "ignored.yml").write_text("x: 1")
    (tmp_path / ".hidden.txt").write_text("hidden")
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "linked").symlink_to(tmp_path / "b")
    os.mkfifo(tmp_path / "pipe.txt")

    assert _brief(_read(tmp_path), tmp_path) == [
        ("linked", "refused unreadable"),
        ("a.txt", "with mark\r\n"),
        ("b/inner.txt", "inner"),
        ("bad.txt", "refused invalid_utf8"),
        ("big.txt", "refused too_large"),
        ("blank.txt", "refused empty"),
        ("c.ndjson:1", "1"),
        ("c.ndjson:3", "malformed b'{\"body\":'"),
        ("c.ndjson:4", "malformed b'[1]'"),
        ("c.ndjson:5", "2"),
        ("d.json", "d"),
        ("e.JSON", "e1"),
        ("e.JSON", "malformed b'7'"),
        ("e.JSON", "e2"),
        ("f.json", "malformed b'nothing'"),
        ("g.jsonl", "refused empty"),
        ("h.json", "refused empty"),
        ("link.txt", "refused unreadable"),
        ("pipe.txt", "refused unreadable"),
    ]


def test_a_refusal_names_what_and_where(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"one\ntwo \xff")
    (item,) = _read(tmp_path / "bad.txt")
    assert isinstance(item, Refused)
    assert item.reject == Reject("read", "invalid_utf8", "found byte 0xff in line 2, at byte 8, expected UTF-8")


@pytest.mark.parametrize("name", ["missing.txt", "note.md"])
def test_a_single_file_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    (tmp_path / "note.md").write_text("text")
    (item,) = _read(tmp_path / name)
    assert isinstance(item, Refused)
    assert item.reject.code == "unreadable"


def test_an_object_too_deep_to_write_again_is_published_as_it_is(tmp_path: Path) -> None:
    deep = b'{"body":"x","extra":' + b"[" * 400 + b"]" * 400 + b"}"
    (tmp_path / "deep.ndjson").write_bytes(deep + b'\n{"body":"y"}\n')
    first, second = _read(tmp_path / "deep.ndjson")
    assert first == Malformed(first.origin, deep)
    assert isinstance(second, Offered)


def test_wrong_types_are_offered_for_the_worker_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b'{"body":5,"published":7}\n')
    (item,) = _read(tmp_path / "a.ndjson")
    assert isinstance(item, Offered)
    assert item.published is None
    assert orjson.dumps(item.fields) == b'{"body":5,"published":7}'


def test_the_text_fills_the_fields(tmp_path: Path) -> None:
    text = (
        "Ministers fail to agree on quotas\nBy Ann Smith\n3 May 2021\n\nThe ministers met for six hours in the city.\n"
    )
    (tmp_path / "a.txt").write_text(text)
    (item,) = _read(tmp_path / "a.txt")
    assert isinstance(item, Offered)
    assert item.fields == {
        "body": text,
        "title": "Ministers fail to agree on quotas",
        "author": "Ann Smith",
        "published": "2021-05-03T00:00:00Z",
    }


def test_too_many_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "FILES_MAX", 2)
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    assert [brief for _, brief in _brief(_read(tmp_path), tmp_path)] == ["a", "b", "refused unreadable"]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"\xff.txt")).write_text("x")
    except OSError:
        # This file system has only names that are text.
        return
    (item,) = _read(tmp_path)
    assert str(item.origin).endswith("\\xff.txt")


def test_a_byte_order_mark_before_any_line_is_understood(tmp_path: Path) -> None:
    (tmp_path / "joined.ndjson").write_bytes(b'\xef\xbb\xbf{"body":"1"}\n\xef\xbb\xbf{"body":"2"}\n')
    assert _brief(_read(tmp_path), tmp_path) == [("joined.ndjson:1", "1"), ("joined.ndjson:2", "2")]
