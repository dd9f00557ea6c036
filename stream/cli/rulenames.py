"""Is a rule that somebody names among those in the rules folder? A broker's may be others: a doubt, never a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from stream.clean.printable import printable
from stream.cli.completing import rule_ids
from stream.rulelang.source import did_you_mean


def doubt_unknown_rules(names: Iterable[str], folder: Path) -> None:
    """A line on stderr for each name that no rule file here has, with the nearest one that some has.

    Says nothing where there is no folder with rules to compare with.
    """
    known = rule_ids(folder) if (wanted := list(names)) else []
    if not known:
        return
    for name in wanted:
        if name not in known:
            said = f"redline: warning: there is no rule {name} in {folder}; it is taken all the same, as the rules of "
            said += f"the workers may be others. {did_you_mean(name, known)}"
            click.echo(printable(said), err=True)
