"""Severities, from "topic only" to critical, with the numbers of OpenTelemetry's log data model."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How urgent a rule's alerts are; NONE marks a rule that only gives topics."""

    NONE = "none"
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def number(self) -> int:
        """OpenTelemetry severity number (0 for NONE), comparable: higher is more urgent."""
        return _NUMBERS[self]


_NUMBERS = {
    Severity.NONE: 0,
    Severity.INFO: 9,
    Severity.LOW: 10,
    Severity.MEDIUM: 13,
    Severity.HIGH: 17,
    Severity.CRITICAL: 21,
}

ALERT_SEVERITIES: tuple[Severity, ...] = tuple(s for s in Severity if s is not Severity.NONE)
"""The severities that have an alert topic, ascending."""
