"""Rule files that tests write and exchange."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path


def rule_text(name: str, word: str, version: int = 1) -> str:
    """The rule `test.<name>`: an alert on a word."""
    return f"""\
kind: rule
id: test.{name}
version: {version}
title: Rule {name} on {word}
description: A word is said.
status: stable
severity: high
match: {word}
alert:
  summary: '{{rule.title}}: {{article.title}}'
tests:
  - {{name: fires, article: {{body: "Some {word} words."}}, expect: fire}}
  - {{name: quiet, article: {{body: "Nothing is said."}}, expect: quiet}}
"""


def replaced(path: Path, text: str) -> None:
    """Writes a file as editors do: a new one beside it, then a rename over it."""
    draft = path.with_name(f".{path.name}.swp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


class Published:
    """A folder as Kubernetes mounts configuration: each file a link through `..data`, which is swapped at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._versions = itertools.count()

    def publish(self, files: dict[str, str]) -> None:
        """All files change in one moment."""
        data = self.folder / "..data"
        old = data.resolve() if data.exists() else None
        version = self.folder / f"..version{next(self._versions)}"
        version.mkdir()
        for name, text in files.items():
            (version / name).write_text(text, encoding="utf-8")
        draft = self.folder / "..data_tmp"
        draft.symlink_to(version.name)
        draft.replace(data)
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if old is not None:
            shutil.rmtree(old)
