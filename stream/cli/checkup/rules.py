"""The rule files and the sources file: can they be used as they are?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from stream.cli.checkup.finding import Finding, error, ok, warning
from stream.errors import RulesError
from stream.model import Reject
from stream.rulelang import Diagnostic, Loaded, SourceFile, load
from stream.rulelang.diagnostic import FILE_BYTES_MAX
from stream.settings import Settings
from stream.sources.regular_file import read_regular
from stream.sources.rulefiles import read_rule_files
from stream.sources.sourcesfile import load_sources, types_of

NAMED_MAX = 3


def rules(settings: Settings) -> Iterator[Finding]:
    """The rules folder. Whether the rules' own tests pass says `redline rules test`."""
    folder = settings.rules_dir
    try:
        loaded = load(read_rule_files(folder))
    except RulesError as problem:
        yield error("rules", str(problem), "a folder of rule files", "name it with --rules or REDLINE_RULES_DIR")
        return
    yield from _judged(loaded, folder)


def _judged(loaded: Loaded, folder: Path) -> Iterator[Finding]:
    do = f"`redline rules check {folder}` says what to do about each"
    ruleset = loaded.ruleset
    if ruleset is None:
        wrong = [d for d in loaded.diagnostics if d.severity == "error"]
        yield error("rules", f"{_count(len(wrong), 'error')} in {folder}: {named(wrong)}", "rules without errors", do)
        return
    found = f"{_count(len(ruleset.rules), 'rule')} in {folder} (digest {ruleset.digest[:12]})"
    if loaded.diagnostics:
        said = f"{found}; {_count(len(loaded.diagnostics), 'warning')}: {named(loaded.diagnostics)}"
        yield warning("rules", said, "rules without warnings", do)
    else:
        yield ok("rules", found)


def sources(settings: Settings) -> Iterator[Finding]:
    """The sources file, if there is one."""
    path = settings.sources_file
    if not path.exists():
        yield ok("sources", f"no {path}; only `redline ingest` needs one (cp sources.example.yml {path})")
        return
    data = read_regular(path.resolve(), file_bytes_max=FILE_BYTES_MAX)
    if isinstance(data, Reject):
        yield error("sources", f"{path}: {data.reason}", "a file that can be read", f"chmod u+r {path}")
        return
    file = SourceFile(str(path), data.decode("utf-8", "surrogateescape"))
    loaded = load_sources(file, environment=os.environ, folder=path.resolve().parent)
    do = "`redline ingest --check` says what is wrong where"
    if loaded.sources is None:
        yield error("sources", f"{path}: {named(loaded.diagnostics)}", "a sources file without errors", do)
    elif loaded.diagnostics:
        yield warning("sources", f"{path}: {named(loaded.diagnostics)}", "a sources file without warnings", do)
    else:
        kinds = ", ".join(f"{count} {kind}" for kind, count in types_of(loaded.sources).items())
        yield ok("sources", f"{path}: {kinds or 'no source is enabled'}")


def named(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> str:
    """The first few, by file, line and code."""
    shown = [f"{d.file}:{d.place.line} {d.code}" for d in diagnostics[:NAMED_MAX]]
    more = f" and {len(diagnostics) - NAMED_MAX} more" if len(diagnostics) > NAMED_MAX else ""
    return ", ".join(shown) + more


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
