"""Pictures of the page for docs/images, taken from a real replay: broker, worker, page, Chromium.

    python -m tools.page_pictures [FOLDER]      (default docs/images)

The seeds are replayed; then every main view is photographed, light and dark, and the list of alerts on a phone.
Needs Chromium (Debian: chromium).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.cli.demoing import Demo
from stream.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
WIDE = {"width": 1360, "height": 860}
PHONE = {"width": 390, "height": 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server", "--no-first-run"]


def main() -> None:
    """Takes all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with EmbeddedBroker() as broker:
        settings = Settings(
            **setting_overrides(broker),
            rules_dir=ROOT / "rules",
            seeds_dir=ROOT / "seeds",
            replay_gap_max_seconds=0.5,
            metrics_port=0,
            web_port=0,
            web_metrics_port=0,
        )
        with Demo(settings, Console(quiet=True), broker, page=True) as demo, sync_playwright() as playwright:
            demo.replay(1.0)
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or "/usr/bin/chromium", args=FLAGS
            )
            for name, path, size, scheme, prepare in SHOTS:
                _shoot(chromium, demo.page_url.rstrip("/") + path, size, scheme, prepare, folder / name)
                print(folder / name)
            chromium.close()


def _shoot(
    browser: Browser, url: str, size: dict[str, int], scheme: str, prepare: Callable[[Page], None], to: Path
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    page.locator("#connection.live").wait_for()
    prepare(page)
    page.screenshot(path=to, animations="disabled")
    context.close()


def _alerts(page: Page) -> None:
    page.locator(".alert").nth(3).wait_for()


def _opened(page: Page) -> None:
    _alerts(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".reading .body mark").first.wait_for()
    page.locator(".evidence button").first.click()


def _overview(page: Page) -> None:
    page.locator(".chart").nth(3).wait_for()


def _rule(page: Page) -> None:
    page.locator(".tests li").first.wait_for()


def _played(page: Page) -> None:
    page.locator(".verdict.fires, .verdict.quiet").wait_for()
    page.locator(".tree").first.wait_for()


def _phone_rules(page: Page) -> None:
    page.locator(".rules tbody tr").first.wait_for()


Shot = tuple[str, str, dict[str, int], str, Callable[[Page], None]]
SHOTS: tuple[Shot, ...] = (
    ("page-alerts.png", "/", WIDE, "light", _alerts),
    ("page-alerts-dark.png", "/?severity=high", WIDE, "dark", _opened),
    ("page-overview.png", "/overview", WIDE, "light", _overview),
    ("page-rules.png", "/rules/ua.escalation.risk", WIDE, "light", _rule),
    ("page-playground.png", "/playground?rule=ua.strikes.permission", WIDE, "light", _played),
    ("page-phone-rules.png", "/rules", PHONE, "dark", _phone_rules),
    ("page-phone-overview.png", "/overview", PHONE, "light", _overview),
    ("page-phone.png", "/", PHONE, "light", _alerts),
)

if __name__ == "__main__":
    main()
