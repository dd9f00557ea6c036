"""Processes that Redline starts find the modules that it finds, and none that happen to lie in the working folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stream.programs import of_module

ASKS = "import os; from stream.worker.inchild import in_child; print(in_child('asking', os.getcwd))"


def test_a_file_in_the_working_folder_is_not_taken_for_a_module(tmp_path: Path) -> None:
    (tmp_path / "stream.py").write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    asked = subprocess.run(
        [sys.executable, "-P", "-c", ASKS], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (asked.stdout.strip(), asked.returncode) == (str(tmp_path), 0), asked.stderr


def test_who_was_found_in_the_working_folder_looks_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert of_module("stream.cli", "worker") == [sys.executable, "-P", "-m", "stream.cli", "worker"]
    for folder in ("", str(tmp_path)):
        monkeypatch.setattr(sys, "path", [folder, *sys.path])
        assert of_module("stream.cli", "worker") == [sys.executable, "-m", "stream.cli", "worker"]


def test_a_working_folder_that_is_gone_is_no_trouble(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "-P" in of_module("stream.cli")
