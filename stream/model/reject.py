"""A refused input, as a value: what was found, what was expected, where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reject:
    """Why one input was refused; the shell adds the original bytes and writes a dead letter.

    `stage` is the stage that refused (decode, read, match, alert, publish, worker), `code` a stable word from
    `wire.deadletter.CODES`, `reason` a sentence with what was found, what was expected and where.
    """

    stage: str
    code: str
    reason: str
