"""What is asked of a service by commands that people wait for."""

from __future__ import annotations

import time
from http.client import HTTPResponse


def read_until(answer: HTTPResponse, deadline: float, *, bytes_max: int) -> bytes:
    """The body, or its beginning. Raises `TimeoutError` if it goes on after the deadline (monotonic seconds).

    Piece by piece: the time limit of a socket is for each of them, and would let an answer last for ever.
    """
    parts, size = [], 0
    while size < bytes_max and (part := answer.read1(bytes_max - size)):
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
    return b"".join(parts)
