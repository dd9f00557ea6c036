"""Control records: how far a run has come. No articles, outside the ledger, never dead letters.

replayer ──progress, end──> every partition of articles.raw ──agent 1──> every partition of matches ──> agent 2

Of live articles (no run) agent 1 tells itself. What articles.raw says of them is not passed on: whoever may write there
could end live time for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson

from stream.model import Output, Record
from stream.model.article import format_time
from stream.wire.decode import CONTROL_HEADER

Kind = Literal["progress", "end"]


@dataclass(frozen=True, slots=True)
class Control:
    """How far raw partition `partition` (of `partitions`; 0: not said) has come in a run.

    `progress`: no article of the run with an event time before `time` is still to come on this partition.
    `end`: no article of the run at all; `time` is the run's last event time.
    `published`: the same about the articles' own date, where it is known; else as `time`.
    """

    kind: Kind
    run: str | None
    partition: int
    time: datetime
    published: datetime | None = None
    partitions: int = 0


def encode_control(
    kind: Kind, *, topic: str, run: str, partition: int, time: datetime, published: datetime | None = None
) -> tuple[Output, int]:
    """The record for `articles.raw`, and the partition that it must be sent to."""
    return control_output(Control(kind, run, partition, time, published), topic=topic), partition


def control_output(control: Control, *, topic: str) -> Output:
    """The record; which partition it goes to is for the sender to say."""
    value = {"run": control.run, "partition": control.partition, "time": format_time(control.time)}
    if control.published is not None:
        value["published"] = format_time(control.published)
    if control.partitions:
        value["partitions"] = control.partitions
    return Output(topic, (control.run or "").encode(), orjson.dumps(value), ((CONTROL_HEADER, control.kind.encode()),))


def decode_control(record: Record) -> Control | None:
    """The control record, or None if it cannot be read (another version's, or somebody's mistake)."""
    kind = next((value for name, value in record.headers if name == CONTROL_HEADER), b"")
    if kind not in (b"progress", b"end"):
        return None
    try:
        fields = orjson.loads(record.value or b"")
        published = fields.get("published")
        run, partition, partitions = fields["run"], fields["partition"], fields.get("partitions", 0)
        if not (run is None or isinstance(run, str)) or not isinstance(partition, int):
            return None
        return Control(
            "end" if kind == b"end" else "progress",
            run,
            partition,
            _time(fields["time"]),
            None if published is None else _time(published),
            int(partitions),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
