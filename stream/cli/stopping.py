"""When to end: Ctrl-C and TERM, as a flag for a command that has something to finish or at once, and no reader left.

And when not: HUP that has nothing to do with a terminal.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
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


def outlive_hangup(say: Callable[[], None]) -> None:
    """From now on SIGHUP ends this process, as TERM does, only if a terminal that it was started on is closed.

    Otherwise somebody means "read your files again" and gets `say`, from a thread, instead of a dead service.
    """
    if not hasattr(signal, "SIGHUP"):
        return
    terminals = [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)]

    def heed(number: int, frame: FrameType | None) -> None:
        if any(nobody_watches(terminal) for terminal in terminals):
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            # Not here: the signal may have come in the middle of a log line.
            threading.Thread(target=say, daemon=True).start()

    signal.signal(signal.SIGHUP, heed)


def nobody_watches(descriptor: int = 1) -> bool:
    """Whether the terminal, or the reader of the pipe, that output goes to has gone.

    The kernel tells only the first process of a terminal when its window is closed, and make, as that one, keeps it to
    itself.
    """
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)  # what is asked for here comes unasked: hang-up, error
    return bool(poll.poll(0))
