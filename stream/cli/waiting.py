"""What commands that print records say, on stderr, while there are none because the broker is away."""

from __future__ import annotations

import click

from stream.broker.watching import BrokerWatch
from stream.settings import Settings


def telling_when_away(settings: Settings) -> BrokerWatch:
    """To be open (a context manager) while records are read."""

    def news(*, answers: bool, silence_seconds: float) -> None:
        where = f"Kafka at {settings.bootstrap}"
        after = f"{silence_seconds:.0f} s"
        said = f"{where} answers again, after {after}" if answers else f"{where} has not answered for {after}; waiting"
        click.echo(f"redline: {said}", err=True)

    return BrokerWatch(settings, news)
