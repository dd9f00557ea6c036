"""`redline demo`: the whole path on one machine, with one command."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click
from rich.console import Console

from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.cli.common import NumberRange, load_settings, setting_flags
from stream.cli.demoing import Demo


@click.command()
@click.option(
    "--broker-port", default=0, help="Port of the embedded broker; 0: any free one.", type=click.IntRange(0, 65_535)
)
@click.option(
    "--speed", default=1.0, help="Replay so many times faster than recorded.", type=NumberRange(0, min_open=True)
)
@click.option("--stay/--no-stay", default=None, help="Stay until Ctrl-C after the replay. Default: only on a terminal.")
@click.option("--page/--no-page", default=None, help="With the live page. Default: only when it stays.")
@click.option("--json", "as_json", is_flag=True, help="Alerts as CloudEvents, one a line; last, the summary as one.")
@setting_flags("rules_dir", "seeds_dir", "replay_gap_max_seconds", "metrics_port", "web_port")
def demo(broker_port: int, speed: float, stay: bool | None, page: bool | None, as_json: bool, **flags: Any) -> None:
    """Replay the seed articles through an embedded broker and a worker, and print each alert as it arrives.

    The live page (`redline web`) runs beside it, at the address that is printed.

    Nothing but this folder is needed: no Docker, Java or network. Everything is in memory and gone afterwards.

    Exit codes: 0 done, or stopped; 2 something could not start, or ended too early.
    """
    console = Console(highlight=False, soft_wrap=False, quiet=as_json)
    stays = sys.stdout.isatty() if stay is None else stay
    load_settings(flags)  # faults are named before anything is started
    with _stoppable(), EmbeddedBroker(port=broker_port) as broker:
        ports = {"metrics_port": "0", "web_port": "0", "web_metrics_port": "0"}
        settings = load_settings({**ports, **_given(flags), **setting_overrides(broker)})
        with Demo(settings, console, broker, page=stays if page is None else page, as_json=as_json) as running:
            running.replay(speed)
            running.print_summary()
            if stays:
                running.stay()


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C, TERM and a closed terminal all end the demo in order, with exit code 0."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nStopped.", err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
