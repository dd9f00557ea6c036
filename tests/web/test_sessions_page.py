"""What a page shows while answers are slow, connections break, servers start again and people press twice."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Error, Page, Route, expect

from stream.settings import Settings
from tests.ports import free_port
from tests.web.kit import Pipeline, WebServer, article, eventually

pytestmark = pytest.mark.embedded

LISTS = re.compile(r"/api/alerts\?")
TOKEN = "a-token-for-long-sessions"


class Slow:
    """The next answer with a list: made at once, and kept back until `let`."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._kept: tuple[Route, APIResponse] | None = None
        page.route(LISTS, self._keep)

    def wait(self) -> None:
        """Returns once the answer is kept back."""
        deadline = time.monotonic() + 60
        while self._kept is None:
            assert time.monotonic() < deadline
            self._page.wait_for_timeout(20)

    def let(self) -> None:
        """Gives the answer; whoever asked may have gone."""
        assert self._kept is not None
        route, answer = self._kept
        with contextlib.suppress(Error):
            route.fulfill(response=answer)

    def _keep(self, route: Route) -> None:
        if self._kept is None:
            self._kept = route, route.fetch()
        else:
            route.continue_()


def titles(page: Page) -> list[str]:
    return page.locator(".alert:visible h3").all_text_contents()


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)


def test_what_arrives_while_a_list_is_loaded_is_in_it(open_page: Callable[..., Page], pipeline: Pipeline) -> None:
    page = open_page("/?q=slowly&rule=ports.closed")
    expect(page.get_by_text("No alert fits these filters")).to_be_visible()
    slow = Slow(page)
    search(page, "slowly loaded")
    slow.wait()
    pipeline.feed(article(1, title="Slowly loaded"))
    expect(page.locator(".alert h3")).to_have_text("Slowly loaded")
    with page.expect_response(re.compile("/api/facets")):  # asked for once the list is here
        slow.let()
    expect(page.locator(".alert h3")).to_have_text("Slowly loaded")


def test_older_alerts_of_another_view_do_not_come_into_this_one(
    open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer
) -> None:
    pipeline.feed(*(article(n, title=f"Elder {n}") for n in range(100, 160)))
    pipeline.feed(article(160, title="Younger"))
    eventually(lambda: len(server.json("/api/alerts?q=elder&limit=500")["items"]) == 120)
    page = open_page("/?q=elder")
    expect(page.locator(".alert")).to_have_count(100)
    slow = Slow(page)
    page.get_by_role("button", name="Older alerts").click()
    slow.wait()
    search(page, "younger")
    expect(page.locator(".alert")).to_have_count(2)
    slow.let()
    page.wait_for_timeout(300)
    assert set(titles(page)) == {"Younger"}


def test_a_list_that_is_refused_shows_nothing_else_in_its_place(
    open_page: Callable[..., Page], pipeline: Pipeline
) -> None:
    pipeline.feed(article(200, title="Of before"))
    page = open_page("/")
    expect(page.locator(".alert h3").first).to_have_text("Of before")
    search(page, " ".join(f"word{n}" for n in range(21)))
    expect(page.get_by_text("The alerts could not be loaded")).to_be_visible()
    expect(page.get_by_text("expected at most 20")).to_be_visible()
    expect(page.locator(".alert")).to_have_count(0)
    search(page, "before")
    expect(page.locator(".alert h3").first).to_have_text("Of before")


def test_new_alerts_are_counted_as_they_will_be_seen(
    open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer
) -> None:
    page = open_page("/?q=counted")
    page.keyboard.press("p")
    assert server.post("/api/silences", {"by": "Ada", "minutes": 5, "source": "Counted Wire"})[0] == 201
    pipeline.feed(article(300, title="Counted silent", source="Counted Wire"), article(301, title="Counted"))
    expect(page.locator(".newer")).to_have_text("2 new alerts while paused")
    expect(page).to_have_title("(2) Alerts · Redline")
    search(page, "counted silent")
    expect(page.locator(".newer")).to_be_hidden()
    expect(page).to_have_title("Alerts · Redline")


def test_a_server_that_starts_again_moves_no_list_that_is_paused(
    context: BrowserContext, web_settings: Settings, pipeline: Pipeline, tmp_path: Path
) -> None:
    port = free_port()
    pipeline.feed(article(400, title="Restarted one"))
    with WebServer(web_settings, tmp_path / "log", web_port=port) as first:
        first.wait_ready()
        page = context.new_page()
        page.goto(f"{first.url}/?q=restarted")
        expect(page.locator(".alert")).to_have_count(2)
        page.keyboard.press("p")
        first.stop()
    expect(page.locator("#connection.away")).to_be_visible()
    pipeline.feed(article(401, title="Restarted two"))
    with WebServer(web_settings, tmp_path / "log", web_port=port) as second:
        second.wait_ready()
        expect(page.locator(".newer")).to_have_text("2 new alerts while paused")
        assert set(titles(page)) == {"Restarted one"}
        page.keyboard.press("p")
        expect(page.locator(".alert")).to_have_count(4)
        assert titles(page)[0] == "Restarted two"


