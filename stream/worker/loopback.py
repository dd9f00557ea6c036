"""Matches that come to this same worker are begun when they are acknowledged, and not when they have been fetched.

    tag ──> broker ──> fetch ──> alert        5 to 12 ms, a partition after the other
       <── offsets ──┘
       └───────────────────────> alert        those of all partitions in a row: one request for their alerts

The log stays the order and the truth: what is handed in was written to it, at the offset that the broker has told, and
follows on what was begun of its partition. If it does not, somebody else's matches lie before it; it is fetched then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from stream.model import Output, Record

HandIn = Callable[[Sequence[Sequence[Record]]], object]
"""Gets consecutive records of one partition, for each partition that has some."""


class Loopback:
    """Hands in what was sent to one topic. Holds nothing but messages that are on their way."""

    def __init__(self, topic: str, hand_in: HandIn) -> None:
        self._topic, self._hand_in = topic, hand_in

    def watch(self, outputs: Sequence[Output], sends: Sequence[asyncio.Future[Any]]) -> None:
        """When all messages to the topic among these are acknowledged, they are handed in; if one is not, none is.

        `sends`: for each of `outputs` the client's promise. Neither cancelled nor asked for their errors.
        """
        mine = [(output, send) for output, send in zip(outputs, sends, strict=True) if output.topic == self._topic]
        left = len(mine)

        def one_less(_: object) -> None:
            nonlocal left
            left -= 1
            if not left and all(map(_is_acknowledged, (send for _, send in mine))):
                self._hand_in(_runs([_record(output, send.result()) for output, send in mine]))

        for _, send in mine:
            send.add_done_callback(one_less)


def _is_acknowledged(send: asyncio.Future[Any]) -> bool:
    return not send.cancelled() and send.exception() is None


def _record(output: Output, told: Any) -> Record:
    """As a fetch would bring it; but the client tells the time of a batch's first message for all of them."""
    return Record(
        told.topic, told.partition, told.offset, told.timestamp, output.key, output.value, tuple(output.headers)
    )


def _runs(records: Sequence[Record]) -> list[list[Record]]:
    """By partition, as far as they are consecutive: what is behind another's record is fetched."""
    runs: dict[int, list[Record]] = {}
    for each in sorted(records, key=lambda record: (record.partition, record.offset)):
        run = runs.setdefault(each.partition, [])
        if not run or run[-1].offset + 1 == each.offset:
            run.append(each)
    return list(runs.values())
