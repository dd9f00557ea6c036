"""Runs one program and ends it when the process that asked for it is gone, however that ended.

Run as a script of its own (`guarded` makes the command line), standard library only. The asker holds the other end of
our standard input: when that is closed, by a stop or by the kernel after `kill -9`, the program gets TERM and,
STOP_SECONDS_MAX later, KILL. TERM and the like are passed on, and the program's exit code is ours (128 + n if signal n
ended it).

With `--tail`, the first line on our standard output is the program's pid and, once it has ended, the last
OUTPUT_BYTES_MAX of what it printed follow; otherwise the program prints where we would.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

STOP_SECONDS_MAX = 10.0
OUTPUT_BYTES_MAX = 4_096

_PR_SET_PDEATHSIG = 1
_TAIL = "--tail"


def guarded(command: Sequence[str], *, tail: bool = False) -> list[str]:
    """The command line that runs `command` under guard; give it a pipe as standard input and keep its other end."""
    return [sys.executable, "-I", str(Path(__file__)), *([_TAIL] if tail else []), *command]


def main(arguments: Sequence[str]) -> int:
    """Runs the program in `arguments` to its end; returns its exit code."""
    tail = arguments[0] == _TAIL
    child = subprocess.Popen(
        arguments[1:] if tail else arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if tail else None,
        stderr=subprocess.STDOUT if tail else None,
        preexec_fn=_die_with_parent(),
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: child.terminate())
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    if tail:
        _say(f"{child.pid}\n".encode())
        _say(_last_output(child))
    code = child.wait()
    return code if code >= 0 else 128 - code


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


def _last_output(child: subprocess.Popen[bytes]) -> bytes:
    assert child.stdout is not None
    kept = b""
    while data := os.read(child.stdout.fileno(), 65_536):
        kept = (kept + data)[-OUTPUT_BYTES_MAX:]
    return kept


def _say(data: bytes) -> None:
    try:
        os.write(sys.stdout.fileno(), data)
    except BrokenPipeError:
        return


if __name__ == "__main__":
    # Not sys.exit: the thread that waits for the asker would be in its way.
    os._exit(main(sys.argv[1:]))
