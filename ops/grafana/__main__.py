"""Writes the dashboards, or with `--check` compares them (exit code 1: a file is stale, missing or left over)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.grafana import alerts, delivery, pipeline, sources

FOLDER = Path(__file__).parent / "dashboards"


def generated() -> dict[str, str]:
    """File name -> content, for every dashboard."""
    boards = {"pipeline.json": pipeline, "alerts.json": alerts, "sources.json": sources, "delivery.json": delivery}
    return {name: as_json(board.dashboard()) for name, board in boards.items()}


def as_json(dashboard: Dashboard) -> str:
    """The same bytes for the same dashboard: keys sorted, panels numbered in their order."""
    for number, panel in enumerate(dashboard.panels or [], start=1):
        panel.id_val = number
    return json.dumps(dashboard, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """One sentence for each file that does not hold what the code says."""
    wanted = generated()
    faults = [
        f"{FOLDER / name} is not what ops/grafana makes: run `make dashboards`"
        for name, text in wanted.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    left_over = sorted(path for path in FOLDER.glob("*.json") if path.name not in wanted)
    return faults + [f"{path} is made by nothing in ops/grafana: remove it" for path in left_over]


def main(arguments: list[str]) -> int:
    """Exit code 0, 1 (stale) or 2 (usage)."""
    if arguments == ["--check"]:
        faults = stale()
        sys.stderr.writelines(f"{fault}\n" for fault in faults)
        return 1 if faults else 0
    if arguments:
        sys.stderr.write(f"found {arguments}, expected nothing or --check\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name, text in generated().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
