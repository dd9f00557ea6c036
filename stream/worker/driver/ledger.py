"""Which records of a partition were handed out, which are confirmed, which are committed.

    committed <= confirmed <= position      three offsets of each partition, each the next one due

Chunks are spans of offsets, handed out and confirmed in order. Whatever Faust loses on the way to an agent leaves a
gap: the next span does not begin where the last confirmed one ended, is refused, and the partition is rewound to its
confirmed offset. A rewind or a rebalance begins a new epoch; spans of an older epoch are refused for ever.

No Kafka, no Faust and no clock here, so that the rules that keep records from being lost can be tested by themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

Partition = tuple[str, int]
"""Topic and number; Faust's and aiokafka's named tuples are equal to it."""


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets [start, end) of one partition, handed out in one epoch."""

    partition: Partition
    epoch: int
    start: int
    end: int


class Arrival(Enum):
    """What the offset of the first record of a fetch means."""

    EXPECTED = "the next one due, or the next one there is after a hole in the log"
    UNEXPECTED = "not the one due; seek to the position and look again"
    IMPOSSIBLE = "below the position, even after a seek: this is not the log that was read before"


@dataclass(slots=True)
class _Account:
    epoch: int
    position: int
    begun: int
    """The offset after the last record that is in work or confirmed."""
    confirmed: int
    committed: int
    seen_after_hole: int | None = None


class Ledger:
    """The accounts of the partitions that this worker holds. Offsets are those of the log."""

    def __init__(self) -> None:
        self._accounts: dict[Partition, _Account] = {}
        self._epochs = itertools.count(1)

    def open(self, partition: Partition, offset: int) -> None:
        """Begins a partition at what the group has committed, or where its log begins."""
        self._accounts[partition] = _Account(next(self._epochs), offset, offset, offset, offset)

    def close(self, partitions: Iterable[Partition]) -> None:
        """Forgets partitions that another worker may hold now: their spans are refused from here on."""
        for partition in partitions:
            self._accounts.pop(partition, None)

    def __contains__(self, partition: object) -> bool:
        return partition in self._accounts

    def partitions(self) -> list[Partition]:
        """All partitions held."""
        return list(self._accounts)

    def position(self, partition: Partition) -> int:
        """The offset to be handed out next."""
        return self._accounts[partition].position

    def confirmed(self, partition: Partition) -> int:
        """The offset after the last confirmed record."""
        return self._accounts[partition].confirmed

    def all_begun(self, partition: Partition) -> bool:
        """True if nothing that was handed out is still on its way to the agent."""
        account = self._accounts[partition]
        return account.begun == account.position

    def arrival(self, partition: Partition, first: int, *, after_seek: bool) -> Arrival:
        """Judges the first offset of a fetch; `after_seek`: nothing came between a seek to the position and this fetch.

        A hole in the log is believed only when it was seen before and is seen again after a seek.
        """
        account = self._accounts[partition]
        seen_again = after_seek and first == account.seen_after_hole
        if first == account.position or seen_again:
            account.seen_after_hole = None
            return Arrival.EXPECTED if first >= account.position else Arrival.IMPOSSIBLE
        account.seen_after_hole = first
        return Arrival.UNEXPECTED

    def hand_out(self, partition: Partition, end: int) -> Span:
        """The span from the position up to `end`, where the position is then."""
        account = self._accounts[partition]
        start, account.position = account.position, end
        return Span(partition, account.epoch, start, end)

    def is_due(self, span: Span) -> bool:
        """True if the span is ours and may begin: everything before it is in work or confirmed."""
        account = self._account_of(span)
        return account is not None and account.begun == span.start

    def is_after_a_gap(self, span: Span) -> bool:
        """True if the span is ours, but something before it is neither in work nor confirmed: rewind."""
        account = self._account_of(span)
        return account is not None and account.begun != span.start

    def begin(self, span: Span) -> None:
        """A span that is due is in work."""
        self._accounts[span.partition].begun = span.end

    def let_go(self, span: Span) -> None:
        """A span that had begun is not in work any more; if it was not confirmed, nothing behind it is due."""
        account = self._account_of(span)
        if account is not None and account.confirmed < span.end:
            account.begun = account.confirmed

    def is_next(self, span: Span) -> bool:
        """True if the span is ours and everything before it is confirmed."""
        account = self._account_of(span)
        return account is not None and account.confirmed == span.start

    def confirm(self, span: Span) -> bool:
        """Everything that came of the span is acknowledged. False: refused, it will be delivered again."""
        if not self.is_next(span):
            return False
        account = self._accounts[span.partition]
        account.confirmed = span.end
        account.begun = max(account.begun, span.end)
        return True

    def rewind(self, partition: Partition) -> int:
        """Goes back to the confirmed offset, which is returned; what was handed out and not confirmed is void."""
        account = self._accounts[partition]
        account.epoch = next(self._epochs)
        account.position = account.begun = account.confirmed
        account.seen_after_hole = None
        return account.position

    def _account_of(self, span: Span) -> _Account | None:
        """None if the span is void."""
        account = self._accounts.get(span.partition)
        return account if account is not None and account.epoch == span.epoch else None

    def uncommitted(self) -> dict[Partition, int]:
        """Confirmed offsets that are yet to be committed."""
        return {
            partition: account.confirmed
            for partition, account in self._accounts.items()
            if account.confirmed > account.committed
        }

    def is_committed(self, partition: Partition, offset: int) -> bool:
        """True if the broker has taken a commit of this offset, or of a later one, for a partition that is held."""
        account = self._accounts.get(partition)
        return account is not None and offset <= account.committed

    def committed(self, partition: Partition, offset: int) -> None:
        """The broker has taken the commit of this offset."""
        account = self._accounts.get(partition)
        if account is not None and account.committed < offset <= account.confirmed:
            account.committed = offset


class LostSpans:
    """Finds partitions where spans were handed out, nobody works on them, and nothing moves.

    Looked at in regular intervals: a partition is reported once it has looked the same so many times in a row. Counting
    looks, not seconds, a process that was stopped or busy for long raises no false alarm when it goes on.
    """

    def __init__(self, ledger: Ledger, looks: int) -> None:
        self._ledger, self._looks = ledger, looks
        self._same: dict[Partition, tuple[tuple[int, int, int], int]] = {}

    def look(self, topics_in_work: Iterable[str]) -> list[Partition]:
        """The partitions to rewind. A topic with a chunk in work is left alone."""
        busy = set(topics_in_work)
        before, self._same = self._same, {}
        lost = []
        for partition, account in self._ledger._accounts.items():
            if account.position == account.confirmed or partition[0] in busy:
                continue
            state = (account.epoch, account.position, account.confirmed)
            seen, times = before.get(partition, (state, 0))
            times = times + 1 if seen == state else 1
            if times >= self._looks:
                lost.append(partition)
            else:
                self._same[partition] = (state, times)
        return lost
