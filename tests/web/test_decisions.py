"""Acknowledgements, verdicts and silences: from the page and the command line, for everybody, after a restart too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from stream.settings import ENV_PREFIX, Settings
from tests.web.kit import ROOT, Pipeline, WebServer, article

pytestmark = pytest.mark.embedded


def redline(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command on the test's broker."""
    given = {"bootstrap": settings.bootstrap, "topic_prefix": settings.topic_prefix}
    clean = {k: v for k, v in os.environ.items() if not k.startswith(ENV_PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", "stream.cli", "alerts", *arguments],
        cwd=ROOT,
        env={**clean, **{ENV_PREFIX + k.upper(): v for k, v in given.items()}},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_decisions_of_page_and_command_line_are_everybodys_and_survive(
    open_page: Callable[..., Page], pipeline: Pipeline, web_settings: Settings, server: WebServer, tmp_path: Path
) -> None:
    high, low = pipeline.feed(article(1, title="Decide this"))
    page, other = open_page("/?q=decide"), open_page("/?q=decide")
    page.locator(".alert", has_text="ports.closed").locator("h3 button").click()
    page.keyboard.press("a")
    page.get_by_label("By").fill("Ada L.")
    page.keyboard.press("Enter")
    for one in (page, other):
        expect(one.locator(f".alert[data-id='{high}']")).to_contain_text("acknowledged by Ada L.")
    page.keyboard.press("f")
    page.get_by_label("Note").fill("It was a computer port.")
    page.get_by_role("button", name="Keep the verdict").click()
    expect(other.locator(f".alert[data-id='{high}']")).to_contain_text("false positive, Ada L.")
    expect(other.locator(f".alert[data-id='{high}']")).to_contain_text("acknowledged by Ada L.")

    done = redline(web_settings, "verdict", low, "true-positive", "--by", "Bob", "--note", "seen")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"true positive: {low} (ports.talk), by Bob\n"
    expect(page.locator(f".alert[data-id='{low}']")).to_contain_text("true positive, Bob")
    assert redline(web_settings, "ack", "0" * 36).returncode == 2

    rules = {rule["id"]: rule for rule in server.json("/api/rules")["rules"]}
    assert rules["ports.closed"]["false_positives"] >= 1
    page.get_by_role("button", name="Take back the acknowledgement").click()
    expect(other.locator(f".alert[data-id='{high}']")).not_to_contain_text("acknowledged")
    with WebServer(web_settings, tmp_path / "log") as again:
        again.wait_ready()
        found = {item["id"]: item for item in again.json("/api/alerts?q=decide")["items"]}
        assert found[high]["verdict"]["note"] == "It was a computer port."
        assert found[high]["acknowledged"] is None
        assert found[low]["verdict"]["by"] == "Bob"


def test_what_somebody_else_has_acknowledged_is_not_taken_back_by_the_key_that_was_to_do_the_same(
    open_page: Callable[..., Page], pipeline: Pipeline, web_settings: Settings
) -> None:
    first, _ = pipeline.feed(article(2, title="Two at once"))
    page = open_page("/?q=once")
    page.locator(f".alert[data-id='{first}'] h3 button").click()
    row = page.locator(f".alert[data-id='{first}']")
    assert redline(web_settings, "ack", first, "--by", "Bob").returncode == 0
    expect(row).to_contain_text("acknowledged by Bob")
    page.keyboard.press("a")
    page.get_by_label("By").fill("Ada L.")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_have_text("Bob has acknowledged it. Once more takes that back.")
    expect(row).to_contain_text("acknowledged by Bob")
    page.keyboard.press("a")
    expect(row).not_to_contain_text("acknowledged by")
    page.keyboard.press("a")
    expect(row).to_contain_text("acknowledged by Ada L.")
    page.keyboard.press("a")
    expect(row).not_to_contain_text("acknowledged by")


def test_a_silence_hides_until_it_ends_and_says_whose_it_is(
    open_page: Callable[..., Page], pipeline: Pipeline, web_settings: Settings, server: WebServer
) -> None:
    pipeline.feed(article(20, title="Silence this", source="Noisy Wire"))
    page = open_page("/?q=silence")
    expect(page.locator(".alert:visible")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("s")
    box = page.get_by_role("dialog")
    box.get_by_label("rule: ").uncheck()
    box.get_by_label("source: Noisy Wire").check()
    box.get_by_label("Reason").fill("floods us")
    box.get_by_label("By").fill("Ada L.")
    box.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("Everything is silenced")).to_be_visible()
    expect(page.locator("#held")).to_contain_text("2 silenced")
    pipeline.feed(article(21, title="Silence this too", source="noisy wire"))
    expect(page.locator("#held")).to_contain_text("4 silenced")
    assert b"Silence this" not in server.get("/alerts.atom?q=silence")[1]

    listed = redline(web_settings, "silences", "--json")
    (silence,) = [s for line in listed.stdout.splitlines() if (s := json.loads(line)).get("source") == "Noisy Wire"]
    assert (silence["by"], silence["reason"]) == ("Ada L.", "floods us")
    assert "rule" not in silence
    page.locator("#held").click()
    expect(page.locator(".silences")).to_contain_text("source Noisy Wire until")
    page.get_by_label("Show silenced alerts").check()
    expect(page.locator(".alert:visible").first).to_contain_text("silenced by Ada L. until")
    ended = redline(web_settings, "unsilence", silence["id"], "--by", "Bob")
    assert ended.returncode == 0, ended.stderr
    expect(page.locator(".silences")).not_to_contain_text("Noisy Wire")
    expect(page.locator(".alert.silent")).to_have_count(0)
    assert b"Silence this" in server.get("/alerts.atom?q=silence")[1]


def test_a_silence_without_a_criterion_or_with_a_strange_span_is_refused(web_settings: Settings) -> None:
    for arguments in (("silence",), ("silence", "--rule", "x", "--for", "soon"), ("unsilence", "none")):
        done = redline(web_settings, *arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
