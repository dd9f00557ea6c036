"""Rule files on trial: the same verdict here and in another process, and nothing of it stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stream.rulelang import SourceFile, load
from stream.sources.rulefiles import read_rule_files
from stream.worker.trial import tried, tried_in_child
from tests.worker.rulefolder import rule_text

RULES = Path(__file__).parents[2] / "rules"

WORKER = """
import sys
import stream.cli.worker, stream.worker.run, stream.worker.trial
from stream.sources.rulefiles import read_rule_files
print(sorted({"lark", "ruamel", "kafka"} & {name.partition(".")[0] for name in sys.modules}))
"""


def test_a_worker_does_not_carry_what_reads_rules_and_looks_at_topics() -> None:
    ended = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "[]"


def test_the_shipped_rules_come_back_as_they_are_loaded() -> None:
    files = read_rule_files(RULES)
    found = tried_in_child(files, with_tests=False)
    assert found.loaded == load(files)
    assert found.failed == ()


def test_diagnostics_come_back() -> None:
    files = [SourceFile("rules/a.yml", "schema: rules/v1\nkind: rule\n")]
    found = tried_in_child(files)
    assert found.loaded.ruleset is None
    assert found.loaded.diagnostics == load(files).diagnostics


def test_a_test_that_fails_comes_back() -> None:
    text = rule_text("a", "first") + "  - {name: wrong, article: {body: Nothing.}, expect: fire}\n"
    files = [SourceFile("rules/a.yml", text)]
    found = tried_in_child(files)
    assert found == tried(files)
    assert [(failed.name, failed.file) for failed in found.failed] == [("wrong", "rules/a.yml")]
    assert tried(files, with_tests=False).failed == ()
