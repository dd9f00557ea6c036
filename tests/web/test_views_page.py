"""Rules, playground and overview in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from stream.settings import Settings
from tests.web.kit import RULES, Pipeline, WebServer, article, eventually

pytestmark = pytest.mark.embedded


@pytest.fixture
def broken_rules(rules_folder: Path, server: WebServer) -> Iterator[None]:
    """The rule file, broken for the time of one test, after the page has seen it whole."""
    eventually(lambda: len(server.json("/api/rules")["rules"]) == 3)
    (rules_folder / "ports.yml").write_text(RULES.replace("match: ~storm OR ~rain", "match: storm rain"), "utf-8")
    yield
    (rules_folder / "ports.yml").write_text(RULES, encoding="utf-8")


def test_every_rule_with_source_tests_and_fires(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    pipeline.feed(article(1, title="Counted"), article(2, "A storm and rain.", title="Tagged"))
    page = open_page("/rules")
    row = page.locator(".rules tbody tr", has_text="ports.closed")
    expect(row).to_contain_text("2 pass")
    expect(row).to_contain_text(re.compile(r"[1-9]\d* today"))
    expect(row).to_contain_text(re.compile("now|ago"))
    expect(page.locator(".rules tbody tr", has_text="topic.weather")).to_contain_text(
        re.compile(r"[1-9]\d* articles tagged")
    )
    page.get_by_role("link", name="ports.closed").click()
    expect(page).to_have_url(re.compile("/rules/ports.closed$"))
    detail = page.locator(".ruledetail")
    expect(detail.locator(".source")).to_contain_text("match: SENTENCE(~port AND (~close OR ~block))")
    expect(detail.locator(".source")).not_to_contain_text("ports.talk")
    expect(detail.locator(".tests li")).to_have_count(2)
    detail.locator(".tests li", has_text="computer").locator("summary").click()
    detail.get_by_role("link", name="Try this article").click()
    expect(page.locator(".verdict")).to_have_text("ports.closed is quiet, because of exclude:usb")


def test_rules_that_cannot_be_used_are_said_and_the_good_ones_stay(
    open_page: Callable[..., Page], server: WebServer, broken_rules: None
) -> None:
    eventually(lambda: server.json("/api/rules")["trouble"] is not None)
    page = open_page("/rules")
    expect(page.locator(".trouble")).to_contain_text("ports.yml")
    expect(page.locator(".trouble")).not_to_contain_text("/tmp")
    expect(page.locator(".rules tbody tr")).to_have_count(3)


def test_the_playground_answers_while_somebody_types(open_page: Callable[..., Page]) -> None:
    page = open_page("/playground")
    expect(page.locator(".verdict")).to_have_text("my.first.rule fires (medium)")
    assert page.locator(".outputs .body mark").all_text_contents() == ["blockaded", "port"]
    rule, text = page.get_by_label("Rule", exact=True), page.get_by_label("Article", exact=True)
    source = rule.input_value()
    rule.fill(source.replace("match: SENTENCE(", "match: (~blockade NEAR/3 ~ship) AND SENTENCE("))
    expect(page.locator(".verdict")).to_have_text("my.first.rule is quiet, because of match")
    expect(page.locator(".misses")).to_contain_text("6 words away in another paragraph, limit 3")
    rule.fill(source.replace("match: SENTENCE(", "match: storm rain ("))
    expect(page.locator(".verdict.wrong")).to_contain_text("cannot be used")
    expect(page.locator(".diagnostic.error").first).to_contain_text("line 9")
    rule.fill(source)
    text.fill("A USB port blocked the update.")
    expect(page.locator(".verdict")).to_have_text("my.first.rule is quiet, because of exclude:usb")
    expect(page.locator(".treehead").first).to_contain_text("exclude usb")
    page.get_by_label("tokens").check()
    expect(page.locator(".tokenlist").last.locator("li")).to_have_count(6)
    text.fill("")
    expect(page.locator(".verdict")).to_contain_text("Paste an article")


def test_a_playground_is_shared_in_the_fragment(open_page: Callable[..., Page]) -> None:
    page = open_page("/playground")
    expect(page.locator(".verdict.fires")).to_be_visible()
    page.get_by_label("Article", exact=True).fill("The port of Orlo is closed: ÄÖ 𝔸.")
    page.get_by_role("button", name="Share as a link").click()
    expect(page).to_have_url(re.compile("#."))
    parts = urlsplit(page.url)
    again = open_page(f"/playground#{parts.fragment}")
    expect(again.get_by_label("Article", exact=True)).to_have_value("The port of Orlo is closed: ÄÖ 𝔸.")
    expect(again.locator(".verdict.fires")).to_be_visible()
    damaged = open_page(f"/playground#{parts.fragment[:20]}")
    expect(damaged.locator(".toast")).to_contain_text("damaged")


def test_an_alert_opens_in_the_playground(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    pipeline.feed(article(20, "It is about the port. The navy blocked the port of Mirova.", title="Explain this"))
    page = open_page("/?rule=ports.closed&q=explain")
    expect(page.locator(".alert")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".verdict")).to_have_text("ports.closed fires (high)")
    expect(page.get_by_label("Title")).to_have_value("Explain this")


def test_the_playground_is_bounded(server: WebServer, web_settings: Settings) -> None:
    body = {"rule": RULES, "article": {"body": "x" * 50_001}}
    assert server.post("/api/playground", body)[0] == 400
    assert server.post("/api/playground", {"rule": "x" * 65_537, "article": {"body": "x"}})[0] == 400
    assert server.post("/api/playground", {"rule": RULES, "article": "x"})[0] == 400
    words = " AND ".join(f"(a{n} NEAR/90 (b OR c OR d OR e))" for n in range(200))
    heavy = RULES.split("\n---\n")[0].replace("SENTENCE(~port AND (~close OR ~block))", f"ANY({words})")
    many = {"rule": heavy, "article": {"body": " ".join(f"a{n % 200} b c d e" for n in range(2_500))}}
    assert server.post("/api/playground", many)[0] in (200, 422)
    status, found = server.post("/api/playground", {"rule": RULES, "article": {"body": "The port is closed."}})
    assert status == 200, "whatever came before, it goes on"
    assert [rule["fires"] for rule in found["rules"]] == [True, True, False]


def test_the_overview_draws_the_last_hour(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    pipeline.feed(article(30, title="On the line"))
    page = open_page("/overview")
    expect(page.locator(".tile", has_text="Alerts").locator(".value")).not_to_have_text("0")
    expect(page.locator(".chart")).to_have_count(4)
    expect(page.locator("path.area.c0")).not_to_have_count(0)
    expect(page.locator("rect.s-high")).not_to_have_count(0)
    expect(page.locator(".legend", has_text="shipping")).to_be_visible()
    expect(page.get_by_text("No worker is running")).to_be_visible()
    severities = page.locator(".chartbox").nth(1)

    def told() -> bool:
        # By the column itself: a minute later it is not the last one; and the charts are drawn anew all the time.
        page.mouse.move(0, 0)
        box = severities.locator("rect.s-high").last.bounding_box()
        if box is not None:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return "high" in (severities.locator(".tip").text_content() or "")

    eventually(told)
    page.locator(".dot.s-high").last.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?alert="))
    expect(page.locator(".alert .reading")).to_be_visible()


def test_charts_have_round_scales(open_page: Callable[..., Page]) -> None:
    page = open_page("/overview")
    tops = page.evaluate(
        "async () => { const { scale } = await import('/static/charts.js');"
        " return [0, 0.3, 1, 7, 30, 99, 1234].map((n) => [n, scale(n).top, scale(n).ticks.length]); }"
    )
    assert all(top >= n and 2 <= ticks <= 6 for n, top, ticks in tops), tops
