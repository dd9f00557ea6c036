"""Times on the command line: a time, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from stream.rulelang.duration import parse_duration
from stream.wire.decode import parse_time


class Moment(click.ParamType):
    """A time, or how long ago; in UTC. `words` are taken as they are."""

    name = "time"
    words: tuple[str, ...] = ()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | datetime:
        """One of the words, or the time in UTC."""
        if isinstance(value, datetime) or value in self.words:
            return value  # type: ignore[no-any-return]
        if (seconds := parse_duration(str(value))) is not None:
            return datetime.now(UTC) - timedelta(seconds=seconds)
        if (moment := parse_time(str(value))) is None:
            words = "".join(f"{word}, " for word in self.words)
            expected = f"{words}how long ago (10m, 2h) or a time (2026-05-01T12:00:00Z)"
            self.fail(f"found {value!r}, expected {expected}", param, ctx)
        return moment
