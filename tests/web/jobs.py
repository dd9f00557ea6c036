"""Work for the sandbox's test."""

from __future__ import annotations

import time


def spin(seconds: float) -> str:
    """Uses so much processor time."""
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass
    return "done"
