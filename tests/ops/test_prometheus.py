"""Prometheus' and Alertmanager's files, judged by their own tools, and the runbooks that they point to."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ops.grafana.panels import grown
from tests.ops.queries import OPS, ROOT, RULE_FILES, Rule, panel_queries, rules

ALERTS = [pytest.param(rule, id=rule.name) for rule in rules() if rule.kind == "alert"]
PROMTOOL_TESTS = sorted((OPS / "prometheus" / "tests").glob("*.test.yml"))


def run(*command: str) -> str:
    """What the program says; the test fails if it is missing or ends with another code than 0."""
    assert shutil.which(command[0]), f"{command[0]} is missing: apt-get install prometheus prometheus-alertmanager"
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.ops
def test_promtool_accepts_configuration_and_rules() -> None:
    run("promtool", "check", "config", str(OPS / "prometheus" / "prometheus.yml"))
    run("promtool", "check", "rules", *map(str, RULE_FILES))


@pytest.mark.ops
def test_rules_fire_and_stay_quiet_where_they_should() -> None:
    said = run("promtool", "test", "rules", *map(str, PROMTOOL_TESTS))
    assert said.count("SUCCESS") == len(PROMTOOL_TESTS) == 2


def samples(folder: Path, series: dict[str, str], expression: str, wanted: list[dict[str, object]]) -> None:
    """Holds an expression to what it gives after ten minutes of series, of which there is a value each 5 s."""
    test = {
        "interval": "5s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": "10m", "exp_samples": wanted}],
    }
    file = folder / "expression.test.yml"
    YAML().dump({"evaluation_interval": "15s", "tests": [test]}, file)
    run("promtool", "test", "rules", str(file))


@pytest.mark.ops
def test_a_panel_counts_the_first_of_labels_that_nobody_knew(tmp_path: Path) -> None:
    at, old = 'job="w", instance="a"', 'job="w", instance="b"'
    series = {
        f"up{{{at}}}": "1x120",
        f"up{{{old}}}": "1x89 0 1x30",
        f'c{{source="new", {at}}}': "_x100 2x20",
        f'c{{source="known", {at}}}': "5x100 6x20",
        f'c{{source="missed", {old}}}': "7x89 stale 7x30",
    }
    # 90 values are 450 s: at 600 s, 150 s before, the second process was not looked at.
    wanted: list[dict[str, object]] = [
        {"labels": '{source="new"}', "value": 2},
        {"labels": '{source="known"}', "value": 1},
        {"labels": '{source="missed"}', "value": 0},
    ]
    samples(tmp_path, series, f"round(sum by (source) ({grown('c', '150s')}))", wanted)
    samples(tmp_path, series, f"round(sum by (source) ({grown('c', '150s', ' @ end()')}))", wanted)


@pytest.mark.ops
def test_the_watermark_of_a_worker_without_partitions_is_not_shown(tmp_path: Path) -> None:
    (expression,) = (query.expr for query in panel_queries() if query.panel == "Watermark behind")
    series = {
        'redline_watermark_seconds{job="w", instance="a"}': "590x120",
        'redline_watermark_seconds{job="w", instance="idle"}': "100x120",
        'redline_consumer_lag{job="w", instance="a", topic="redline.matches", partition="0"}': "0x120",
        'redline_consumer_lag{job="w", instance="a", topic="redline.matches", partition="1"}': "0x120",
    }
    samples(tmp_path, series, expression, [{"labels": "{}", "value": 10}])


@pytest.mark.ops
def test_amtool_accepts_the_configuration_and_routes_by_severity() -> None:
    file = str(OPS / "alertmanager" / "alertmanager.yml")
    run("amtool", "check-config", file)
    for severity, receiver in (("critical", "on-call"), ("warning", "operators")):
        said = run("amtool", "config", "routes", "test", f"--config.file={file}", f"severity={severity}")
        assert said.splitlines()[0] == receiver


@pytest.mark.parametrize("rule", ALERTS)
def test_alert_has_severity_texts_and_a_runbook(rule: Rule) -> None:
    assert rule.labels["severity"] in {"critical", "warning"}
    assert set(rule.annotations) == {"summary", "description", "runbook_url"}
    page, _, anchor = rule.annotations["runbook_url"].partition("#")
    assert anchor == rule.name.lower()
    section = _sections((ROOT / page).read_text(encoding="utf-8"))[rule.name]
    for part in ("**Means:**", "**Look:**", "**Do:**"):
        assert part in section


@pytest.mark.parametrize("rule", ALERTS)
def test_alert_has_a_firing_and_a_quiet_test(rule: Rule) -> None:
    outcomes = {
        bool(check["exp_alerts"])
        for path in PROMTOOL_TESTS
        for test in YAML(typ="safe").load(path)["tests"]
        for check in test.get("alert_rule_test", [])
        if check["alertname"] == rule.name
    }
    assert outcomes == {True, False}


def test_inhibitions_name_alerts_that_exist() -> None:
    names = {rule.name for rule in rules() if rule.kind == "alert"}
    text = (OPS / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"Redline\w+", text)) <= names


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
