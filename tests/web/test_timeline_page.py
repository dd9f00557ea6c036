"""The timeline with real correlations: articles in, a real worker with rules over time, the page in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.broker.publisher import Publisher
from stream.cli.child import ServiceProcess
from stream.model import Output
from stream.settings import Settings
from stream.web.cards import Card
from stream.web.episodes import episodes_of
from stream.web.overview import TIMELINE_ALERTS_MAX
from stream.web.rulebook import answer
from stream.wire.topics import RAW, full_name
from tests.ports import free_port
from tests.web.kit import Pipeline, WebServer, article, eventually

pytestmark = pytest.mark.embedded

RULES = """\
schema: rules/v1
kind: rule
id: ports.closed
version: 1
title: A port is closed
status: experimental
severity: high
topics: [shipping]
match: ~port AND ~close
alert:
  group_by: [rule, story]
  throttle: {every: 6h, per: [rule, story]}
tests:
  - {name: closed, article: {body: "The port closed."}, expect: fire}
  - {name: open, article: {body: "The port is open."}, expect: quiet}
---
schema: rules/v1
kind: correlation
id: ports.burst
version: 1
title: Several ports closed
status: experimental
type: event_count
rules: [ports.closed]
window: {size: 6h, grace: 1s}
count: story
condition: {gte: 3}
keep_firing_for: 2h
severity: critical
topics: [shipping]
tests:
  - name: three stories
    events:
      - {at: 0m, rule: ports.closed, story: s1}
      - {at: 1h, rule: ports.closed, story: s2}
      - {at: 2h, rule: ports.closed, story: s3}
    expect: [{at: 2h, state: fired, count: 3}]
"""
PORTS = (
    "Dock workers in Mirova walked out at noon, and the harbour master said the port closed until further notice.",
    "A storm tore three cranes from their rails in Orlo; engineers closed the port and asked captains to wait at sea.",
    "Customs officers found forged papers on a tanker, so the port of Senta was closed while the fleet was searched.",
)


@pytest.fixture(scope="module")
def pipeline(embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A worker with these rules, and topics of its own."""
    folder = tmp_path_factory.mktemp("timeline")
    (folder / "rules").mkdir()
    (folder / "rules" / "ports.yml").write_text(RULES, encoding="utf-8")
    settings = Settings(
        **setting_overrides(embedded_broker),
        topic_prefix="timeline.",
        topic_partitions=2,
        consumer_group="timeline",
        rules_dir=folder / "rules",
        metrics_port=free_port(),
    )
    with Admin(settings) as admin:
        admin.create()
    log = folder / "worker.log"
    with ServiceProcess(settings, log, command="worker", health_port=settings.metrics_port) as worker:
        worker.wait_ready()
        yield settings


def test_a_burst_and_the_copies_of_a_story_are_bars_that_open_their_alerts(
    pipeline: Settings, context: BrowserContext, tmp_path: Path
) -> None:
    with WebServer(pipeline, tmp_path / "web.log") as server:
        server.wait_ready()
        _publish(pipeline, *(_article(f"p{n}", body, f"Wire {n}") for n, body in enumerate(PORTS)))
        _publish(pipeline, _article("copy", PORTS[0], "Another Wire"))

        def episodes() -> dict[str, Any]:
            return {one["kind"]: one for one in server.json("/api/overview")["episodes"]}

        eventually(lambda: set(episodes()) == {"correlation", "story"}, lambda: json.dumps(episodes()))
        burst, story = episodes()["correlation"], episodes()["story"]
        assert (burst["rule"], burst["severity"], burst["articles"], burst["open"]) == (
            "ports.burst",
            "critical",
            3,
            True,
        )
        assert (story["rule"], story["articles"], story["open"]) == ("ports.closed", 2, False)

        page = context.new_page()
        page.goto(f"{server.url}/overview")
        page.locator("#connection.live").wait_for()
        chart = page.locator(".chart.lanes")
        expect(chart.locator("text", has_text="correlations")).to_be_visible()
        expect(chart.locator("text", has_text="stories")).to_be_visible()
        bar = chart.locator(".episode.open.s-critical")
        expect(bar).to_have_count(1)
        expect(bar).to_have_attribute("aria-label", re.compile(r"ports closed.*ports\.burst, 3 articles.*goes on"))
        expect(chart.locator(".episode.s-high")).to_have_count(1)
        expect(chart.locator(".dot.s-high")).to_have_count(3)
        bar.focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(rf"\?alert={burst['alert']}"))
        expect(page.locator(".alert .members li")).to_have_count(3)


def test_an_episode_ends_and_old_ones_are_left_out() -> None:
    alerts = [
        (_card("a", "fired", "e1", episode=True), 100),
        (_card("b", "updated", "e1", episode=True, count=6), 200),
        (_card("c", "resolved", "e1", episode=True, count=7), 300),
        (_card("d", "fired", "e2", episode=True), 50),
        (_card("e", "fired", "s1"), 120),
        (_card("f", "fired", "s1", suppressed=True), 130),
        (_card("g", "fired", "alone"), 140),
    ]
    episode, story = episodes_of(alerts, since_ms=60)
    assert (episode["alert"], episode["began"], episode["last"], episode["open"]) == ("c", 100, 300, False)
    assert episode["articles"] == 7
    assert (story["kind"], story["alert"], story["articles"], story["last"]) == ("story", "e", 2, 130)