def test_who_is_logged_out_is_sent_to_the_login_and_not_told_of_a_break(
    context: BrowserContext, web_settings: Settings, tmp_path: Path
) -> None:
    with WebServer(web_settings, tmp_path / "log", web_token=TOKEN) as server:
        server.wait_ready()
        page = context.new_page()
        page.goto(f"{server.url}/")
        page.get_by_label("Token").fill(TOKEN)
        with page.expect_response(re.compile("/api/facets")):  # the last that is asked for
            page.keyboard.press("Enter")
        page.locator("#connection.live").wait_for()
        context.clear_cookies()
        context.set_offline(True)
        expect(page.locator("#connection.away")).to_be_visible()
        context.set_offline(False)
        expect(page).to_have_title("Log in · Redline")


def test_a_server_that_never_answers_is_a_break(context: BrowserContext, server: WebServer) -> None:
    page = context.new_page()
    page.clock.install()
    page.route(re.compile("/api/events"), lambda route: None)
    page.goto(f"{server.url}/")
    expect(page.locator("#connection")).to_have_text("Connecting")
    page.clock.run_for(30_000)
    expect(page.locator("#connection.away")).to_be_visible()


def test_a_silence_is_never_wider_than_what_was_chosen_and_asked_for_once(
    open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer
) -> None:
    pipeline.feed(article(500, "The harbour is quiet.", title="Chosen topics"))
    page = open_page("/?q=chosen&rule=ports.talk")
    expect(page.locator(".alert")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("s")
    box = page.get_by_role("dialog")
    box.get_by_label("topic: shipping").check()
    box.get_by_label("topic: harbours").check()
    expect(box.get_by_label("topic: shipping")).not_to_be_checked()
    box.get_by_label("Reason").fill("only once")
    box.get_by_label("By").fill("Ada L.")
    page.evaluate("const b = document.querySelector('dialog [type=submit]'); b.click(); b.click()")
    expect(box).to_be_hidden()
    eventually(lambda: any(s["reason"] == "only once" for s in server.json("/api/silences")["items"]))
    page.wait_for_timeout(300)
    made = [s for s in server.json("/api/silences")["items"] if s["reason"] == "only once"]
    assert [(s["rule"], s["topic"]) for s in made] == [("ports.talk", "harbours")]
    assert server.post(f"/api/silences/{made[0]['id']}/end", {"by": "Ada"})[0] == 201


def test_a_key_that_is_held_down_does_nothing_twice(open_page: Callable[..., Page]) -> None:
    page = open_page("/")
    for repeat in (False, True, True, True):
        page.evaluate(
            "(repeat) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'p', repeat, bubbles: true}))",
            repeat,
        )
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")


def test_the_button_below_the_list_keeps_the_focus(
    open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer
) -> None:
    page = open_page("/?q=nothingiscalledso")
    page.get_by_role("button", name="Clear the filters").focus()
    status, silence = server.post("/api/silences", {"by": "Ada", "minutes": 5, "rule": "no.such.rule"})
    assert status == 201
    page.locator("#held").evaluate("(node) => node.click()")
    expect(page.locator(".silences")).to_contain_text("no.such.rule")
    expect(page.get_by_role("button", name="Clear the filters")).to_be_focused()
    assert server.post(f"/api/silences/{silence['id']}/end", {"by": "Ada"})[0] == 201


def test_the_skip_link_opens_no_shared_playground(open_page: Callable[..., Page]) -> None:
    page = open_page("/playground#view")
    expect(page.locator(".verdict.fires")).to_be_visible()
    assert page.locator(".toast").count() == 0


def test_the_playground_has_all_that_a_rule_may_ask_of_an_article(
    open_page: Callable[..., Page], pipeline: Pipeline
) -> None:
    about = {"author": "A. Writer", "section": "World", "country": "MV", "url": "https://example.test/x"}
    ids = pipeline.feed(article(600, title="All of it", **about))
    page = open_page("/?q=all+of+it")
    expect(page.locator(".alert")).to_have_count(len(ids))
    with page.expect_request(re.compile("/api/playground")) as asked:
        page.goto(page.url.split("/?")[0] + f"/playground?alert={ids[0]}")
    sent = json.loads(asked.value.post_data or "")["article"]
    assert {name: sent.get(name) for name in about} == about


def test_an_address_that_cannot_be_a_rule_is_said(open_page: Callable[..., Page]) -> None:
    page = open_page("/rules/%25zz")
    page.evaluate("history.pushState(null, '', '/rules/%zz'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.locator(".ruledetail")).to_contain_text("there is no such rule")
