"""One page and one pipeline for all tests, a browser for each module."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.settings import Settings
from tests.web.kit import RULES, Pipeline, WebServer

# Machines are slow at times; a condition that holds is waited for no longer than it takes.
expect.set_options(timeout=30_000)

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a browser is for `make test-web`: a machine without one runs all the rest."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without anything that would look for a network.

    Not for the whole session: while Playwright is there, no other test could run an event loop.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def rules_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "ports.yml").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def web_settings(embedded_broker: EmbeddedBroker, rules_folder: Path) -> Settings:
    """Settings with topics of their own, created."""
    settings = Settings(
        **setting_overrides(embedded_broker),
        topic_prefix="web.",
        topic_partitions=2,
        consumer_group="web",
        rules_dir=rules_folder,
    )
    with Admin(settings) as admin:
        admin.create()
    return settings


@pytest.fixture(scope="session")
def pipeline(web_settings: Settings, rules_folder: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(web_settings, rules_folder)
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="session")
def server(web_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """The page that most tests look at."""
    with WebServer(web_settings, tmp_path_factory.mktemp("web") / "log") as running:
        yield running.wait_ready()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of this test's own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext, server: WebServer) -> Iterator[Callable[..., Page]]:
    """Opens a path of the page, fails on any error in the browser's console, waits until it is live."""
    problems: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error":
            problems.append(message.text)

    def open_(path: str = "/", *, live: bool = True) -> Page:
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(server.url + path)
        if live:
            page.locator("#connection.live").wait_for()
        return page

    yield open_
    assert [p for p in problems if "Failed to load resource" not in p and "ERR_" not in p] == []
