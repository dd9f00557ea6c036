"""The drawing of dashboards as SVG: every kind of panel, from the shipped dashboards, with made-up series."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.ops.queries import dashboards, panels
from tools.svgpanel import Box, draw, in_unit, series_from

PANELS = [
    pytest.param(panel, id=f"{board['uid']}:{panel['title']}") for board in dashboards() for panel in panels(board)
]
BOX = Box(0, 0, 500, 210)


def answer(*labels: dict[str, str], values: tuple[float, ...] = (1.0, math.nan, 3.0)) -> list[dict[str, Any]]:
    """A result as Prometheus gives it for a query over time."""
    points = [[1_000.0 + 5 * number, str(value)] for number, value in enumerate(values)]
    return [{"metric": {"__name__": "x", **one}, "values": points} for one in labels]


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_becomes_well_formed(panel: dict[str, Any]) -> None:
    series = series_from(answer({"rule": "a<b>&c"}, {"rule": "d"}), "{{rule}}")
    for shown in (series, series[:1], []):
        picture = ET.fromstring(f"<svg>{draw(panel, shown, BOX)}</svg>")
        texts = [text.text for text in picture.iter("text")]
        assert texts[0] == panel["title"]
        assert (texts[-1] == "no data") == (not shown)


def test_series_have_the_legends_names_and_only_finite_values() -> None:
    (one,) = series_from(answer({"stage": "tag", "x": "1"}), "p99 {{stage}} {{gone}}")
    assert one.name == "p99 tag"
    assert one.labels == {"stage": "tag", "x": "1"}
    assert one.points == ((1_000.0, 1.0), (1_010.0, 3.0))
    assert one.last == 3.0
    assert series_from(answer({"stage": "tag"}, values=(math.nan, math.inf)), "{{stage}}") == []
    (instant,) = series_from([{"metric": {"topic": "nato"}, "value": [5.0, "2"]}], "{{topic}}")
    assert (instant.name, instant.points) == ("nato", ((5.0, 2.0),))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0421, "s", "42.1 ms"),
        (3.5, "s", "3.5 s"),
        (0.0125, "percentunit", "1.25 %"),
        (75_100, "Bps", "75.1 kB/s"),
        (160 * 1_048_576, "bytes", "160 MiB"),
        (4_800, "short", "4.8 K"),
        (7, "short", "7"),
        (1_700_000_000_000, "dateTimeAsIso", "2023-11-14 22:13:20"),
    ],
)
def test_numbers_are_written_in_their_unit(value: float, unit: str, text: str) -> None:
    assert in_unit(value, unit) == text
