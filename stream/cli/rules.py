"""`redline rules`: check rule files, run the tests written inside them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import orjson

from stream.cli.common import load_settings
from stream.rulelang import Diagnostic, Loaded, load, render
from stream.ruletest import TestResult, run_tests
from stream.sources.rulefiles import read_rule_files

_FOLDER = click.argument("folder", required=False, type=click.Path(file_okay=True, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


@click.group()
def rules() -> None:
    """Check rule files and run their tests.

    FOLDER is a folder of rule files (or one file); by default the one of the settings.
    """


@rules.command()
@_FOLDER
@click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings.")
@_JSON
def check(folder: Path | None, strict: bool, as_json: bool) -> None:
    """Say what is wrong with rule files: file, line, column, what was found and what was expected.

    Exit codes: 0 fine, 1 warnings under --strict, 2 errors.
    """
    loaded = _load(folder)
    for diagnostic in loaded.diagnostics:
        click.echo(_json(diagnostic) if as_json else render(diagnostic) + "\n")
    counts = Counter(d.severity for d in loaded.diagnostics)
    if not as_json:
        found = f"{_count(counts['error'], 'error')}, {_count(counts['warning'], 'warning')}"
        of = "" if loaded.ruleset is None else f"{_contents(loaded)}: "
        click.echo(f"{of}{found}")
    if loaded.ruleset is None:
        raise click.exceptions.Exit(2)
    if strict and counts["warning"]:
        raise click.exceptions.Exit(1)


@rules.command()
@_FOLDER
@click.option("--rule", "only", multiple=True, metavar="ID", help="Only the tests of this rule; may be repeated.")
@_JSON
def test(folder: Path | None, only: tuple[str, ...], as_json: bool) -> None:
    """Run the tests that stand inside rule files.

    Exit codes: 0 all passed, 1 some failed, 2 the rules cannot be used.
    """
    loaded = _load(folder)
    if loaded.ruleset is None:
        errors = [d for d in loaded.diagnostics if d.severity == "error"]
        for diagnostic in errors:
            click.echo(render(diagnostic) + "\n", err=True)
        click.echo(f"redline: the rules cannot be used: {_count(len(errors), 'error')}", err=True)
        raise click.exceptions.Exit(2)
    unknown = set(only) - {rule.id for rule in loaded.ruleset.rules}
    if unknown:
        raise click.UsageError(f"there is no rule {', '.join(sorted(unknown))}")
    results = [r for r in run_tests(loaded.ruleset) if not only or r.rule in only]
    failed = [r for r in results if not r.passed]
    if as_json:
        for result in results:
            click.echo(_result_json(result))
    else:
        for result in failed:
            click.echo(str(result))
        tested = len({r.rule for r in results})
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed ({_count(tested, 'rule')} tested)")
    if failed:
        raise click.exceptions.Exit(1)


def _load(folder: Path | None) -> Loaded:
    return load(read_rule_files(folder or load_settings({}).rules_dir))


def _contents(loaded: Loaded) -> str:
    assert loaded.ruleset is not None
    return f"{_count(len(loaded.ruleset.rules), 'rule')}, {_count(loaded.ruleset.lists, 'list')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _json(diagnostic: Diagnostic) -> str:
    place = diagnostic.place
    return orjson.dumps(
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "file": diagnostic.file,
            "line": place.line,
            "column": place.column,
            "length": place.length,
            "found": diagnostic.found,
            "expected": diagnostic.expected,
            "help": diagnostic.help,
        }
    ).decode()


def _result_json(result: TestResult) -> str:
    return orjson.dumps(
        {
            "rule": result.rule,
            "test": result.name,
            "file": result.file,
            "line": result.line,
            "passed": result.passed,
            "problems": result.problems,
        }
    ).decode()
