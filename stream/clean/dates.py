"""Dates and times as news texts write them: `26 May, 2022 23:02`, `3 JAN 90`, `Aug. 5, 2026 at 3:04 p.m. EDT`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_MONTH = (
    r"(?P<{p}month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?,?\s+)?"
_YEAR = r"(?:\d{4}|[’']?\d\d)(?![\d:]|\s?[ap]\.?m\b)"

# Day first, month first, ISO 8601, and the numeric form with points, which is always day first.
DATE = (
    _WEEKDAY
    + r"(?:"
    + rf"(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH.format(p='a')}(?:,?\s+(?P<year1>{_YEAR}))?"
    + rf"|{_MONTH.format(p='b')}\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:,?\s+(?P<year2>{_YEAR}))?"
    + r"|(?P<year3>\d{4})-(?P<month3>\d\d)-(?P<day3>\d\d)(?!\d)"
    + r"|(?P<day4>\d{1,2})\.(?P<month4>\d{1,2})\.(?P<year4>\d{4})(?!\d)"
    + r")"
)
"""Pattern of a date, for patterns compiled with re.IGNORECASE; read its match with `date_of`."""

_ZONES_HOURS = {
    "utc": 0.0, "gmt": 0.0, "z": 0.0, "bst": 1.0, "cet": 1.0, "cest": 2.0, "eet": 2.0, "eest": 3.0, "msk": 3.0,
    "est": -5.0, "edt": -4.0, "cdt": -5.0, "mst": -7.0, "mdt": -6.0, "pst": -8.0, "pdt": -7.0, "jst": 9.0,
}  # fmt: skip
_TIME = (
    r"(?:[T,]?\s*(?:at\s+|[-–|]\s*)?(?P<hour>\d{1,2})[:.h](?P<minute>\d\d)(?::\d\d(?:\.\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\b\.?)?\s*(?:hrs\b)?\s*\(?(?P<zone>[a-z]{1,4}\b|[+-]\d\d:?\d\d)?\)?)?"
)
_LABEL = (
    r"(?:(?P<label>first published|originally published|published|posted|updated|last updated|last modified|modified"
    r"|date|issued|created|upd)\b(?:\s+(?:on|at))?\s*[:|-]?\s*)?"
)
_DATE_LINE = re.compile(_LABEL + DATE + _TIME + r"\s*[.,]?", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_LATER = ("updated", "last updated", "last modified", "modified", "upd")


@dataclass(frozen=True, slots=True)
class Dating:
    """What a date line says: `moment` in UTC (midnight without a time), `updated` if it dates a later version."""

    moment: datetime
    updated: bool


def read_date_line(line: str) -> Dating | None:
    """The date of a line that is nothing but a date with year, with or without label, time and zone.

    A time without a zone is UTC; a time in a zone that is not known is left out.
    """
    found = _DATE_LINE.fullmatch(line) if len(line) <= 120 and _DIGIT.search(line) else None
    day = date_of(found) if found else None
    if found is None or day is None:
        return None
    updated = (found["label"] or "").lower() in _LATER
    hour = _hour(found["hour"], found["half"])
    zone = _zone((found["zone"] or "utc").lower())
    if hour is None or zone is None or int(found["minute"]) > 59:
        return Dating(day, updated)
    return Dating(day.replace(hour=hour, minute=int(found["minute"]), tzinfo=zone).astimezone(UTC), updated)


def date_of(found: re.Match[str]) -> datetime | None:
    """Midnight UTC of a match of DATE; None without a year, or for a day that no month has.

    A year of two digits is 1970 to 2069.
    """
    groups = found.groupdict()
    year = groups["year1"] or groups["year2"] or groups["year3"] or groups["year4"]
    day = groups["day1"] or groups["day2"] or groups["day3"] or groups["day4"]
    name = groups["amonth"] or groups["bmonth"]
    if year is None:
        return None
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(groups["month3"] or groups["month4"])
    number = int(year.lstrip("’'"))
    if number < 100:
        number += 1900 if number >= 70 else 2000
    try:
        return datetime(number, month, int(day), tzinfo=UTC)
    except ValueError:
        return None


def _hour(text: str | None, half: str | None) -> int | None:
    if text is None:
        return None
    hour = int(text)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
    return hour if hour < 24 else None


def _zone(text: str) -> timezone | None:
    if text[0] in "+-":
        hours, minutes = int(text[1:3]), int(text[-2:])
        if hours > 23 or minutes > 59:
            return None
        return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
    hours_east = _ZONES_HOURS.get(text)
    return None if hours_east is None else timezone(timedelta(hours=hours_east))
