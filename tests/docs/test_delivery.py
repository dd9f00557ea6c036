"""The routes file in docs/delivery.md: it is right, and its tests pass."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from stream.notify.routesfile import load_routes
from stream.notify.routetests import run_route_tests
from stream.notify.template import PLACEHOLDERS
from stream.rulelang import SourceFile, render

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")


def test_the_example_is_right() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    environment = {"DESK_SECRET": secret, "ON_CALL_URL": "slack://A/B/C"}
    loaded = load_routes(SourceFile("docs/delivery.md", example), environment=environment, folder=ROOT)
    assert [render(diagnostic) for diagnostic in loaded.diagnostics] == []
    assert loaded.routes is not None
    assert [result.passed for result in run_route_tests(loaded.routes, loaded.tests)] == [True]


def test_it_names_the_placeholders_and_files_that_there_are() -> None:
    named = set(re.findall(r"\{([a-z]+(?:\.[A-Za-z0-9.]+)?)\}", TEXT)) - {"team"}
    assert named <= set(PLACEHOLDERS) | {"labels.NAME"}
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
