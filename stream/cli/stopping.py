"""Ctrl-C and TERM as a flag, for a command that has something to finish before it ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


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
