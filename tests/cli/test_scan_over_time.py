"""`redline scan` over time: correlations by the articles' own times, held-back alerts, late lines on stdin."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from stream.cli.scan import looked_through
from tests.cli.test_scan import rows, scan

RULES = """
kind: rule
id: t.dam
severity: low
match: dam
alert: {throttle: {every: 30m, per: [rule, source]}}
---
kind: correlation
id: t.burst
type: event_count
rules: [t.dam]
window: {size: 1h, grace: 5m}
condition: {gte: 3}
keep_firing_for: 30m
severity: high
"""


def article(minute: int, **fields: object) -> str:
    time = f"2024-03-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"
    return json.dumps({"id": f"m{minute}", "body": "A dam.", "published": time, "source": "S", **fields})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "t.yml").write_text(RULES, encoding="utf-8")
    return tmp_path


def brief(out: str) -> list[tuple[str, str, str, int]]:
    events = rows(out)
    return [(e["time"][11:16], e["subject"], e["data"]["state"], e["data"]["group"]["count"]) for e in events]  # type: ignore


MINUTES = [0, 10, 20, 25, 200, 300]


def test_episodes_come_when_they_are_certain_and_stay_open_at_the_end(folder: Path) -> None:
    (folder / "a.ndjson").write_text("\n".join(map(article, MINUTES)), encoding="utf-8")
    done = scan(folder, "a.ndjson")
    assert (done.returncode, done.stderr) == (0, "")
    assert brief(done.stdout) == [
        ("00:00", "t.dam", "fired", 1),
        ("03:20", "t.dam", "fired", 5),
        ("00:20", "t.burst", "fired", 3),
        ("01:40", "t.burst", "resolved", 0),
        ("05:00", "t.dam", "fired", 6),
    ]


def test_files_may_be_in_any_order_and_two_of_them_are_one(folder: Path) -> None:
    lines = list(map(article, MINUTES))
    (folder / "a.ndjson").write_text("\n".join(lines), encoding="utf-8")
    expected = [e for e in rows(scan(folder, "a.ndjson").stdout) if e["subject"] == "t.burst"]
    random.Random(3).shuffle(lines)
    (folder / "b.ndjson").write_text("\n".join(lines[:3]), encoding="utf-8")
    (folder / "c.ndjson").write_text("\n".join(lines[3:]), encoding="utf-8")
    found = [e for e in rows(scan(folder, "b.ndjson", "c.ndjson").stdout) if e["subject"] == "t.burst"]
    for event in (*expected, *found):
        del event["recordedtime"]
    assert found == expected


def test_what_was_held_back_is_shown_with_its_reason(folder: Path) -> None:
    out = rows(scan(folder, "--suppressed", stdin="\n".join(map(article, [0, 10]))).stdout)
    assert [e["data"].get("suppressed") for e in out] == [  # type: ignore[attr-defined]
        None,
        {"by": "throttle", "reason": "it came 10m after an alert; at most one every 30m for the same rule, source"},
    ]


def test_a_line_on_stdin_that_is_too_late_is_told_and_raises_its_own_alert(folder: Path) -> None:
    done = scan(folder, stdin="\n".join([article(60), article(0, source="T")]))
    assert [e["causationid"] for e in rows(done.stdout)] == ["m60", "m0"]
    assert "once a match came too late to be counted" in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("where", [0, 3, 6])
def test_absurd_dates_neither_close_nor_freeze_windows(folder: Path, where: int) -> None:
    lines = list(map(article, MINUTES))
    (folder / "a.ndjson").write_text("\n".join(lines), encoding="utf-8")
    expected = [line for line in brief(scan(folder, "a.ndjson").stdout) if line[1] == "t.burst"]
    lines.insert(where, article(0, id="2100", published="2100-01-01T00:00:00Z"))
    lines.insert(where, article(0, id="1970", published="1970-01-01T00:00:00Z"))
    (folder / "b.ndjson").write_text("\n".join(lines), encoding="utf-8")
    assert [line for line in brief(scan(folder, "b.ndjson").stdout) if line[1] == "t.burst"] == expected


BY_DATE = RULES.replace("window: {size: 1h, grace: 5m}", "window: {size: 1h, time: published, grace: 5m}")


@pytest.mark.parametrize("seed", [1, 2])
def test_windows_by_date_go_by_a_watermark_of_their_own(folder: Path, seed: int) -> None:
    """All articles were fetched at once, later than any of them was published, in whatever order."""
    (folder / "rules" / "t.yml").write_text(BY_DATE, encoding="utf-8")
    lines = [article(minute, fetched=f"2024-04-01T00:00:{n:02}Z") for n, minute in enumerate(MINUTES)]
    random.Random(seed).shuffle(lines)
    (folder / "a.ndjson").write_text("\n".join(lines), encoding="utf-8")
    done = scan(folder, "a.ndjson")
    assert "too late" not in done.stderr
    burst = [line for line in brief(done.stdout) if line[1] == "t.burst"]
    assert burst == [("00:20", "t.burst", "fired", 3), ("01:40", "t.burst", "resolved", 0)]


def test_a_line_that_is_written_while_a_file_is_read_is_judged_too(folder: Path) -> None:
    path = folder / "a.ndjson"
    path.write_text(article(0) + "\n" + article(10) + "\n", encoding="utf-8")
    lines = looked_through([path], 1_000_000)
    first = next(lines)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(article(20) + "\n")
    assert [line.ahead_us is None for line in (first, *lines)] == [False, False, True]
