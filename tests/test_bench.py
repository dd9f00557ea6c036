"""What the benches make of what they measure; how long things take is not tested."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest

from bench.latency import quantile, share_within
from bench.measure import cpu_seconds, resident_mb
from bench.pipeline import Ended, Program, Row, _is_native, _judging
from stream.clean import native

BUCKETS = [(0.05, 60.0), (0.1, 80.0), (0.25, 90.0), (math.inf, 100.0)]


@pytest.mark.parametrize(("share", "expected"), [(0.3, 0.025), (0.6, 0.05), (0.7, 0.075), (0.9, 0.25), (0.99, 0.25)])
def test_a_quantile_is_that_of_prometheus(share: float, expected: float) -> None:
    assert quantile(BUCKETS, share) == pytest.approx(expected)


def test_nothing_seen_has_no_quantile_and_no_share() -> None:
    nothing = [(bound, 0.0) for bound, _ in BUCKETS]
    assert math.isnan(quantile(nothing, 0.5))
    assert math.isnan(share_within(nothing, 0.05))


def test_a_share_is_of_all() -> None:
    assert share_within(BUCKETS, 0.05) == 0.6


def test_a_program_that_has_ended_says_with_what() -> None:
    with tempfile.NamedTemporaryFile() as said:
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit('no broker')"], stderr=said)
        process.wait(60)
        program = Program(process, lambda: Path(said.name).read_text(encoding="utf-8"))
        with pytest.raises(Ended, match=r"(?s)ended with 1.*no broker"):
            program.check()


def test_a_python_says_whether_it_judges_in_machine_code() -> None:
    assert _is_native(sys.executable) == (native.package() is not None)
    with pytest.raises(click.ClickException, match="does not start"):
        _is_native("/nowhere/python")


def test_rows_that_judge_in_two_ways_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row("ours", "worker", "here"), Row("theirs", "quix", "there")]
    monkeypatch.setattr("bench.pipeline._is_native", lambda python: python == "here")
    with pytest.raises(click.ClickException, match="here has it, there lacks it"):
        _judging(rows)
    assert _judging(rows[:1]) == "judging in machine code (redline_native)"
    assert _judging(rows[1:]) == "judging in Python"


def test_a_process_that_is_not_there_takes_no_number() -> None:
    assert math.isnan(resident_mb(2**31 - 1))
    assert math.isnan(cpu_seconds(2**31 - 1))
