"""Which records may have killed a worker: found out by notes that are committed before the work, not after it.

A worker that is killed leaves nothing behind but what it has committed. So before the first chunk of a partition is
worked, its offset is committed once more, with a note that it is being tried. A note that is still there when a
partition is opened means: whoever worked from this offset on died before anything was finished.

    tried N    N workers died in a chunk that began here; at TRIES_MAX the chunk is worked one record at a time
    alone N    a worker died with this very record alone in its hands: it is condemned, to be put aside unread
    wary       a worker died near here, with nothing in work that it had noted

The regular commits lag behind the work, so the first death rarely tells the chunk. After it, every chunk is noted
before its work, for some distance: that costs a commit each, and only then.

A note must not outlive the work on its chunk: whoever is killed then, from outside, would leave blame on records that
had nothing to do with it. So when a chunk is let go, a commit of where the partition is takes the blame away, at the
latest together with the next note, and before any other chunk is begun. The next regular commit has no note at all.

    commit  5 "tried 1" ── work on 5..14 ── acknowledged ── commit  15 "wary"      nothing waits
    commit  5 "tried 1" ── work on 5..14 ── acknowledged ── commit  15 "tried 1"   the next chunk does
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stream.worker.driver.ledger import Partition, Span

TRIES_MAX = 2

WARY_OFFSETS = 50_000
"""How far every chunk is noted after a death; far more than is worked between two regular commits."""

WARY = "wary"
_NOTE = re.compile(rf"(tried|alone) (\d{{1,6}})|{WARY}")


@dataclass(slots=True)
class _Case:
    offset: int
    tried: int
    alone: int
    alone_below: int
    """Offsets below are worked one by one."""
    noted_below: int
    """Offsets below are noted before they are worked."""
    noted: Span | None = None
    """The chunk whose note is committed."""
    is_outlived: bool = False
    """That chunk is not in work any more."""


class Suspects:
    """The notes of the partitions that this worker holds."""

    def __init__(self, chunk_records_max: int) -> None:
        self._width = chunk_records_max
        self._cases: dict[Partition, _Case] = {}

    def open(self, partition: Partition, offset: int, note: str) -> None:
        """Begins a partition; `note` is what was found committed with the offset. What is no note counts as none."""
        found = _NOTE.fullmatch(note)
        kind, count = (found[1], int(found[2])) if found and found[1] else ("", 0)
        suspect = kind == "alone" or count >= TRIES_MAX
        self._cases[partition] = _Case(
            offset,
            tried=count if kind == "tried" else 0,
            alone=count if kind == "alone" else 0,
            alone_below=offset + self._width if suspect else offset,
            noted_below=offset + (WARY_OFFSETS if found else 1),
        )

    def alone_below(self, partition: Partition) -> int:
        """Records at offsets below this one must be chunks of their own."""
        case = self._cases.get(partition)
        return 0 if case is None else case.alone_below

    def noted_below(self, partition: Partition) -> int:
        """Chunks that begin at offsets below this one are noted, and alone in the process."""
        case = self._cases.get(partition)
        return 0 if case is None else case.noted_below

    def condemned(self, span: Span) -> bool:
        """True if a worker died with the record of this span alone."""
        case = self._cases.get(span.partition)
        return case is not None and case.alone > 0 and case.offset == span.start

    def note_before(self, span: Span) -> str | None:
        """What to commit with the span's first offset before working on it; None: nothing, and no commit."""
        case = self._cases.get(span.partition)
        if case is None or span.start >= case.noted_below:
            return None
        first = span.start == case.offset
        if span.start < case.alone_below:
            return f"alone {(case.alone if first else 0) + 1}"
        return f"tried {(case.tried if first else 0) + 1}"

    def noted(self, span: Span) -> None:
        """The span's note is committed."""
        case = self._cases.get(span.partition)
        if case is not None:
            case.noted, case.is_outlived = span, False

    def let_go(self, span: Span) -> None:
        """Nobody works on the span any more, and no error of its records is why."""
        case = self._cases.get(span.partition)
        if case is not None and case.noted == span:
            case.is_outlived = True

    def outlived(self) -> list[Partition]:
        """Partitions where a note is committed whose chunk was let go: commit where they are, as `WARY`."""
        return [partition for partition, case in self._cases.items() if case.is_outlived]

    def erased(self, partitions: Iterable[Partition]) -> None:
        """The last commit of these partitions blames nobody."""
        for partition in partitions:
            case = self._cases.get(partition)
            if case is not None:
                case.noted, case.is_outlived = None, False

    def close(self, partitions: Iterable[Partition]) -> None:
        """Forgets partitions that another worker may hold now."""
        for partition in partitions:
            self._cases.pop(partition, None)
