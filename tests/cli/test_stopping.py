"""Signals that come before a command has anything to finish."""

import subprocess
import sys

import pytest

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
