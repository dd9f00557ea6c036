"""The tutorial's commands run, in order, in a copy of the project, and print what the tutorial says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
COPIED = ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "README.md", "LICENSE")
FOLDERS = ("stream", "rules", "seeds")


def commands(page: str) -> list[tuple[str, list[str]]]:
    """(command, lines it must print) in order; a here-document belongs to its command."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(page):
        end = None
        for line in block.splitlines():
            if end is not None:
                found[-1] = (f"{found[-1][0]}\n{line}", found[-1][1])
                end = None if line == end else end
            elif line.startswith("$ "):
                found.append((line[2:], []))
                here = re.search(r"<<'(\w+)'", line)
                end = here.group(1) if here else None
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in COPIED:
        shutil.copy2(ROOT / name, tmp_path / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    # The environment that runs the tests stands in for the one that `make` would make; the stamp keeps `make` from
    # installing anything into it.
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    (tmp_path / ".venv" / ".runtime").touch()
    return tmp_path


def test_every_command_of_the_tutorial_runs_and_prints_what_it_says(clone: Path) -> None:
    steps = commands((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    assert len(steps) >= 10
    # What `make test` itself was told (ARGS=…) is not meant for the tutorial's own `make demo`.
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "ARGS")}
    environment = {**outside, "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for command, expected in steps:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=clone,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        for line in expected:
            assert line in done.stdout, f"{command}\n{done.stdout}\n{done.stderr}"
