"""Draws one Grafana panel, as its JSON describes it, as SVG: lines, stacked bars, a number, a ranking or a table.

Not Grafana: only what this project's dashboards use, in its layout and colours, for pictures where Grafana cannot run.
Sizes are in pixels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#b877d9", "#5794f2", "#37872d", "#fade2a", "#c4162a")
NAMED = {"green": "#73bf69", "yellow": "#f2cc0c", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}
TEXT, FAINT, GRID, PANEL = "#d8d9da", "#8e9097", "#2c3036", "#181b1f"
LEGEND_ENTRIES_MAX = 8
LINE_HEIGHT = 16
CHARACTER_WIDTH = 6.3
"""Of the 11-pixel font, on average: there is no way to measure text here."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Series:
    """A named series: points (Unix time in seconds, value), in order of time, all values finite."""

    name: str
    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


def series_from(result: Sequence[dict[str, Any]], legend: str) -> list[Series]:
    """Prometheus' result as series named by Grafana's `legendFormat`; series without a finite value are left out."""
    found = []
    for one in result:
        raw = one.get("values") or [one["value"]]
        points = tuple((float(t), float(v)) for t, v in raw if math.isfinite(float(v)))
        if points:
            labels = {name: value for name, value in one["metric"].items() if name != "__name__"}
            name = legend
            for label in re.findall(r"\{\{(\w+)\}\}", legend):
                name = name.replace(f"{{{{{label}}}}}", labels.get(label, "")).strip()
            found.append(Series("" if name == "__auto" else name, labels, points))
    return found


def draw(panel: dict[str, Any], series: Sequence[Series], box: Box) -> str:
    """The panel's frame, title and content."""
    parts = [
        f'<rect x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}" rx="3" fill="{PANEL}" stroke="{GRID}"/>',
        _text(box.x + 8, box.y + 18, panel["title"], TEXT, 12, weight=600),
    ]
    inside = Box(box.x + 8, box.y + 28, box.w - 16, box.h - 34)
    content = {"timeseries": _lines, "stat": _number, "bargauge": _ranking, "table": _table}[panel["type"]]
    parts.append(content(panel, series, inside) if series else _text(inside.x, inside.y + 20, "no data", FAINT, 12))
    return "\n".join(parts)