def _card(
    name: str, state: str, correlation: str, *, episode: bool = False, count: int = 1, suppressed: bool = False
) -> Card:
    held = {"by": "x", "reason": "y"} if suppressed else None
    return {  # type: ignore[typeddict-item]
        "id": name, "state": state, "correlation": correlation, "episode": episode, "rule": "r", "rule_title": "R",
        "severity": "high", "summary": name, "title": "", "suppressed": held,
        "group": {"count": count, "stories": 1, "sources": 1, "first_seen": "", "last_seen": "", "suppressed": 0},
    }  # fmt: skip


def _article(name: str, body: str, source: str) -> dict[str, str]:
    return {"id": name, "title": f"Title of {name}", "body": body, "source": source}


def _publish(settings: Settings, *articles: dict[str, str]) -> None:
    topic = full_name(settings.topic_prefix, RAW)
    with Publisher(settings) as publisher:
        for article in articles:
            publisher.send(Output(topic, article["id"].encode(), json.dumps(article).encode()))
        assert publisher.flush(60.0) == 0


def test_rules_over_time_stand_among_the_rules_with_their_tests(
    pipeline: Settings, context: BrowserContext, tmp_path: Path
) -> None:
    with WebServer(pipeline, tmp_path / "web.log") as server:
        server.wait_ready()
        page = context.new_page()
        page.goto(f"{server.url}/rules")
        row = page.locator(".rules tbody tr", has_text="ports.burst")
        expect(row).to_contain_text("event count")
        expect(row).to_contain_text("1 pass")
        page.get_by_label("Show").select_option("correlations")
        expect(page.locator(".rules tbody tr")).to_have_count(1)
        page.get_by_role("link", name="ports.burst").click()
        detail = page.locator(".ruledetail")
        expect(detail).to_contain_text("Correlation (event count) of ports.closed")
        expect(detail.locator(".source")).to_contain_text("keep_firing_for: 2h")
        detail.locator(".tests summary").click()
        expect(detail.locator(".tests")).to_contain_text("1h: ports.closed, story s2")
        expect(detail.locator(".tests")).to_contain_text("2h: fired, count 3")
        expect(detail.get_by_role("link", name="Try it in the playground")).to_have_count(0)


def test_all_shipped_rules_are_in_the_book_and_pass() -> None:
    book = answer(str(Path(__file__).parents[2] / "rules"))
    assert book["trouble"] is None
    assert sum(rule["correlates"] is not None for rule in book["rules"]) >= 4
    assert [t["problems"] for rule in book["rules"] for t in rule["tests"] if t["problems"]] == []
    assert any(test["events"] for rule in book["rules"] if rule["correlates"] is None for test in rule["tests"])


def test_nothing_there_is_said_and_so_is_a_page_that_is_away(
    embedded_broker: EmbeddedBroker, context: BrowserContext, tmp_path: Path
) -> None:
    settings = Settings(
        **setting_overrides(embedded_broker), topic_prefix="nothing.", consumer_group="nothing", topic_partitions=1
    )
    with Admin(settings) as admin:
        admin.create()
    with WebServer(settings, tmp_path / "web.log") as server:
        server.wait_ready()
        page = context.new_page()
        page.goto(server.url)
        page.locator("#connection.live").wait_for()
        expect(page.get_by_text("No alerts yet")).to_be_visible()
        page.route("**/api/overview", lambda route: route.abort())
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_text("The overview could not be loaded")).to_be_visible()
        page.unroute("**/api/overview")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("No articles in the last hour.")).to_be_visible()
        expect(page.get_by_text("No alerts in the last hour.").first).to_be_visible()
        expect(page.get_by_text("No worker is running")).to_be_visible()
        server.stop()
        expect(page.locator(".overview.stale")).to_be_visible()
        expect(page.locator("#connection.live")).to_have_count(0)


def test_more_alerts_than_can_be_drawn_are_said(
    embedded_broker: EmbeddedBroker, context: BrowserContext, rules_folder: Path, tmp_path: Path
) -> None:
    settings = Settings(
        **setting_overrides(embedded_broker), topic_prefix="many.", consumer_group="many", topic_partitions=1
    )
    with Admin(settings) as admin:
        admin.create()
    feeding = Pipeline(settings, rules_folder)
    with WebServer(settings, tmp_path / "web.log") as server:
        server.wait_ready()

        def drawn() -> tuple[int, bool]:
            data = server.json("/api/overview")
            return len(data["timeline"]), data["timeline_is_whole"]

        page = context.new_page()
        feeding.feed(*(article(number) for number in range(TIMELINE_ALERTS_MAX // 2)))
        eventually(lambda: drawn() == (TIMELINE_ALERTS_MAX, True), lambda: str(drawn()))
        page.goto(f"{server.url}/overview")
        expect(page.locator(".chart.lanes")).to_be_visible()
        said = page.get_by_text("these are the newest")
        expect(said).to_have_count(0)
        feeding.feed(article(TIMELINE_ALERTS_MAX))
        expect(said).to_have_text(
            f"There were more alerts than can be drawn here: these are the newest {TIMELINE_ALERTS_MAX}."
        )
        assert drawn() == (TIMELINE_ALERTS_MAX, False)
    feeding.close()
