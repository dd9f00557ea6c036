"""Signals that come before a command has anything to finish, and readers that leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stream.cli.stopping import nobody_watches

INSIDE_A_CALLBACK = """
import os, signal, weakref
from stream.cli.stopping import leave_at_once

class Module: pass

leave_at_once()
module = Module()
gone = weakref.ref(module, lambda _: os.kill(os.getpid(), signal.{number}))
del module
print("went on")
"""
"""Of a weak reference, as an import has them: an exception that is raised there is thrown away."""


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 0), ("SIGINT", 130)])
def test_a_signal_ends_the_process_where_an_exception_would_be_thrown_away(number: str, code: int) -> None:
    program = INSIDE_A_CALLBACK.replace("{number}", number)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_closed_terminal_and_a_reader_that_left_are_noticed() -> None:
    ours, theirs = os.openpty()
    reading, writing = os.pipe()
    try:
        assert not nobody_watches(theirs)
        assert not nobody_watches(writing)
        os.close(ours)
        os.close(reading)
        assert nobody_watches(theirs)
        assert nobody_watches(writing)
    finally:
        os.close(theirs)
        os.close(writing)


def test_output_to_a_file_never_ends_anything(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        assert not nobody_watches(out.fileno())
