"""`redline completion`: the script that lets a shell complete commands, options, topics and rule ids."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
from click.shell_completion import get_completion_class

from stream.errors import ServiceError

PROGRAM = "redline"
VARIABLE = "_REDLINE_COMPLETE"
BASH_MIN = (4, 4)

_HOW = {
    "bash": 'eval "$(redline completion bash)"    in ~/.bashrc',
    "zsh": 'eval "$(redline completion zsh)"    in ~/.zshrc, after compinit',
    "fish": "redline completion fish > ~/.config/fish/completions/redline.fish",
}


@click.command(
    epilog="\b\nTo have it in every shell:\n" + "\n".join(f"  {shell:<5} {how}" for shell, how in _HOW.items())
)
@click.argument("shell", type=click.Choice(list(_HOW)))
def completion(shell: str) -> None:
    """Print the script that completes redline's commands, options, topics and rule ids in SHELL.

    Exit codes: 0 printed, 2 a shell that is not supported, or a bash older than 4.4.
    """
    if shell == "bash" and (found := _bash_version()) is not None and found < BASH_MIN:
        text = ".".join(map(str, found))
        raise ServiceError(f"found bash {text}, expected 4.4 or newer: an older one cannot complete options like ours")
    from stream.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    # Not `source()`: click's own class asks bash for its version each time, with a warning where there is none.
    script = kind(cli, {}, PROGRAM, VARIABLE)
    click.echo(script.source_template % script.source_vars())


def _bash_version() -> tuple[int, int] | None:
    program = shutil.which("bash")
    if program is None:
        return None
    done = subprocess.run([program, "--norc", "-c", "echo $BASH_VERSION"], capture_output=True, text=True, check=False)
    found = re.match(r"(\d+)\.(\d+)", done.stdout)
    return None if found is None else (int(found[1]), int(found[2]))
