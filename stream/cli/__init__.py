"""The `redline` command: one module per command group, loaded only when its command is called."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys

import click
from click.shell_completion import CompletionItem

from stream.errors import RedlineError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("stream.cli.demo:demo", "Replay the seeds through an embedded broker and watch alerts arrive."),
    "replay": ("stream.cli.replay:replay", "Publish recorded articles to Kafka at their recorded pace."),
    "ingest": ("stream.cli.ingest:ingest", "Run live sources: feeds, folders, HTTP, standard input."),
    "worker": ("stream.cli.worker:worker", "Read articles from Kafka, tag topics, raise alerts."),
    "web": ("stream.cli.web:web", "The live page: alerts, overview, rules, playground."),
    "topics": ("stream.cli.topics:topics", "Create or list the topics."),
    "top": ("stream.cli.top:top", "What flows, how far behind, which rules fire, who works; live."),
    "doctor": ("stream.cli.doctor:doctor", "Check machine, rules, Kafka and services; say what to do."),
    "tap": ("stream.cli.tap:tap", "Print the records of any topic, or save them as a fixture."),
    "alerts": ("stream.cli.alerts:alerts", "Follow alerts as they arrive; acknowledge, judge, silence."),
    "notify": ("stream.cli.notify:notify", "Deliver alerts: webhooks, Alertmanager, chat and mail services."),
    "rules": ("stream.cli.rules:rules", "Check, format, test and explain rules."),
    "scan": ("stream.cli.scan:scan", "The whole engine without a broker: articles in, alerts out."),
    "completion": (
        "stream.cli.completion:completion",
        "Print the script that completes commands in bash, zsh or fish.",
    ),
}
"""Command name -> where it lives, and its one line of help."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Only a write ends with these."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is called, so that `--help` and short commands start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or an error that says which one may have been meant."""
        near = difflib.get_close_matches(args[0], COMMANDS, n=2, cutoff=0.5)
        if args[0] not in COMMANDS and not args[0].startswith("-") and near:
            ctx.fail(f"There is no command {args[0]!r}; did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands that begin so, without importing any; after a dash, our own options."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="redline-stream", prog_name="redline")
def cli() -> None:
    """Redline: live monitoring of news. Articles in through Kafka, rules as code, alerts with evidence."""


def main() -> None:
    """Entry point. A `RedlineError`, or output that cannot be written, becomes one sentence on stderr and its exit
    code; anything else is a bug."""
    code = 0
    _fill_gaps()
    try:
        code = _run()
        if sys.stdout is not None:
            sys.stdout.flush()  # where it can be told; Python would do it at the end, with a traceback
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not an error of ours; keep Python from complaining at exit.
        sys.stdout = None
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        sys.stdout = None
        code = RedlineError.exit_code
        with contextlib.suppress(OSError):  # standard error may go to the same place
            click.echo(
                f"redline: cannot write the output ({error.strerror}); make room, or send it elsewhere", err=True
            )
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        # Its terminal has been closed: what could not be said there makes no exit code of its own (Python's 120).
        sys.stderr = None
    sys.exit(code)


def _fill_gaps() -> None:
    # Where one of the three standard streams is closed, the next file that is opened takes its number, and what others
    # write there goes into that file.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except RedlineError as error:
        click.echo(f"redline: {error}", err=True)
        code = error.exit_code
    except SystemExit as stop:
        # How click and rich end a program whose reader went away: with 1, which means something else to most commands.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        raise BrokenPipeError from stop
    return code if isinstance(code, int) else 0
