"""The table of metrics and what reads it fit together: all that is read is measured, all that is measured is seen."""

from __future__ import annotations

import pytest

from stream.telemetry.metrics import TABLE
from tests.ops import promql
from tests.ops.queries import annotation_queries, panel_queries, rules, variable_queries

MEASURED = {row.name for row in TABLE}
FROM_OTHERS = {
    "up": "Prometheus itself, for every target",
    "process_start_time_seconds": "prometheus_client's process collector",
    "process_cpu_seconds_total": "prometheus_client's process collector",
    "process_resident_memory_bytes": "prometheus_client's process collector",
    "process_open_fds": "prometheus_client's process collector",
}
NOT_SHOWN: dict[str, str] = {}
"""Metrics of the table that no panel and no rule reads, each with the reason."""

RECORDED = {rule.name for rule in rules() if rule.kind == "record"}
EXPRESSIONS = [
    *(pytest.param(q.expr, id=f"{q.dashboard}:{q.panel}:{n}") for n, q in enumerate(panel_queries())),
    *(pytest.param(expr, id=f"annotation:{expr}") for expr in annotation_queries()),
    *(pytest.param(rule.expr, id=f"rule:{rule.name}") for rule in rules()),
    *(pytest.param(query[len("label_values(") : query.rindex(",")], id=query) for query in variable_queries()),
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_read_exists(expression: str) -> None:
    read = promql.metrics(expression)
    assert read, "an expression reads something"
    assert {promql.family(name) for name in read} <= MEASURED | RECORDED | set(FROM_OTHERS)


def test_every_metric_of_the_table_is_seen_or_says_why_not() -> None:
    read = {promql.family(name) for param in EXPRESSIONS for name in promql.metrics(str(param.values[0]))}
    assert MEASURED - read == set(NOT_SHOWN)
    assert read >= RECORDED, "a recorded series that nobody reads is waste"


@pytest.mark.parametrize(
    ("expression", "metrics", "selectors"),
    [
        ("sum by (topic) (max by (topic, x) (a_total))", {"a_total"}, {"a_total"}),
        ('rate(a_bucket{le="0.5", job=~"b|c"}[5m]) > 0', {"a_bucket"}, {'a_bucket{le="0.5", job=~"b|c"}'}),
        ("(a unless a offset 10m) or on () vector(0)", {"a"}, {"a"}),
        ("r:x:sum and (sum(r:y:rate5m) or vector(0)) == 0", {"r:x:sum", "r:y:rate5m"}, {"r:x:sum", "r:y:rate5m"}),
        ('a{x="by (b) c{d}"} / clamp_min(e, 1e3)', {"a", "e"}, {'a{x="by (b) c{d}"}', "e"}),
    ],
)
def test_metrics_and_selectors_of_an_expression(expression: str, metrics: set[str], selectors: set[str]) -> None:
    assert promql.metrics(expression) == metrics
    assert promql.selectors(expression) == selectors
