"""Makes docs/images/*.svg: the dashboards with the data of a live Prometheus over a pipeline under replay.

    python -m tools.dashboard_pictures [SECONDS]     default 180; needs prometheus, no Grafana and no Docker

The panels, queries, units and colours are those of the generated dashboards; see tools/svgpanel.py for the drawing.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from ops.live import LivePipeline, as_grafana_sends
from tools.svgpanel import GRID, PANEL, TEXT, Box, draw, series_from

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "images"
COLUMN, ROW = 46, 27
"""Pixels of one cell of Grafana's grid."""

GAP = 6
STEPS = 60
WARM_UP_SECONDS = 20
"""Left out at the beginning, until rates have their window."""

SHOWN = {"pipeline": ("Now", "Throughput", "Latency"), "alerts": ("Alerts", "Rules", "Sources")}
"""The rows of each dashboard that the picture shows."""


def main(seconds: int) -> None:
    """Runs the pipeline for so long, then draws."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with LivePipeline(articles_per_second=15) as live:
        print(f"collecting for {seconds} s …", flush=True)
        time.sleep(WARM_UP_SECONDS + seconds)
        for name, sections in SHOWN.items():
            board = json.loads((ROOT / "ops" / "grafana" / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
            path = FOLDER / f"{name}.svg"
            path.write_text(picture(board, sections, live, seconds), encoding="utf-8")
            print(path)


def picture(board: dict[str, Any], sections: tuple[str, ...], live: LivePipeline, seconds: int) -> str:
    """The dashboard's named rows as SVG."""
    parts: list[str] = []
    shown, bottom, left_out = False, 0, 0
    for panel in board["panels"]:
        place = dict(panel["gridPos"])
        if panel["type"] == "row":
            shown = panel["title"] in sections
            # Where rows are left out, the next one moves up.
            left_out = place["y"] - bottom // ROW
        if not shown:
            continue
        place["y"] -= left_out
        box = Box(
            place["x"] * COLUMN + GAP / 2, place["y"] * ROW + GAP / 2, place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        )
        bottom = max(bottom, (place["y"] + place["h"]) * ROW)
        if panel["type"] == "row":
            parts.append(
                f'<text x="{box.x + 4}" y="{box.y + 16}" fill="{TEXT}" font-size="13">▾ {panel["title"]}</text>'
            )
            continue
        series = [
            s for target in panel["targets"] for s in series_from(_ask(live, target, seconds), target["legendFormat"])
        ]
        parts.append(draw(panel, series, box))
    width, height = 24 * COLUMN, bottom + 34
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Inter, Helvetica, Arial, sans-serif">\n'
        f'<rect width="{width}" height="{height}" fill="#111217"/>\n'
        f'<rect width="{width}" height="30" fill="{PANEL}" stroke="{GRID}"/>\n'
        f'<text x="12" y="20" fill="{TEXT}" font-size="14" font-weight="600">{board["title"]}</text>\n'
        '<g transform="translate(0, 34)">\n' + "\n".join(parts) + "\n</g>\n</svg>\n"
    )


def _ask(live: LivePipeline, target: dict[str, Any], seconds: int) -> list[dict[str, Any]]:
    expression = as_grafana_sends(target["expr"], range_seconds=seconds)
    if target["instant"]:
        return live.query(expression)
    return live.query_range(expression, seconds=seconds, step_seconds=seconds / STEPS)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 180)
