"""Every query of the project's dashboards and Prometheus rules, read from the files that are shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
DASHBOARDS = sorted((OPS / "grafana" / "dashboards").glob("*.json"))
RULE_FILES = sorted((OPS / "prometheus" / "rules").glob("*.yml"))


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """A query of a panel: `instant` (one value for each series) or over time."""

    dashboard: str
    panel: str
    expr: str
    instant: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A Prometheus rule: `name` is the recorded series or the alert; `annotations` and `labels` of alerts."""

    kind: str
    name: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]


def dashboards() -> list[dict[str, Any]]:
    """The generated dashboards."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS]


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard that show something: rows left out."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def panel_queries() -> Iterator[PanelQuery]:
    """All queries of all panels."""
    for board in dashboards():
        for panel in panels(board):
            for target in panel["targets"]:
                yield PanelQuery(board["uid"], panel["title"], target["expr"], bool(target["instant"]))


def variable_queries() -> list[str]:
    """The queries `label_values(expression, label)` of all dashboards' variables."""
    return [
        variable["query"]["query"]
        for board in dashboards()
        for variable in board["templating"]["list"]
        if variable["type"] == "query"
    ]


def annotation_queries() -> list[str]:
    """The queries of all dashboards' annotations; Grafana's own have none."""
    return [
        annotation["expr"]
        for board in dashboards()
        for annotation in board["annotations"].get("list", ())
        if annotation.get("expr")
    ]


def rules() -> list[Rule]:
    """All recording and alert rules."""
    found: list[Rule] = []
    for path in RULE_FILES:
        for group in YAML(typ="safe").load(path)["groups"]:
            for rule in group["rules"]:
                kind = "record" if "record" in rule else "alert"
                found.append(
                    Rule(
                        kind, rule[kind], rule["expr"], dict(rule.get("labels", {})), dict(rule.get("annotations", {}))
                    )
                )
    return found
