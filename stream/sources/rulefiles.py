"""A folder of rule files: *.yml and *.yaml in it and in its folders, read as text for `rulelang.load`.

Delivery guarantees: files come sorted by path, so a folder gives the same rule set on every machine. All files that
cannot be read are named in one error; so is a folder that cannot be looked into, whose rules would else be missing.
Limits: `RULE_FILES_MAX` files, each of at most `rulelang.diagnostic.FILE_BYTES_MAX`; regular files only. A link to a
file is followed (mounted configuration consists of such links), a link to a folder is not; names that begin with a
dot are left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from stream.errors import RulesError
from stream.rulelang import Loaded, RuleSet, SourceFile, render
from stream.rulelang.diagnostic import FILE_BYTES_MAX

RULE_FILES_MAX = 10_000
DIAGNOSTICS_SHOWN_MAX = 50

_SUFFIXES = (".yml", ".yaml")
# Without O_NONBLOCK, opening a pipe would wait for a writer.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_rule_files(folder: Path) -> list[SourceFile]:
    """The rule files of a folder, or one rule file by itself; paths begin with the folder as given.

    Bytes that are no UTF-8 stay in the text as lone surrogates (PEP 383) and are told by `load`. Raises RulesError when
    there is no such folder, no rule file in it, or a file that cannot be read.
    """
    if not _seen(folder.exists, folder):
        help_ = "name it on the command line or by REDLINE_RULES_DIR"
        raise RulesError(f"found no folder {folder}, expected the folder of the rule files; {help_}")
    paths = rule_paths(folder)
    if not paths:
        raise RulesError(f"found no *.yml or *.yaml file in {folder}, expected at least one rule file")
    if len(paths) > RULE_FILES_MAX:
        raise RulesError(f"found {len(paths):,} rule files in {folder}, expected at most {RULE_FILES_MAX:,}")
    files, problems = [], []
    for path in paths:
        text = _text(path)
        if isinstance(text, _Problem):
            problems.append(f"{path}: {text}")
        else:
            files.append(SourceFile(str(path), text))
    if problems:
        raise RulesError("; ".join(problems))
    return files


def rule_paths(folder: Path) -> list[Path]:
    """Where the rule files of a folder are, sorted; a path that is no folder stands for itself. None is opened.

    Raises RulesError when one of its folders cannot be looked into.
    """
    return sorted(_paths(folder), key=lambda path: path.parts) if _seen(folder.is_dir, folder) else [folder]


def load_rules(folder: Path) -> Loaded:
    """Read and check the rules of a folder; raises RulesError as `read_rule_files` does."""
    from stream.rulelang.loader import load  # a worker has others load, and must not carry it

    return load(read_rule_files(folder))


def load_ruleset(folder: Path) -> RuleSet:
    """The rule set of a folder; raises RulesError, with the diagnostics as its text, when it cannot be used."""
    return usable_rules(load_rules(folder), folder)


def usable_rules(loaded: Loaded, folder: Path) -> RuleSet:
    """The rule set of what was loaded; raises RulesError, with the diagnostics as its text, when there is none."""
    if loaded.ruleset is not None:
        return loaded.ruleset
    errors = [diagnostic for diagnostic in loaded.diagnostics if diagnostic.severity == "error"]
    shown = "\n".join(render(diagnostic) for diagnostic in errors[:DIAGNOSTICS_SHOWN_MAX])
    more = f"\n… and {len(errors) - DIAGNOSTICS_SHOWN_MAX} more" if len(errors) > DIAGNOSTICS_SHOWN_MAX else ""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    raise RulesError(f"the rules in {folder} cannot be used ({count}):\n{shown}{more}")


class _Problem(str):
    """Why a file cannot be read, as a clause."""

    __slots__ = ()


def _seen(look: Callable[[], bool], folder: Path) -> bool:
    try:
        return look()
    except OSError as error:
        raise _unseen(error, folder) from error


def _unseen(error: OSError, folder: str | Path) -> RulesError:
    return RulesError(
        f"{error.filename or folder}: the folder cannot be looked into: {(error.strerror or str(error)).lower()}"
    )


def _paths(folder: Path) -> Iterator[Path]:
    def told(error: OSError) -> None:
        # What went after it was listed is a change like another.
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise _unseen(error, folder) from error

    for parent, folders, names in os.walk(folder, onerror=told):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and name.lower().endswith(_SUFFIXES):
                yield Path(parent, name)


def _text(path: Path) -> str | _Problem:
    try:
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return _Problem("found no regular file, expected a rule file")
            data = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return _Problem(f"the file cannot be read: {error.strerror or error}")
    # What is too large (by one byte) or no UTF-8 is told as a diagnostic with its place, beside those of other files.
    return data.decode("utf-8", "surrogateescape")
