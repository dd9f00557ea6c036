"""Date lines."""

from __future__ import annotations

import pytest

from stream.clean.dates import read_date_line


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("26 May, 2022 23:02", "2022-05-26T23:02:00+00:00"),
        ("May 26, 2022", "2022-05-26T00:00:00+00:00"),
        ("Thursday, 26 May 2022", "2022-05-26T00:00:00+00:00"),
        ("Published: 26 May 2022", "2022-05-26T00:00:00+00:00"),
        ("Published on Aug. 5, 2026 at 3:04 p.m. EDT", "2026-08-05T19:04:00+00:00"),
        ("Posted 5 August 2026, 12:30 am", "2026-08-05T00:30:00+00:00"),
        ("2022-05-26T23:02:11Z", "2022-05-26T23:02:00+00:00"),
        ("2022-05-26 23:02 +03:00", "2022-05-26T20:02:00+00:00"),
        ("26.05.2022", "2022-05-26T00:00:00+00:00"),
        ("3 JAN 90", "1990-01-03T00:00:00+00:00"),
        ("Sept 3rd, 2019", "2019-09-03T00:00:00+00:00"),
        # A zone that is not known: the day is still right, or next to it.
        ("26 May 2022 23:02 XYZ", "2022-05-26T00:00:00+00:00"),
    ],
)
def test_a_date(line: str, moment: str) -> None:
    found = read_date_line(line)
    assert found is not None
    assert found.moment.isoformat() == moment
    assert not found.updated


def test_a_later_version() -> None:
    found = read_date_line("Updated: 26 May 2022")
    assert found is not None
    assert found.updated


@pytest.mark.parametrize(
    "line",
    [
        "", "26 May", "May 2022 was cold", "31 February 2022", "On 26 May 2022 the army left", "05/06/2022", "2022",
        "26 May 2022 and 27 May 2022", "32 May 2022", "99.99.2022", "May 26, 2022, the day of the attack",
    ],
)  # fmt: skip
def test_no_date(line: str) -> None:
    assert read_date_line(line) is None
