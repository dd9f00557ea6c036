"""What a shell can complete beside names of commands and options: topics, and rule ids from the rules folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from stream.wire.topics import ALL_TOPICS

FILES_MAX = 2_000
_ID = re.compile(r"^id:[ \t]*['\"]?([a-z0-9_.-]{1,100})", re.MULTILINE)


class TopicName(click.ParamType):
    """The short name of a topic, or a full one."""

    name = "topic"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Short names, with what is in them."""
        names = {"alerts": "the alerts of all severities"} | {topic.name: topic.value for topic in ALL_TOPICS}
        return [CompletionItem(name, help=what) for name, what in names.items() if name.startswith(incomplete)]


class RuleId(click.ParamType):
    """The id of a rule; every text is taken, for the rules of a broker may be others than those here."""

    name = "rule"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Ids in the rule files, as they stand there: nothing is checked, so that a key is answered at once."""
        folder = ctx.params.get("folder") or ctx.params.get("rules_dir") or os.environ.get("REDLINE_RULES_DIR", "rules")
        return [CompletionItem(name) for name in rule_ids(Path(folder)) if name.startswith(incomplete)]


def rule_ids(folder: Path) -> list[str]:
    """Ids in the YAML files of a folder, or in one file, sorted; files that cannot be read are left out."""
    found: set[str] = set()
    for path in _files(folder):
        try:
            found.update(_ID.findall(path.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            continue
    return sorted(found)


def _files(folder: Path) -> Iterable[Path]:
    found = [folder] if folder.is_file() else (p for p in folder.rglob("*.y*ml") if p.suffix in (".yml", ".yaml"))
    yield from islice(found, FILES_MAX)
