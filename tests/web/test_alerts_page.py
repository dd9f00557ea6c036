"""The list of alerts in a real browser: live, filtered, paused, by keyboard, without a connection."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from stream.model import Output
from stream.web.filters import filter_from
from tests.web.kit import Pipeline, WebServer, article, eventually

pytestmark = pytest.mark.embedded

RESIDUE = (
    "The navy blocked the port of Mirova on Monday, officials said in the capital.\n\n"
    "The blockade is the second of this year, and ships wait outside the bay.\n\n"
    "Sign up for our newsletter\n\nRead more: Ten ports to visit\n\nShare this article"
)


def titles(page: Page) -> list[str]:
    return page.locator(".alert:visible h3").all_text_contents()


def test_an_alert_appears_live_with_its_words_marked(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    page = open_page("/?rule=ports.closed&q=first")
    expect(page.get_by_text("No alert fits these filters")).to_be_visible()
    pipeline.feed(article(1, title="Headline first", published="2026-05-01T10:00:00Z"))
    row = page.locator(".alert").first
    expect(row.locator("h3")).to_have_text("Headline first")
    expect(row.locator(".sev")).to_have_text("high")
    assert row.locator(".text mark").all_text_contents() == ["blocked", "port"]
    for text in ("ports.closed", "A port is closed or blocked", "Example Wire", "2026-05-01"):
        expect(row.locator(".meta")).to_contain_text(text)


def test_newest_first_and_each_once(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    page = open_page("/?q=twice&rule=ports.closed")
    outputs = pipeline.alert_outputs(article(20, title="Twice", exercise=True))
    pipeline.send(*outputs, *outputs)
    pipeline.feed(article(21, title="After twice"))
    expect(page.locator(".alert h3").first).to_have_text("After twice")
    assert titles(page) == ["After twice", "Twice"], "nothing is repeated"


def test_an_opened_alert_shows_the_article_with_evidence_and_residue(
    open_page: Callable[..., Page], pipeline: Pipeline
) -> None:
    pipeline.feed(article(30, RESIDUE, title="The port of Mirova is closed 𝔸", author="A. Writer"))
    page = open_page("/?rule=ports.closed&q=mirova+closed")
    page.locator(".alert h3 button").first.click()
    reading = page.locator(".reading")
    expect(reading.locator(".body")).to_contain_text("The blockade is the second of this year")
    assert reading.locator(".body mark").all_text_contents() == ["blocked", "port"]
    assert reading.locator("h4 mark").all_text_contents() == ["port", "closed"]
    assert "Sign up for our newsletter" in "".join(reading.locator(".cut").all_text_contents())
    evidence = page.locator(".evidence button")
    assert evidence.count() == 4
    evidence.nth(3).click()
    expect(reading.locator("mark.hot")).to_have_text("port")
    expect(page.locator(".facts")).to_contain_text("A. Writer")


def test_filters_stand_in_the_url_and_can_be_shared(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    pipeline.feed(article(40, "The harbour of Orlo is quiet.", title="Quiet harbour", source="Quiet Times"))
    page = open_page("/")
    expect(page.locator(".alert h3").first).to_have_text("Quiet harbour")
    page.get_by_role("button", name="High +").click()
    expect(page).to_have_url(re.compile(r"\?severity=high$"))
    expect(page.locator(".alert .sev.low")).to_have_count(0)
    page.get_by_role("button", name="All", exact=True).click()
    page.locator("select[name=source]").select_option("Quiet Times")
    expect(page).to_have_url(re.compile(r"source=Quiet\+Times"))
    expect(page.locator(".alert")).to_have_count(1)
    page.get_by_role("searchbox").fill("orlo QUIET")
    expect(page).to_have_url(re.compile(r"q=orlo\+QUIET"))
    again = open_page(page.url.removeprefix(page.url.split("/?")[0]))
    assert titles(again) == ["Quiet harbour"]
    expect(again.get_by_role("searchbox")).to_have_value("orlo QUIET")
    again.get_by_role("button", name="Remove source Quiet Times").click()
    again.go_back()
    expect(again.locator(".chip")).to_have_count(1)
    again.locator(".meta button[data-filter=topic]", has_text="harbours").first.click()
    expect(again).to_have_url(re.compile("topic=harbours"))


def test_back_right_after_a_click_undoes_that_click(open_page: Callable[..., Page]) -> None:
    page = open_page("/?rule=ports.talk")
    expect(page.locator(".chip")).to_have_count(1)
    # In one turn of the page's own loop: nothing can come between.
    page.evaluate("document.querySelector('.chip button').click(); history.back()")
    expect(page).to_have_url(re.compile(r"/\?rule=ports\.talk$"))
    expect(page.locator(".chip")).to_have_count(1)


def test_words_still_being_typed_do_not_follow_to_another_view(open_page: Callable[..., Page]) -> None:
    page = open_page("/")
    page.get_by_role("searchbox").fill("orlo")
    page.evaluate("document.querySelector('nav a[href=\"/rules\"]').click()")
    expect(page).to_have_url(re.compile(r"/rules"))
    page.wait_for_timeout(600)  # longer than the pause after which typed words are taken
    expect(page).to_have_url(re.compile(r"/rules"))


CASES = (
    "severity=high",
    "severity=low&rule=ports.talk",
    "rule=ports.talk&rule=ports.closed",
    "topic=harbours",
    "topic=nothing",
    "source=EXAMPLE+wire",
    "q=mirova",
    "q=MIROVA+navy",
    "q=mirova+absent",
    "q=ports.closed",
    "severity=critical",
    "q=++",
)


def test_the_browser_filters_what_arrives_as_the_server_filters_lists(
    open_page: Callable[..., Page], server: WebServer
) -> None:
    items = server.json("/api/alerts?limit=500")["items"]
    page = open_page("/")
    script = """async ([cases, items]) => {
        const { fromQuery, matches } = await import('/static/filter.js');
        return cases.map((query) => items.filter((item) => matches(fromQuery(query), item)).map((item) => item.id));
    }"""
    for query, found in zip(CASES, page.evaluate(script, [list(CASES), items]), strict=True):
        pairs = [tuple(pair.split("=", 1)) for pair in query.replace("+", " ").split("&")]
        wanted = filter_from(pairs)  # type: ignore[arg-type]
        assert not isinstance(wanted, str)
        assert found == [item["id"] for item in items if wanted.matches(item)], query
        assert found == [item["id"] for item in server.json(f"/api/alerts?limit=500&{query}")["items"]], query


def test_pause_holds_back_and_counts(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    page = open_page("/?q=paused")
    page.keyboard.press("p")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    pipeline.feed(article(50, title="Paused one"), article(51, title="Paused two"))
    expect(page.locator(".newer")).to_have_text("4 new alerts while paused")
    expect(page).to_have_title("(4) Alerts · Redline")
    expect(page.locator(".alert")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator(".alert")).to_have_count(4)
    expect(page.locator(".newer")).to_be_hidden()
    expect(page).to_have_title("Alerts · Redline")


def test_what_arrives_does_not_move_the_reader(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    pipeline.feed(*(article(n, title=f"Long list {n}") for n in range(600, 620)))
    page = open_page("/?q=list")
    expect(page.locator(".alert")).to_have_count(40)
    page.evaluate("scrollTo(0, 900)")
    pipeline.feed(article(620, title="Later in the list"))
    expect(page.locator(".newer")).to_have_text("2 new alerts")
    assert page.evaluate("scrollY") == 900
    page.keyboard.press("n")
    expect(page.locator(".alert h3").first).to_have_text("Later in the list")
    expect(page.locator(".alert.unread")).to_have_count(2)
    assert page.evaluate("scrollY") == 0


def test_by_keyboard_alone(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    pipeline.feed(article(70, title="Keyboard one"), article(71, title="Keyboard two"))
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("keyboard")
    page.keyboard.press("Escape")
    expect(page.locator(".alert")).to_have_count(4)
    page.keyboard.press("4")
    expect(page.locator(".alert")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".alert.current h3")).to_have_text("Keyboard one")
    page.keyboard.press("o")
    expect(page.locator(".alert.current .reading .body")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".detail")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("acknowledge")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/rules$"))


def test_held_back_alerts_are_counted_with_their_reasons(
    open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer
) -> None:
    page = open_page("/")
    (output, *_) = pipeline.alert_outputs(article(80, title="Held back"))
    event = orjson.loads(output.value)
    event["data"]["suppressed"] = {"by": "throttle", "reason": "more than 1 in 1h"}
    topic = f"{pipeline.settings.topic_prefix}alerts.low"
    pipeline.send(Output(topic, output.key, orjson.dumps(event), output.headers))
    eventually(lambda: server.json("/api/suppressed")["total"] == 1)
    page.locator("#held").click()
    expect(page.locator(".held .reasons")).to_have_text("1 · throttle: more than 1 in 1h")
    assert "Held back" not in titles(page)


def test_a_break_is_said_and_the_gap_is_filled(
    open_page: Callable[..., Page], context: BrowserContext, pipeline: Pipeline
) -> None:
    page = open_page("/?q=gapped")
    context.set_offline(True)
    expect(page.locator("#connection.away")).to_contain_text("Disconnected, again in")
    expect(page.locator("#banner")).to_contain_text("fills the gap")
    pipeline.feed(article(90, title="Gapped"))
    context.set_offline(False)
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator(".alert h3").first).to_have_text("Gapped")
    expect(page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_dark_and_phone_read_well(open_page: Callable[..., Page], pipeline: Pipeline, scheme: str) -> None:
    pipeline.feed(article(100 + len(scheme), title="A headline " + "verylongword" * 12, source="S" * 200))
    page = open_page("/")
    # What has just come is coloured for a moment, if motion is liked.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator(".alert h3").first).to_contain_text("verylongword")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "nothing sticks out on a phone"
    contrasts = page.evaluate(CONTRAST)
    assert contrasts
    assert {k: v for k, v in contrasts.items() if v < 4.5} == {}


# WCAG's contrast of text against the nearest background behind it.
CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = rgb(getComputedStyle(n).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const selector of ['.sev', '.head h3', '.head time', '.head .text p', '.head mark', '.meta button', '.ruletitle',
    '.pill', '.top nav a', '.bar button', '.tag']) {
    for (const node of document.querySelectorAll(selector)) {
      if (!node.offsetParent) continue;
      const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
      const name = selector + '.' + node.className;
      found[name] = Math.min(found[name] ?? 99, (a + 0.05) / (b + 0.05));
    }
  }
  return found;
}"""
