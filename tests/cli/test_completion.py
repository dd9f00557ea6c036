"""Completion in the shells that people use, each in a real terminal."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream.cli import cli
from tests.cli.terminal import Terminal

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("redline")
START = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}
BEGIN = {
    "bash": 'PS1="ready> "; eval "$(redline completion bash)"',
    "zsh": 'PS1="ready> "; autoload -Uz compinit; compinit -u -D; eval "$(redline completion zsh)"',
    "fish": "function fish_prompt; echo 'ready> '; end; redline completion fish | source",
}


@pytest.mark.terminal
@pytest.mark.parametrize("shell", list(START))
def test_commands_options_topics_and_rules_are_completed(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    assert program is not None, f"on Debian: apt-get install {shell}"
    environment = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    environment["REDLINE_RULES_DIR"] = str(ROOT / "rules")
    (tmp_path / "a.ndjson").write_text("")
    line = ["sh", "-c", f"cd {shlex.quote(str(tmp_path))} && exec {program} {' '.join(START[shell])}"]
    with Terminal(line, environment=environment, width=140) as terminal:
        terminal.text(BEGIN[shell])
        terminal.keys("Enter")
        terminal.wait_for(lambda seen: "ready>" in seen.replace('"ready> "', "").replace("'ready> '", ""))
        for typed, completed in (
            ("redline doc", "redline doctor"),
            ("redline tap articles.d", "redline tap articles.dead"),
            ("redline alerts tail --sev", "redline alerts tail --severity"),
            ("redline rules explain ua.escalation.then", "redline rules explain ua.escalation.then_talks"),
        ):
            terminal.keys("C-u")
            terminal.text(typed)
            terminal.wait_for(typed)
            terminal.keys("Tab")
            terminal.wait_for(completed)
        terminal.keys("C-u")
        terminal.text("redline t")
        terminal.keys("Tab", "Tab")
        terminal.wait_for(lambda seen: all(re.search(rf"^{name}\b|\s{name}\b", seen) for name in ("top", "topics")))


def test_commands_are_completed_without_importing_them() -> None:
    code = (
        "import sys; from stream.cli import cli; import click; "
        "print([i.value for i in cli.shell_complete(click.Context(cli), 't')]); "
        "print([m for m in sys.modules if m.startswith(('kafka', 'rich', 'pydantic'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['topics', 'top', 'tap']\n[]\n"


def test_another_shell_is_2() -> None:
    done = CliRunner().invoke(cli, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
