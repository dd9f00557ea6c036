"""Durations as rule files write them: `90s`, `15m`, `48h`, `7d`, `1d12h`."""

from __future__ import annotations

import re

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]{1,9})([wdhms])")
_WHOLE = re.compile(r"(?:[0-9]{1,9}w)?(?:[0-9]{1,9}d)?(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s)?\Z")

DURATION_SECONDS_MAX = 10 * 366 * 86_400


def parse_duration(text: str, minimum: int = 1) -> int | None:
    """Seconds, from `minimum` to ten years, or None when the text is no duration. Units stand from the largest down."""
    if not text or _WHOLE.match(text) is None:
        return None
    seconds = sum(int(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text))
    return seconds if minimum <= seconds <= DURATION_SECONDS_MAX else None
