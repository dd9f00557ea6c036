"""`redline rules`: check and format rule files, run the tests written inside them, explain what rules find."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from stream.cli.common import NumberRange, load_settings
from stream.cli.completing import RuleId
from stream.cli.explaininput import article_in, rule_named
from stream.cli.jsonlines import echo_json
from stream.cli.rulesexplain import explained, printable_lines
from stream.errors import RulesError
from stream.matching import ReadArticle, read_article
from stream.matching.counting import count_articles
from stream.matching.explain import as_fields
from stream.matching.explain import explain as explain_rule
from stream.model import Reject
from stream.rulelang import Diagnostic, Loaded, RuleSet, SourceFile, file_schema, format_file, load, render
from stream.rulelang.commonterms import ARTICLES_MIN, terms_of, too_common
from stream.ruletest import EPOCH, TestResult, run_tests
from stream.sources.rulefiles import read_rule_files
from stream.wire.decode import decode_article

_FOLDER = click.argument("folder", required=False, type=click.Path(file_okay=True, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


@click.group()
def rules() -> None:
    """Check and format rule files, run their tests, explain what they find.

    FOLDER is a folder of rule files (or one file); by default the one of the settings.
    """


@rules.command()
@_FOLDER
@click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings.")
@click.option("--corpus", type=click.File("rb"), help="Articles, one JSON object a line: warn of words common in them.")
@click.option(
    "--corpus-share",
    type=NumberRange(0, 100),
    default=20,
    show_default=True,
    metavar="PERCENT",
    help="The share of the corpus above which a word is common.",
)
@_JSON
def check(folder: Path | None, strict: bool, corpus: BinaryIO | None, corpus_share: float, as_json: bool) -> None:
    """Say what is wrong with rule files: file, line, column, what was found and what was expected.

    Exit codes: 0 fine, 1 warnings under --strict, 2 errors.
    """
    files = read_rule_files(folder or load_settings({}).rules_dir)
    loaded = load(files)
    diagnostics = list(loaded.diagnostics)
    if corpus is not None and loaded.ruleset is not None:
        diagnostics += _common(files, corpus, corpus_share / 100)
    for diagnostic in diagnostics:
        click.echo(_json(diagnostic) if as_json else render(diagnostic) + "\n")
    counts = Counter(d.severity for d in diagnostics)
    if not as_json:
        found = f"{_count(counts['error'], 'error')}, {_count(counts['warning'], 'warning')}"
        of = "" if loaded.ruleset is None else f"{_contents(loaded)}: "
        click.echo(f"{of}{found}")
    if loaded.ruleset is None:
        raise click.exceptions.Exit(2)
    if strict and counts["warning"]:
        raise click.exceptions.Exit(1)


def _common(files: list[SourceFile], corpus: BinaryIO, share_max: float) -> list[Diagnostic]:
    """Warnings of words that are common in a corpus. Its size, and lines that are no articles, go to stderr."""
    terms = terms_of(files)
    refused = Counter[str]()
    counts, articles = count_articles([term.node for term in terms], _articles_of(corpus, refused))
    if refused:
        shown = ", ".join(f"{code}: {count:,}" for code, count in refused.most_common())
        click.echo(f"redline: {corpus.name}: {_count(refused.total(), 'line')} refused ({shown})", err=True)
    if articles < ARTICLES_MIN:
        raise click.UsageError(f"{corpus.name} has {_count(articles, 'article')}, expected at least {ARTICLES_MIN}")
    return too_common(terms, counts, articles, share_max)


def _articles_of(corpus: BinaryIO, refused: Counter[str]) -> Iterator[ReadArticle]:
    bytes_max = load_settings({}).message_bytes_max
    for line in corpus:
        decoded = decode_article(line, message_bytes_max=bytes_max)
        if isinstance(decoded, Reject):
            refused[decoded.code] += 1
        else:
            yield read_article(decoded.article, EPOCH)


@rules.command()
@_FOLDER
@click.option(
    "--rule", "only", multiple=True, type=RuleId(), metavar="ID", help="Only the tests of this rule; may be repeated."
)
@_JSON
def test(folder: Path | None, only: tuple[str, ...], as_json: bool) -> None:
    """Run the tests that stand inside rule files.

    Exit codes: 0 all passed, 1 some failed, 2 the rules cannot be used.
    """
    ruleset = _usable(_load(folder))
    unknown = set(only) - {rule.id for rule in ruleset.rules} - {c.id for c in ruleset.correlations}
    if unknown:
        raise click.UsageError(f"there is no rule {', '.join(sorted(unknown))}")
    results = [r for r in run_tests(ruleset) if not only or r.rule in only]
    failed = [r for r in results if not r.passed]
    if as_json:
        for result in results:
            click.echo(_result_json(result))
    else:
        for result in failed:
            click.echo(printable_lines(str(result)))
        tested = len({r.rule for r in results})
        if not results:
            click.echo("no test was run: there is none in these rules", err=True)
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed ({_count(tested, 'rule')} tested)")
    if failed:
        raise click.exceptions.Exit(1)


@rules.command()
@_FOLDER
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, a line each.")
def fmt(folder: Path | None, only_check: bool, as_json: bool) -> None:
    """Write rule files in their canonical form: keys in order, expressions laid out, comments kept.

    The meaning stays: the digest of the rules before and after is the same. Names the files that change.

    Exit codes: 0 fine, 1 files would change under --check, 2 the rules cannot be used.
    """
    files = read_rule_files(folder or load_settings({}).rules_dir)
    before = _usable(load(files))
    formatted = [SourceFile(file.path, format_file(file)) for file in files]
    after = load(formatted).ruleset
    if after is None or (after.digest, _tests(after)) != (before.digest, _tests(before)):
        raise AssertionError("the canonical form means something else; nothing was written")
    changed = [new for old, new in zip(files, formatted, strict=True) if new.text != old.text]
    for file in changed:
        if not only_check:
            _replace(Path(file.path), file.text)
        if not as_json:
            click.echo(f"{'would change' if only_check else 'changed'} {file.path}")
    same = len(files) - len(changed)
    if as_json:
        for file in formatted:
            echo_json({"file": file.path, "changed": file in changed, "written": file in changed and not only_check})
    else:
        click.echo(
            f"{_count(len(changed), 'file')} {'to change' if only_check else 'changed'}, {same} as they should be"
        )
    if changed and only_check:
        raise click.exceptions.Exit(1)


@rules.command()
@click.argument("identifier", type=RuleId(), metavar="ID")
@click.option("--article", required=True, type=click.File("rb"), help="A file with one article as JSON; `-`: stdin.")
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="The folder of rule files.")
@_JSON
def explain(identifier: str, article: BinaryIO, folder: Path | None, as_json: bool) -> None:
    """Say why the rule ID fires on an article or stays quiet: what held where, and what was missing.

    Shows the tree of the expression, the forms of each `~word`, the nearest miss of a quiet rule, its exclusions and
    its scope. The event time is `fetched`, else `published`, else 1970-01-01.

    Exit codes: 0 explained, 2 no such rule, no usable article, or unusable rules.
    """
    settings = load_settings({})
    files = read_rule_files(folder or settings.rules_dir)
    ruleset = _usable(load(files))
    rule = rule_named(identifier, ruleset, files)
    decoded = article_in(article.read(), article.name, identifier, message_bytes_max=settings.message_bytes_max)
    for warning in decoded.warnings:
        click.echo(f"redline: {warning}", err=True)
    read = read_article(decoded.article, decoded.article.fetched or decoded.article.published or EPOCH)
    explanation = explain_rule(rule, ruleset.rules, read)
    click.echo(orjson.dumps(as_fields(explanation)) if as_json else explained(explanation))


@rules.command()
@click.option("--json", is_flag=True, expose_value=False, help="It is JSON either way.")
def schema() -> None:
    """Print the JSON Schema of rule files, for editors that complete and check while you write.

    Exit code: 0.
    """
    click.echo(orjson.dumps(file_schema(), option=orjson.OPT_INDENT_2).decode())


def _tests(ruleset: RuleSet) -> list[tuple[object, ...]]:
    single = [(r.id, t.name, t.article, t.expect, t.spans, t.because) for r in ruleset.rules for t in r.tests]
    over_time = [(r.id, replace(t, line=0)) for r in ruleset.rules for t in r.time_tests]
    correlations = [(c.id, replace(t, line=0)) for c in ruleset.correlations for t in c.tests]
    return [*single, *over_time, *correlations]


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; a link stays a link."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.fmt")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        shutil.copymode(target, draft)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RulesError(f"{path} cannot be written: {error.strerror or error}") from error


def _load(folder: Path | None) -> Loaded:
    return load(read_rule_files(folder or load_settings({}).rules_dir))


def _usable(loaded: Loaded) -> RuleSet:
    """The rule set; or the errors on stderr and exit code 2."""
    if loaded.ruleset is not None:
        return loaded.ruleset
    errors = [d for d in loaded.diagnostics if d.severity == "error"]
    for diagnostic in errors:
        click.echo(render(diagnostic) + "\n", err=True)
    click.echo(f"redline: the rules cannot be used: {_count(len(errors), 'error')}", err=True)
    raise click.exceptions.Exit(2)


def _contents(loaded: Loaded) -> str:
    assert loaded.ruleset is not None
    ruleset = loaded.ruleset
    counted = [_count(len(ruleset.rules), "rule"), _count(ruleset.lists, "list")]
    if ruleset.correlations:
        counted.insert(1, _count(len(ruleset.correlations), "correlation"))
    return ", ".join(counted)


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
            "why": result.why,
        }
    ).decode()
