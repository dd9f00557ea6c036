"""`redline scan`, as a program: NDJSON in, alerts, matches or tagged articles out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RULES = """
schema: rules/v1
kind: rule
id: t.escalation
version: 1
title: Escalation
status: experimental
severity: high
topics: [escalation]
match: '~escalation'
"""
ARTICLES = [
    '{"id":"1","body":"They fear escalation.","published":"2024-01-02T00:00:00Z"}',
    '{"id":"2","body":"De-escalation, they said."}',
    "{bad",
    "",
    '{"id":"3","body":"An escalation."}',
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "t.yml").write_text(RULES, encoding="utf-8")
    (tmp_path / "a.ndjson").write_text("\n".join(ARTICLES), encoding="utf-8")
    return tmp_path


def scan(folder: Path, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stream.cli", "scan", "--rules", "rules", *args]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_alerts_are_printed_and_a_refused_line_is_a_dead_letter_with_its_place(folder: Path) -> None:
    done = scan(folder, "a.ndjson")
    assert [row["causationid"] for row in rows(done.stdout)] == ["1", "3"]
    (dead,) = rows(done.stderr)
    assert (dead["file"], dead["line"], dead["code"], dead["original"]) == ("a.ndjson", 3, "invalid_json", "{bad")
    assert done.returncode == 1


@pytest.mark.parametrize("options", [(), ("--matches", "--jobs", "2")])
def test_a_byte_order_mark_before_a_file_or_a_line_is_understood(folder: Path, options: tuple[str, ...]) -> None:
    marked = "".join(f"\ufeff{line}\n" for line in (ARTICLES[0], ARTICLES[4]))
    (folder / "b.ndjson").write_text(marked, encoding="utf-8")
    done = scan(folder, *options, "b.ndjson")
    assert (done.returncode, done.stderr) == (0, "")
    assert [row.get("causationid", row.get("article")) for row in rows(done.stdout)] == ["1", "3"]


def test_an_undated_article_has_the_time_of_the_line_before_it(folder: Path) -> None:
    out = rows(scan(folder, "--matches", "a.ndjson").stdout)
    assert [(row["article"], row["time"]) for row in out] == [
        ("1", "2024-01-02T00:00:00Z"),
        ("3", "2024-01-02T00:00:00Z"),
    ]


def test_stdin_and_several_processes_give_the_same(folder: Path) -> None:
    dated = [f'{{"id":"{n}","body":"escalation","published":"20{n:02}-01-01T00:00:00Z"}}' for n in range(10, 90)]
    lines = "\n".join(line for pair in zip(dated, ['{"body":"escalation"}'] * 80, strict=True) for line in pair)
    for shape in ("--matches", "--tagged"):
        one = scan(folder, shape, stdin=lines)
        two = scan(folder, shape, "--jobs", "2", stdin=lines)
        assert one.stdout == two.stdout
        assert len(rows(one.stdout)) == 160
        assert (one.returncode, two.returncode) == (0, 0)


def test_stats_go_to_stderr(folder: Path) -> None:
    done = scan(folder, "--stats", stdin='{"body":"escalation"}')
    assert "1 articles, 0 refused, 1 lines out" in done.stderr


def test_a_line_beyond_the_limit_is_refused_and_the_next_is_read(folder: Path) -> None:
    lines = '{"body":"' + "x" * 5_000 + '"}\n{"id":"n","body":"escalation"}'
    done = scan(folder, "--message-bytes-max", "1000", stdin=lines)
    refused = rows(done.stderr)[0]
    assert refused["code"] == "too_large"
    assert refused["reason"] == "found 5011 bytes, expected at most 1000"
    assert refused["size_bytes"] == 5_011
    assert [row["causationid"] for row in rows(done.stdout)] == ["n"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--jobs", "2"), "--jobs works with --matches or --tagged"),
        (("missing.ndjson",), "missing.ndjson"),
        (("rules",), "rules is a folder"),
        (("--suppressed", "--tagged"), "--suppressed is about alerts"),
        (("--rules", "rules/t.yml"), "rules/t.yml is a file; name the folder that it is in"),
    ],
)
def test_wrong_usage_ends_with_two_and_says_why(folder: Path, args: tuple[str, ...], message: str) -> None:
    done = scan(folder, *args, stdin="")
    assert done.returncode == 2
    assert message in done.stderr


def test_nothing_in_it_is_said(folder: Path) -> None:
    (folder / "empty.ndjson").write_text("\n\n", encoding="utf-8")
    for args, name in ((("empty.ndjson",), "empty.ndjson"), ((), "standard input")):
        done = scan(folder, *args, stdin="")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"redline: there was no article in {name}, expected one JSON object a line\n"


def test_what_has_no_article_at_all_is_said_with_what_takes_it(folder: Path) -> None:
    (folder / "text.txt").write_text("Two lines\nof a text.\n", encoding="utf-8")
    done = scan(folder, "text.txt", stdin="")
    assert done.returncode == 1
    *refused, said = done.stderr.splitlines()
    assert [row["code"] for row in map(json.loads, refused)] == ["invalid_json", "invalid_json"]
    assert said.startswith("redline: none of the 2 lines in text.txt is an article, expected one JSON object a line; ")
    assert "`redline replay`" in said


def test_a_dash_is_standard_input(folder: Path) -> None:
    first = scan(folder, "a.ndjson", "-", stdin=ARTICLES[0])
    assert [row["causationid"] for row in rows(first.stdout)] == ["1", "3", "1"]


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        (">&-", 2, "redline: standard output is closed; name a file, or /dev/null\n"),
        ("<&-", 2, "redline: standard input is closed; name a file, or /dev/null\n"),
        ("2>&-", 1, ""),
    ],
)
def test_a_standard_stream_that_is_closed_loses_no_article_without_a_word(
    folder: Path, closed: str, code: int, said: str
) -> None:
    command = (
        f'"{sys.executable}" -m stream.cli scan --rules rules --matches {"" if "<" in closed else "a.ndjson"} {closed}'
    )
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, said)
    assert [row["article"] for row in rows(done.stdout)] == ([] if said else ["1", "3"])


def test_a_folder_is_for_replay(folder: Path) -> None:
    done = scan(folder, "rules")
    assert done.returncode == 2
    assert "rules is a folder" in done.stderr
    assert "`redline replay rules`" in done.stderr


def test_unusable_rules_end_with_two_and_name_the_place(folder: Path) -> None:
    (folder / "rules" / "t.yml").write_text(RULES.replace("'~escalation'", "'one two'"), encoding="utf-8")
    done = scan(folder, stdin="")
    assert done.returncode == 2
    assert "t.yml:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_date_that_cannot_be_read_is_said_with_its_place(folder: Path) -> None:
    (folder / "b.ndjson").write_text('{"id":"1","body":"An escalation.","published":"March 2, 2026"}\n' * 2)
    done = scan(folder, "b.ndjson")
    assert done.returncode == 0
    assert done.stderr.startswith("redline: 2 fields could not be read; an article without a time has that of the line")
    assert "The first: b.ndjson:1: published: found 'March 2, 2026', expected an RFC 3339 time" in done.stderr
    several = scan(folder, "--matches", "--jobs", "2", "b.ndjson")
    assert "redline: 2 fields could not be read" in several.stderr
