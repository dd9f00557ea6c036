"""Control records: how far a run has come, told to a partition. No articles, outside the ledger, never dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import orjson

from stream.model import Output
from stream.model.article import format_time
from stream.wire.decode import CONTROL_HEADER


def encode_control(
    kind: Literal["progress", "end"], *, topic: str, run: str, partition: int, time: datetime
) -> tuple[Output, int]:
    """The record, and the partition that it must be sent to.

    `progress`: no article of the run with an event time before `time` is still to come on this partition.
    `end`: no article of the run at all; `time` is the run's last event time.
    """
    value = orjson.dumps({"run": run, "partition": partition, "time": format_time(time)})
    return Output(topic, run.encode(), value, ((CONTROL_HEADER, kind.encode()),)), partition