def in_unit(value: float, unit: str) -> str:
    """The number as Grafana would write it in this unit."""
    match unit:
        case "s":
            return f"{value * 1_000:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
        case "percentunit":
            return f"{value * 100:.3g} %"
        case "bytes":
            return _scaled(value, 1_024, ("B", "KiB", "MiB", "GiB"))
        case "Bps":
            return _scaled(value, 1_000, ("B/s", "kB/s", "MB/s", "GB/s"))
        case "dateTimeAsIso":
            return datetime.fromtimestamp(value / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return _scaled(value, 1_000, ("", "K", "Mil", "Bil")).strip()


def _scaled(value: float, step: int, names: Sequence[str]) -> str:
    for name in names[:-1]:
        if abs(value) < step:
            return f"{value:.3g} {name}"
        value /= step
    return f"{value:.3g} {names[-1]}"


def _lines(panel: dict[str, Any], series: Sequence[Series], box: Box) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    unit, custom = defaults.get("unit", "short"), defaults.get("custom", {})
    bars = custom.get("drawStyle") == "bars"
    shown = sorted(series, key=lambda s: -max(value for _, value in s.points))[:LEGEND_ENTRIES_MAX]
    legend_height = math.ceil(len(shown) / 2) * LINE_HEIGHT
    plot = Box(box.x + 52, box.y + 4, box.w - 58, box.h - legend_height - 28)
    times = [time for s in shown for time, _ in s.points]
    start, end = min(times), max(max(times), min(times) + 1)
    tops = _stacked(shown) if bars else {s.name: [value for _, value in s.points] for s in shown}
    top = _round_up(max(defaults.get("max", 0), *(max(values) for values in tops.values()), 1e-9))

    def across(time: float) -> float:
        return plot.x + plot.w * (time - start) / (end - start)

    def up(value: float) -> float:
        return plot.y + plot.h * (1 - value / top)

    parts = []
    for share in (0, 0.5, 1):
        y = up(top * share)
        parts.append(f'<line x1="{plot.x}" x2="{plot.x + plot.w}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(_text(plot.x - 6, y + 4, in_unit(top * share, unit), FAINT, 10, anchor="end"))
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        label = datetime.fromtimestamp(start + (end - start) * share, UTC).strftime("%H:%M:%S")
        parts.append(_text(plot.x + plot.w * share, plot.y + plot.h + 14, label, FAINT, 10, anchor=anchor))
    # The highest stack first, so that the lower ones are drawn over it.
    for index, s in reversed(list(enumerate(shown))):
        color = _color(panel, s.name, index)
        path = " ".join(f"{across(t):.1f},{up(v):.1f}" for (t, _), v in zip(s.points, tops[s.name], strict=True))
        first, last = across(s.points[0][0]), across(s.points[-1][0])
        area = f"{first:.1f},{up(0):.1f} {path} {last:.1f},{up(0):.1f}"
        parts.append(f'<polygon points="{area}" fill="{color}" fill-opacity="{1 if bars else 0.1}"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.3"/>')
    for index, s in enumerate(shown):
        x = box.x + (index % 2) * box.w / 2
        y = box.y + box.h - legend_height + (index // 2) * LINE_HEIGHT + 8
        parts.append(f'<rect x="{x}" y="{y - 5}" width="12" height="3" fill="{_color(panel, s.name, index)}"/>')
        parts.append(_text(x + 18, y, _cut(s.name or panel["title"], box.w / 2 - 90), TEXT, 11))
        parts.append(_text(x + box.w / 2 - 10, y, in_unit(s.last, unit), FAINT, 11, anchor="end"))
    return "\n".join(parts)


def _stacked(series: Sequence[Series]) -> dict[str, list[float]]:
    """For each series, its values on top of those before it, by time."""
    below: dict[float, float] = {}
    tops: dict[str, list[float]] = {}
    for s in series:
        for time, value in s.points:
            below[time] = below.get(time, 0.0) + value
        tops[s.name] = [below[time] for time, _ in s.points]
    return tops


def _number(panel: dict[str, Any], series: Sequence[Series], box: Box) -> str:
    only = series[0]
    color = NAMED["green"]
    for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]:
        if step["value"] is None or only.last >= step["value"]:
            color = NAMED.get(step["color"], step["color"])
    values = [value for _, value in only.points]
    top = max(*values, 1e-9)
    height = box.h * 0.35
    path = " ".join(
        f"{box.x + box.w * i / max(len(values) - 1, 1):.1f},{box.y + box.h - height * v / top:.1f}"
        for i, v in enumerate(values)
    )
    area = f"{box.x:.1f},{box.y + box.h:.1f} {path} {box.x + box.w:.1f},{box.y + box.h:.1f}"
    shown = in_unit(only.last, panel["fieldConfig"]["defaults"]["unit"])
    return f'<polygon points="{area}" fill="{color}" fill-opacity="0.15"/>\n' + _text(
        box.x + box.w / 2, box.y + box.h * 0.55, shown, color, 26, weight=600, anchor="middle"
    )


def _ranking(panel: dict[str, Any], series: Sequence[Series], box: Box) -> str:
    shown = sorted(series, key=lambda s: -s.last)[: int(box.h // 20)]
    top = max(shown[0].last, 1e-9)
    parts = []
    for index, s in enumerate(shown):
        y = box.y + index * 20
        width = (box.w * 0.5) * s.last / top
        parts.append(_text(box.x + box.w * 0.38, y + 13, _cut(s.name, box.w * 0.38), TEXT, 11, anchor="end"))
        parts.append(
            f'<rect x="{box.x + box.w * 0.4:.1f}" y="{y + 2}" width="{width:.1f}" height="15" fill="{NAMED["green"]}"'
            ' fill-opacity="0.75"/>'
        )
        value = in_unit(round(s.last), panel["fieldConfig"]["defaults"]["unit"])
        parts.append(_text(box.x + box.w * 0.4 + width + 6, y + 13, value, TEXT, 11))
    return "\n".join(parts)


def _table(panel: dict[str, Any], series: Sequence[Series], box: Box) -> str:
    (override,) = panel["fieldConfig"]["overrides"]
    name, unit = override["matcher"]["options"], override["properties"][0]["value"]
    labels = sorted({label for s in series for label in s.labels})
    shown = sorted(series, key=lambda s: -s.last)[: int(box.h // 20) - 1]
    rows = [[*labels, name], *([*(s.labels.get(label, "") for label in labels), in_unit(s.last, unit)] for s in shown)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    parts = []
    for number, row in enumerate(rows):
        x = box.x
        for cell, width in zip(row, widths, strict=True):
            color = FAINT if number == 0 else TEXT
            parts.append(_text(x, box.y + 13 + number * 20, _cut(cell, box.w), color, 11))
            x += box.w * width / sum(widths)
    return "\n".join(parts)


def _color(panel: dict[str, Any], name: str, index: int) -> str:
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            for prop in override["properties"]:
                if prop["id"] == "color":
                    return NAMED[prop["value"]["fixedColor"]]
    return PALETTE[index % len(PALETTE)]


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999)


def _cut(text: str, width: float) -> str:
    characters = max(int(width / CHARACTER_WIDTH), 4)
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _text(x: float, y: float, text: str, color: str, size: int, *, weight: int = 400, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
