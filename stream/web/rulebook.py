"""The rules of a folder as the page shows them: source, tests and their state. Runs in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from stream.errors import RulesError
from stream.rulelang import RuleSet, SourceFile, load, render
from stream.rulelang.diagnostic import Loaded
from stream.ruletest import TestResult, run_tests
from stream.sources.rulefiles import read_rule_files

DIAGNOSTICS_MAX = 20
SEPARATOR = re.compile(r"(?m)^---[ \t]*$\n?")

_last: tuple[list[SourceFile], dict[str, Any]] | None = None


def answer(folder: str) -> dict[str, Any]:
    """The rule book of a folder: `rules`, `lists`, `digest`, and `trouble` with what keeps it from being used."""
    global _last  # one folder a process; unchanged files need not be read twice
    try:
        files = read_rule_files(Path(folder))
    except RulesError as error:
        return {"trouble": _without(folder, str(error)), "digest": None, "lists": 0, "rules": []}
    if _last is None or _last[0] != files:
        _last = files, _book(files, folder)
    return _last[1]


def _book(files: list[SourceFile], folder: str) -> dict[str, Any]:
    loaded = load(files)
    if loaded.ruleset is None:
        return {"trouble": _said(loaded, folder), "digest": None, "lists": 0, "rules": []}
    texts = {file.path: file.text for file in files}
    return {
        "trouble": None,
        "digest": loaded.ruleset.digest,
        "lists": loaded.ruleset.lists,
        "rules": _rules(loaded.ruleset, texts, folder),
    }


def _rules(ruleset: RuleSet, texts: dict[str, str], folder: str) -> list[dict[str, Any]]:
    results: dict[str, list[TestResult]] = {}
    for result in run_tests(ruleset):
        results.setdefault(result.rule, []).append(result)
    return [
        {
            "id": rule.id,
            "version": rule.version,
            "title": rule.title,
            "description": rule.description,
            "status": rule.status,
            "severity": rule.severity.value,
            "topics": list(rule.topics),
            "file": _without(folder, rule.file),
            "line": rule.line,
            "source": document_at(texts[rule.file], rule.line),
            "tests": [
                {
                    "name": test.name,
                    "expect": test.expect,
                    "because": test.because,
                    "line": test.line,
                    "article": {key: str(value)[:5_000] for key, value in test.article.items()},
                    "problems": list(result.problems),
                }
                for test, result in zip(rule.tests, results.get(rule.id, ()), strict=True)
            ],
        }
        for rule in ruleset.rules
    ]


def document_at(text: str, line: int) -> str:
    """The YAML document of a file that holds a line (from 1)."""
    at = 1
    for document in SEPARATOR.split(text):
        ends = at + document.count("\n") + 1
        if line < ends:
            return document.strip("\n") + "\n"
        at = ends
    return text


def _said(loaded: Loaded, folder: str) -> str:
    errors = [render(d) for d in loaded.diagnostics if d.severity == "error"]
    more = f"\n… and {len(errors) - DIAGNOSTICS_MAX} more" if len(errors) > DIAGNOSTICS_MAX else ""
    return _without(folder, "\n".join(errors[:DIAGNOSTICS_MAX]) + more)


def _without(folder: str, text: str) -> str:
    """Text without the folder's own path: where it is on the server is nobody's business."""
    return text.replace(folder.rstrip("/") + "/", "").replace(folder, "the rules folder")
