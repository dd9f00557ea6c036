"""The rules of a folder as the page shows them: source, tests and their state. Runs in a process of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from stream.errors import RulesError
from stream.rulelang import RuleSet, SourceFile, load, render
from stream.rulelang.diagnostic import Loaded
from stream.rulelang.ruleset import Correlation, Rule, RuleTest, TimeEvent, TimeExpectation, TimeTest
from stream.ruletest import run_tests
from stream.sources.rulefiles import read_rule_files

DIAGNOSTICS_MAX = 20
EVENTS_MAX = 50
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
    results = {(result.file, result.line, result.name): result for result in run_tests(ruleset)}

    def problems(file: str, test: RuleTest | TimeTest) -> list[str]:
        return list(results[file, test.line, test.name].problems)

    def fields(one: Rule | Correlation) -> dict[str, Any]:
        return {
            "id": one.id,
            "version": one.version,
            "title": one.title,
            "description": one.description,
            "status": one.status,
            "severity": one.severity.value,
            "topics": list(one.topics),
            "file": _name(folder, one.file),
            "line": one.line,
            "source": document_at(texts[one.file], one.line),
        }

    rules = [
        {
            **fields(rule),
            "correlates": None,
            "tests": [
                *(_test(test, problems(rule.file, test)) for test in rule.tests),
                *(_time_test(test, problems(rule.file, test)) for test in rule.time_tests),
            ],
        }
        for rule in ruleset.rules
    ]
    correlations = [
        {
            **fields(each),
            "correlates": {"type": each.type, "rules": list(each.rules)},
            "tests": [_time_test(test, problems(each.file, test)) for test in each.tests],
        }
        for each in ruleset.correlations
    ]
    return rules + correlations


def _test(test: RuleTest, problems: list[str]) -> dict[str, Any]:
    return {
        "name": test.name,
        "expect": test.expect,
        "because": test.because,
        "line": test.line,
        "article": {key: str(value)[:5_000] for key, value in test.article.items()},
        "events": None,
        "problems": problems,
    }


def _time_test(test: TimeTest, problems: list[str]) -> dict[str, Any]:
    """A test over time: what happens when, and every alert that must come of it, a line each."""
    return {
        "name": test.name,
        "expect": _counted(len(test.expect), "alert"),
        "because": None,
        "line": test.line,
        "article": {},
        "events": [_event(event) for event in test.events][:EVENTS_MAX],
        "alerts": [_expected(alert) for alert in test.expect][:EVENTS_MAX],
        "problems": problems,
    }


def _event(event: TimeEvent) -> str:
    """`2h: ports.closed, story s1, source Reuters`."""
    story = [f"story {event.story}"] if event.story else []
    return ", ".join([f"{_span(event.at_seconds)}: {event.rule}", *story, *(f"{k} {v}" for k, v in event.values)])


def _expected(alert: TimeExpectation) -> str:
    """`2h: fired, count 3, group Reuters`."""
    count = [] if alert.count is None else [f"count {alert.count}"]
    group = [] if alert.group is None else [f"group {' '.join(alert.group)}"]
    return ", ".join([f"{_span(alert.at_seconds)}: {alert.state}", *count, *group])


def _span(seconds: int) -> str:
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return "".join(parts) + (f"{seconds}s" if seconds or not parts else "")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


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
    errors = [render(replace(d, file=_name(folder, d.file))) for d in loaded.diagnostics if d.severity == "error"]
    more = f"\n… and {len(errors) - DIAGNOSTICS_MAX} more" if len(errors) > DIAGNOSTICS_MAX else ""
    return _without(folder, "\n".join(errors[:DIAGNOSTICS_MAX]) + more)


def _without(folder: str, text: str) -> str:
    """Text without the folder's own path: where it is on the server is nobody's business."""
    if "/" not in folder:
        return text  # tells nothing, and may be any word: the folder `rules` is not meant by `rules/v1`
    return text.replace(folder.rstrip("/") + "/", "").replace(folder, "the rules folder")


def _name(folder: str, path: str) -> str:
    """A file of the folder by its path inside of it; a file that is the folder by its name."""
    return Path(path).name if path == folder else path.removeprefix(folder.rstrip("/") + "/")
