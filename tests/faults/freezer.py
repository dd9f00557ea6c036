"""The worker, stopped in its tracks at the worst moment: `python -m tests.faults.freezer worker`.

FREEZES names a file: unless it is there, the worker makes it and stops itself (SIGSTOP) in the middle of a chunk, with
alerts sent and the states about to be written.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from stream.cli import main
from stream.worker.states import States

_write = States.write


def write(self: States, partition: int, states: Any) -> None:
    """As the worker's own, but for the first time."""
    marker = Path(os.environ["FREEZES"])
    if states and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    _write(self, partition, states)


if __name__ == "__main__":
    States.write = write  # type: ignore[method-assign]
    main()
