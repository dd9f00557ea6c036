"""The part of a routes file that says when it is quiet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from stream.model import ALERT_SEVERITIES, Severity
from stream.net.outsidefile import OutsideFile
from stream.notify.quiet import never_ends
from stream.notify.routes import QuietHours
from stream.rulelang.fields import Fields, unique
from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.yamltree import Mapping

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])\Z")


def read_quiet_hours(file: OutsideFile, entries: Sequence[Mapping]) -> dict[str, QuietHours]:
    """By name; what is wrong is noted."""
    found: dict[str, QuietHours] = {}
    names = []
    for entry in entries:
        fields = Fields(entry, ("id", "time_zone", "from", "to", "days", "pass"), "quiet hours")
        fields.require("id", "time_zone", "from", "to")
        name = file.identifier(fields)
        passing = fields.choice("pass", tuple(severity.value for severity in ALERT_SEVERITIES), "")
        quiet = QuietHours(
            "" if name is None else name.text,
            _zone(file, fields),
            _minutes(file, fields, "from"),
            _minutes(file, fields, "to"),
            _days(file, fields),
            Severity(passing) if passing else None,
        )
        if never_ends(quiet) and "from" in fields and "to" in fields:
            help_ = "What is held must be delivered at some time; leave out a day, or a part of it."
            file.note("110", fields.place("to"), "quiet hours that never end", "a pause between them", help_)
        if name is not None:
            names.append(name)
            found.setdefault(name.text, quiet)
    unique(names, "the id", file.source)
    return found


def _zone(file: OutsideFile, fields: Fields) -> ZoneInfo:
    written = fields.scalar("time_zone")
    if written is not None:
        try:
            return ZoneInfo(written.text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            help_ = did_you_mean(written.text, available_timezones()) or "UTC, Europe/Berlin, America/New_York …"
            file.note("109", written.place, quoted(written.text), "the name of a time zone", help_)
    return ZoneInfo("UTC")


def _minutes(file: OutsideFile, fields: Fields, key: str) -> int:
    written = fields.scalar(key)
    if written is None:
        return 0
    found = _CLOCK.match(written.text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else 1_441
    if minutes > 1_440 - (key == "from"):
        file.note("109", written.place, quoted(written.text), 'a time of day such as "22:00"')
        return 0
    return minutes


def _days(file: OutsideFile, fields: Fields) -> frozenset[int]:
    if "days" not in fields:
        return frozenset(range(7))
    found = set()
    for written in fields.scalars("days"):
        if written.text in DAYS:
            found.add(DAYS.index(written.text))
        else:
            file.note("109", written.place, quoted(written.text), f"one of {', '.join(DAYS)}")
    return frozenset(found)
