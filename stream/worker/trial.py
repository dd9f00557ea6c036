"""Rule files on trial: read, checked, compiled, and their own tests run, without a trace in the memory of the worker.

Parsers and what they leave are 20 MB, so a worker has it done by a process that ends (`inchild`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stream.rulelang.diagnostic import Loaded, SourceFile
from stream.worker.inchild import ChildCall

READING = "reading the rules"


@dataclass(frozen=True, slots=True)
class Failed:
    """A test that did not pass, where it stands, and what was found and expected."""

    rule: str
    name: str
    file: str
    line: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of rule files. The rule set, if there is one, is `lean`; `failed` is empty where none was to run."""

    loaded: Loaded
    failed: tuple[Failed, ...]


def tried(files: Sequence[SourceFile], *, with_tests: bool = True) -> Tried:
    """Reads, checks and compiles; with its tests, if it compiles. In this process."""
    from stream.rulelang.lean import lean
    from stream.rulelang.loader import load  # not above: who has it done elsewhere must not carry it

    loaded = load(files)
    if loaded.ruleset is None:
        return Tried(loaded, ())
    loaded = replace(loaded, ruleset=lean(loaded.ruleset))
    return Tried(loaded, _failed(loaded) if with_tests else ())


def tried_in_child(files: Sequence[SourceFile], *, with_tests: bool = True, seconds_max: float | None = None) -> Tried:
    """The same in a process of its own. Raises `GiveUp` if that is ended by others or takes longer than `seconds_max`,
    `ChildError` on a bug."""
    return ChildCall(READING, tried, files, with_tests=with_tests).result(seconds_max=seconds_max)


def _failed(loaded: Loaded) -> tuple[Failed, ...]:
    from stream.ruletest import run_tests

    assert loaded.ruleset is not None
    results = run_tests(loaded.ruleset)
    return tuple(Failed(r.rule, r.name, r.file, r.line, r.problems) for r in results if not r.passed)
