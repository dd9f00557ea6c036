"""Every query of every panel, variable and rule, run against a Prometheus that watches a live pipeline."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ops.live import LivePipeline, as_grafana_sends
from tests.ops import promql
from tests.ops.queries import (
    PanelQuery,
    Rule,
    annotation_queries,
    dashboards,
    panel_queries,
    panels,
    rules,
    variable_queries,
)

pytestmark = pytest.mark.ops

DATA_SECONDS_MAX = 60.0
UNITS = {
    (board["uid"], panel["title"]): panel["fieldConfig"]["defaults"].get("unit")
    or next(p["value"] for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "unit")
    for board in dashboards()
    for panel in panels(board)
}
LEGENDS = {
    (board["uid"], panel["title"], target["expr"]): re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
    for board in dashboards()
    for panel in panels(board)
    for target in panel["targets"]
}


@pytest.fixture(scope="module")
def live() -> Iterator[LivePipeline]:
    """The pipeline under replay, once the slowest series has its first values."""
    with LivePipeline() as pipeline:
        for needed in (
            "redline:end_to_end_seconds:p99_5m > 0",
            "redline:alerts:fired_at",
            "increase(redline_published_to_alert_seconds_count[15s]) > 0",
            "redline:dead_letters:increase10m > 0",
            "increase(redline_replay_acknowledged_total[15s]) > 0",
            "increase(redline_ingest_request_seconds_count[15s]) > 0",
            "redline_feed_polls_total > 0",
            "increase(redline_notify_delay_seconds_count[15s]) > 0",
        ):
            pipeline.wait_for(lambda needed=needed: bool(pipeline.query(needed)), needed, DATA_SECONDS_MAX)  # type: ignore[misc]
        yield pipeline


@pytest.mark.parametrize("query", [pytest.param(q, id=f"{q.dashboard}:{q.panel}") for q in panel_queries()])
def test_panel_shows_data_of_its_kind(live: LivePipeline, query: PanelQuery) -> None:
    expression = as_grafana_sends(query.expr)
    unit = UNITS[query.dashboard, query.panel]

    def numbers() -> list[float]:
        if query.instant:
            return [float(series["value"][1]) for series in live.query(expression)]
        found = live.query_range(expression, seconds=30, step_seconds=1)
        return [float(value) for series in found for _, value in series["values"]]

    live.wait_for(lambda: any(map(math.isfinite, numbers())), f"{query.panel} shows data: {expression}")
    finite = [number for number in numbers() if math.isfinite(number)]
    low, high = _range(unit)
    assert all(low <= number <= high for number in finite), f"{unit}: found {finite[-5:]}"
    for series in live.query(expression):
        for label in LEGENDS[query.dashboard, query.panel, query.expr]:
            # The constant beside an empty result has no labels: only that one may be without.
            assert series["metric"].get(label) or "vector(0)" in expression


@pytest.mark.parametrize("expression", annotation_queries())
def test_annotation_finds_what_happened(live: LivePipeline, expression: str) -> None:
    expression = as_grafana_sends(expression)
    live.wait_for(lambda: bool(live.query(expression)), expression)
    assert {"rule", "severity"} <= set(live.query(expression)[0]["metric"])


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.name) for r in rules() if r.kind == "record"])
def test_recording_rule_writes_its_series(live: LivePipeline, rule: Rule) -> None:
    def numbers() -> list[float]:
        return [float(series["value"][1]) for series in live.query(rule.name)]

    live.wait_for(lambda: bool(live.query(rule.expr)), f"{rule.name} has something to record")
    live.wait_for(lambda: any(map(math.isfinite, numbers())), f"{rule.name} is there")


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.name) for r in rules() if r.kind == "alert"])
def test_alert_rule_reads_series_that_exist(live: LivePipeline, rule: Rule) -> None:
    live.query(rule.expr)
    known: set[str] = set()
    for selector in promql.selectors(rule.expr):
        name, _, matchers = selector.partition("{")
        live.wait_for(lambda name=name: bool(live.query(name)), f"something has the name {name}")  # type: ignore[misc]
        labels = {label for one in live.query(name) for label in one["metric"]}
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", matchers))) <= labels
        known |= labels
    assert set(re.findall(r"\$labels\.(\w+)", str(rule.annotations))) <= known


def test_all_rules_are_loaded_and_none_fires_that_should_not(live: LivePipeline) -> None:
    loaded = [rule for group in live.api("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in loaded} == {rule.name for rule in rules()}
    assert {rule["health"] for rule in loaded} == {"ok"}

    def active() -> set[str]:
        return {alert["labels"]["alertname"] for alert in live.api("alerts")["alerts"]}

    # Some of what we send beside the replay is rubbish, on purpose. Records wait before the first one was finished:
    # for that moment RedlineNoProgress is pending, and it must be gone as soon as the pipeline runs.
    live.wait_for(lambda: active() <= {"RedlineDeadLetters"}, "nothing is pending or fires but RedlineDeadLetters")


@pytest.mark.parametrize("query", variable_queries())
def test_variable_has_values(live: LivePipeline, query: str) -> None:
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert found is not None
    asked = f"label/{found[2]}/values", as_grafana_sends(found[1])

    def values() -> list[str]:
        answer: list[str] = live.api(asked[0], **{"match[]": asked[1]})
        return answer

    live.wait_for(lambda: bool(values()), query)
    assert all(values())


def _range(unit: str) -> tuple[float, float]:
    """The numbers that make sense in this unit."""
    if unit == "dateTimeAsIso":
        now_ms = time.time() * 1_000
        return now_ms - 600_000, now_ms + 1_000
    # A share of one processor may exceed it a little; seconds of a test's life are few.
    return 0.0, {"percentunit": 2.0, "s": 3_600.0}.get(unit, math.inf)


def test_every_unit_is_one_that_grafana_knows() -> None:
    known = {value for name, value in vars(_units()).items() if not name.startswith("_") and isinstance(value, str)}
    assert set(UNITS.values()) <= known


def _units() -> Any:
    from grafana_foundation_sdk.models import units

    return units
