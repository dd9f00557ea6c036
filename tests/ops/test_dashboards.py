"""The dashboards are what the code makes, and every panel says what it shows."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest

from ops.grafana.__main__ import main, stale
from stream.web.filters import KEYS
from tests.ops.queries import dashboards, panels

BOARDS = {board["uid"]: board for board in dashboards()}
PANELS = [pytest.param(panel, id=f"{uid}:{panel['title']}") for uid, board in BOARDS.items() for panel in panels(board)]


def test_committed_dashboards_are_what_the_code_makes() -> None:
    assert stale() == []


def test_check_names_a_stale_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("ops.grafana.__main__.FOLDER", tmp_path)
    assert main([]) == 0
    (tmp_path / "alerts.json").write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    assert main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "alerts.json is not what" in said
    assert "old.json is made by nothing" in said
    assert "pipeline.json" not in said


@pytest.mark.parametrize("panel", PANELS)
def test_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 30, "a description says more than the title"
    assert panel["description"].endswith("."), "a description is a sentence"
    assert _unit(panel), "a unit"
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], "thresholds, if only the base"
    assert panel["targets"], "at least one query"
    for target in panel["targets"]:
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert target["legendFormat"]


@pytest.mark.parametrize("board", [pytest.param(board, id=uid) for uid, board in BOARDS.items()])
def test_dashboard_has_variables_links_and_no_data_source_of_its_own(board: dict[str, Any]) -> None:
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names[0] == "datasource"
    assert len(names) >= 2
    assert board["links"][0]["type"] == "dashboards"
    assert set(board["links"][0]["tags"]) <= set(board["tags"])
    assert set(re.findall(r'"uid": "([^"]*)"', str(board).replace("'", '"'))) <= {"${datasource}", board["uid"]}
    links = [link["url"] for p in panels(board) for link in p["fieldConfig"]["defaults"].get("links", ())]
    expressions = [t["expr"] for p in panels(board) for t in p["targets"]]
    used = set(re.findall(r"\$\{?(\w+)", " ".join([*expressions, *links])))
    used.discard("datasource")
    assert {name for name in used if not name.startswith("__")} <= set(names)
    assert set(names[1:]) <= used, "each variable changes something"


@pytest.mark.parametrize("board", [pytest.param(board, id=uid) for uid, board in BOARDS.items()])
def test_panels_have_numbers_and_places_of_their_own(board: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    for one, other in combinations([panel["gridPos"] for panel in board["panels"]], 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), "two panels overlap"
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


PAGE_LINKS = [
    pytest.param(link["url"], target["legendFormat"], id=f"{panel['title']}:{link['url']}")
    for panel in panels(BOARDS["redline-alerts"])
    for link in panel["fieldConfig"]["defaults"].get("links", ())
    if link["url"].startswith("${page}")
    for target in panel["targets"]
]


@pytest.mark.parametrize(("url", "legend"), PAGE_LINKS)
def test_a_link_to_the_page_filters_by_a_label_of_its_series(url: str, legend: str) -> None:
    found = re.fullmatch(r"\$\{page\}/\?(\w+)=\$\{__field\.labels\.(\w+):percentencode\}", url)
    assert found, url
    assert found[1] == found[2]
    assert found[1] in KEYS, "a filter that the page knows"
    assert f"{{{{{found[2]}}}}}" in legend, "a label that the series has"


def test_the_analysts_find_the_page_their_filters_and_fired_correlations() -> None:
    board = BOARDS["redline-alerts"]
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert {"severity", "rule", "source", "topic", "page"} <= set(variables)
    assert variables["page"]["type"] == "textbox"
    assert variables["page"]["query"] == "http://localhost:8400"
    assert len(PAGE_LINKS) >= 8
    (annotation,) = [one for one in board["annotations"]["list"] if one.get("expr")]
    assert 'state="fired"' in annotation["expr"]
    assert annotation["titleFormat"] == "{{rule}} fired"
    assert annotation["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_links_between_dashboards_lead_somewhere() -> None:
    for uid in re.findall(r"/d/([\w-]+)", str(list(BOARDS.values()))):
        assert uid in BOARDS


def _unit(panel: dict[str, Any]) -> str | None:
    of_columns = [
        prop["value"]
        for override in panel["fieldConfig"]["overrides"]
        for prop in override["properties"]
        if prop["id"] == "unit"
    ]
    return panel["fieldConfig"]["defaults"].get("unit") or (of_columns[0] if of_columns else None)
