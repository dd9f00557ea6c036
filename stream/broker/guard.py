"""Runs one program and ends it when the process that asked for it is gone, however that ended.

Run as a script of its own (`python -I guard.py PROGRAM ARGUMENT …`), standard library only. The asker holds the other
end of our standard input: when that is closed, by a stop or by the kernel after `kill -9`, the program gets TERM and,
STOP_SECONDS_MAX later, KILL. The first line on our standard output is the program's pid; once it has ended, the last
OUTPUT_BYTES_MAX of what it printed follow.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

STOP_SECONDS_MAX = 3.0
OUTPUT_BYTES_MAX = 4_096

_PR_SET_PDEATHSIG = 1


def main(command: Sequence[str]) -> int:
    """Runs `command` to its end; returns its exit code."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Nothing of the asker's environment is meant for the program: it would take settings from there.
        env={"RUST_LOG": "error", "RUST_BACKTRACE": "0"},
        preexec_fn=_die_with_parent(),
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: child.terminate())
    _say(f"{child.pid}\n".encode())
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    assert child.stdout is not None
    tail = b""
    while data := os.read(child.stdout.fileno(), 65_536):
        tail = (tail + data)[-OUTPUT_BYTES_MAX:]
    code = child.wait()
    _say(tail)
    return code


def _end_with_input(child: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 4_096):
        continue
    child.terminate()
    try:
        child.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        child.kill()


def _die_with_parent() -> Callable[[], None] | None:
    """Linux ends the program even if this process is killed; elsewhere only the asker's end is noticed."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel


def _say(data: bytes) -> None:
    try:
        os.write(sys.stdout.fileno(), data)
    except BrokenPipeError:
        return


if __name__ == "__main__":
    code = main(sys.argv[1:])
    os._exit(code if code >= 0 else 128 - code)
