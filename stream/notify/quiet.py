"""Quiet hours: until when a moment has to wait. Pure; the time zone's rules are part of the quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from stream.model import Severity
from stream.notify.routes import QuietHours

_DAY_MINUTES = 1_440
_JOINED_MAX = 15
"""Quiet hours that follow each other without a pause, such as two whole days, are one; a week of them is for ever."""


def quiet_until(quiet: QuietHours | None, moment: datetime, severity: Severity) -> datetime | None:
    """The end of the quiet hours that `moment` (aware) is in, in UTC; None if it is in none, or `severity` passes."""
    if quiet is None or (quiet.passes is not None and severity.number >= quiet.passes.number):
        return None
    end: datetime | None = None
    for _ in range(_JOINED_MAX):
        further = _end_around(quiet, moment if end is None else end)
        if further is None:
            break
        end = further
    return end


def never_ends(quiet: QuietHours) -> bool:
    """Whether there is no pause between these quiet hours."""
    whole = quiet.begin == quiet.end or (quiet.begin == 0 and quiet.end == _DAY_MINUTES)
    return whole and len(quiet.days) == 7


def _end_around(quiet: QuietHours, moment: datetime) -> datetime | None:
    today = moment.astimezone(quiet.zone).date()
    for day in (today, today - timedelta(days=1)):
        if day.weekday() not in quiet.days:
            continue
        begin = _moment(quiet, day, quiet.begin)
        last = day if quiet.end > quiet.begin else day + timedelta(days=1)
        end = _moment(quiet, last, quiet.end)
        if begin <= moment < end:
            return end
    return None


def _moment(quiet: QuietHours, day: date, minutes: int) -> datetime:
    """In UTC, so that differences are real time over the change of clocks."""
    day += timedelta(days=minutes // _DAY_MINUTES)
    hours, minutes = divmod(minutes % _DAY_MINUTES, 60)
    return datetime.combine(day, time(hours, minutes), quiet.zone).astimezone(UTC)
