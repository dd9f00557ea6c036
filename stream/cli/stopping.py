"""Ctrl-C and TERM: as a flag, for a command that has something to finish, or as the end, while there is nothing yet."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

EXIT_INTERRUPTED = 130


@dataclass(slots=True)
class Stop:
    """`asked`: end soon. `interrupted`: it was Ctrl-C, so the exit code is 130."""

    asked: bool = False
    interrupted: bool = False


@contextmanager
def stop_flag() -> Iterator[Stop]:
    """While it is open, the first signal sets the flag and a second one interrupts at once (`KeyboardInterrupt`)."""
    stop = Stop()

    def note(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True
        stop.interrupted = number == signal.SIGINT

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_at_once() -> None:
    """From now on either signal ends the process (TERM with 0, Ctrl-C with 130), until other handlers are set."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    # Not by an exception: one that is raised inside an import's own callback is thrown away, and with it the signal;
    # the lock of imports then stays taken, and every thread that imports something waits for ever.
    os._exit(EXIT_INTERRUPTED if number == signal.SIGINT else 0)
