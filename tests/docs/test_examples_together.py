"""The rule in README.md and what docs/over-time.md makes of it have no findings and pass their tests; the sources file
in docs/sources.md is right."""

from __future__ import annotations

import re
from pathlib import Path

from stream.rulelang import SourceFile, load, render
from stream.ruletest import run_tests
from stream.sources.sourcesfile import load_sources

ROOT = Path(__file__).resolve().parents[2]


def examples(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_rule_and_the_correlation_over_it() -> None:
    (rule,) = examples("README.md")
    alert, correlation = examples("docs/over-time.md")
    throttled = rule.replace("status: stable", "status: experimental").replace("tests:", f"{alert}tests:")
    files = [SourceFile("throttled.yml", throttled), SourceFile("over-time.yml", correlation)]
    loaded = load(files)
    assert [render(diagnostic) for diagnostic in loaded.diagnostics] == []
    assert load([SourceFile("readme.yml", rule)]).diagnostics == ()
    assert loaded.ruleset is not None
    assert [str(result) for result in run_tests(loaded.ruleset) if not result.passed] == []


def test_the_sources_file() -> None:
    (example,) = examples("docs/sources.md")
    loaded = load_sources(SourceFile("docs/sources.md", example), environment={"WIRE_KEY": "a-key"}, folder=ROOT)
    assert [render(diagnostic) for diagnostic in loaded.diagnostics] == []
    assert loaded.sources is not None
