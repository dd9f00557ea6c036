"""The alerts that one destination has not taken yet: what is to be sent now, what became of it, how far it is. Pure.

    add / skip ──> pending, by partition ──ready──> Batch ──> delivered | failed | refused
                        │                                        │        │ again later, or
                        └── position: all before it is done <────┴────────┴── aside ──written──> done

Delivery guarantees: at least once. `positions` never passes an alert that was neither delivered nor written to the
topic of undelivered alerts. Alerts of one group are sent one after the other, in their order; others overtake one that
has to be tried again.

Times are seconds since 1970, chance is an argument. Limits: `full` names the partitions that hold as many alerts (or
bytes) as allowed; whoever reads stops reading those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stream.notify.breaker import Breaker, RetryLimits, delay
from stream.notify.notice import Notice
from stream.notify.quiet import quiet_until
from stream.notify.routes import Route
from stream.notify.routing import How

Slot = tuple[str, int]
"""A topic and one of its partitions."""

GATHER_SECONDS_MAX = 5.0
"""So long a digest that is due waits for more to be read, such as after a restart."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """`together_max`: alerts in one request that is no digest. `give_up_seconds`: see `Queue.expire`."""

    waiting_alerts_max: int = 500
    waiting_bytes_max: int = 2_000_000
    in_flight_max: int = 8
    together_max: int = 1
    digest_alerts_max: int = 200
    digest_bytes_max: int = 1_000_000
    attempts_max: int = 10
    give_up_seconds: float = 86_400.0
    retry: RetryLimits = field(default_factory=RetryLimits)


@dataclass(slots=True, eq=False)
class Entry:
    """One alert on its way to the destination. `alone`: not together with others any more."""

    slot: Slot
    offset: int
    notice: Notice
    route: Route
    arrived: float
    due: float
    how: How
    attempts: int = 0
    next_try: float = 0.0
    failing_since: float | None = None
    in_flight: bool = False
    alone: bool = False
    gone: bool = False
    """Its partition went to another process: nothing is to be done about it here."""

    @property
    def tag(self) -> tuple[str, How]:
        """What goes into one digest."""
        return self.route.id, self.how


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request carries; `digest` where the route, or the end of quiet hours, asks for one."""

    entries: tuple[Entry, ...]
    digest: bool = False


@dataclass(frozen=True, slots=True)
class Aside:
    """An alert that will not be delivered: `code` is a word for programs, `reason` a sentence."""

    entry: Entry
    code: str
    reason: str


@dataclass(slots=True)
class _Track:
    """One partition: what is pending, in the order of offsets, and the offset after the last one seen."""

    next: int
    pending: dict[int, Entry] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def position(self) -> int:
        return next(iter(self.pending), self.next)


class Queue:
    """One destination's. Not for several threads."""

    def __init__(self, limits: QueueLimits, started: float) -> None:
        self._limits, self._started = limits, started
        self._tracks: dict[Slot, _Track] = {}
        self._in_flight = 0
        self._aside: list[Aside] = []
        self._last_success = 0.0
        self._last_reason = "the destination failed"
        self._not_before = 0.0
        self.breaker = Breaker()

    # Taking in -------------------------------------------------------------------------------------------------

    def skip(self, slot: Slot, offset: int) -> None:
        """A record with nothing for this destination."""
        track = self._tracks.setdefault(slot, _Track(offset))
        track.next = max(track.next, offset + 1)

    def add(self, entry: Entry) -> None:
        """An alert for this destination; one that is there already is left as it is."""
        track = self._tracks.setdefault(entry.slot, _Track(entry.offset))
        if entry.offset < track.next:
            return
        track.next = entry.offset + 1
        track.pending[entry.offset] = entry
        track.size_bytes += len(entry.notice.event)

    def put_aside(self, entry: Entry, code: str, reason: str) -> None:
        """An alert that can never be delivered."""
        entry.in_flight = True
        self._aside.append(Aside(entry, code, reason))

    def forget(self, slots: set[Slot]) -> None:
        """These partitions went to another process."""
        for slot in slots:
            track = self._tracks.pop(slot, None)
            for entry in () if track is None else track.pending.values():
                entry.gone = True
        self._aside = [aside for aside in self._aside if not aside.entry.gone]

    # Asking ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return sum(len(track.pending) for track in self._tracks.values())

    @property
    def in_flight(self) -> int:
        """Requests without an answer yet."""
        return self._in_flight

    def positions(self) -> dict[Slot, int]:
        """For each partition the offset before which everything is done."""
        return {slot: track.position for slot, track in self._tracks.items()}

    def full(self) -> set[Slot]:
        """Partitions to read no further for now."""
        limits = self._limits
        return {
            slot
            for slot, track in self._tracks.items()
            if len(track.pending) >= limits.waiting_alerts_max or track.size_bytes >= limits.waiting_bytes_max
        }

    def waiting(self) -> dict[str, int]:
        """How many alerts wait, by why: held (quiet hours), digest, retry, new."""
        counts = {"held": 0, "digest": 0, "retry": 0, "new": 0}
        for entry in self._entries():
            why = "retry" if entry.attempts else entry.how if entry.how != "single" else "new"
            counts[why] += 1
        return counts

    # Sending ---------------------------------------------------------------------------------------------------

    def hold(self, now: float) -> None:
        """What would be sent in quiet hours that have begun meanwhile is held until their end."""
        moment = datetime.fromtimestamp(now, UTC)
        ends: dict[tuple[str, str], datetime | None] = {}
        for entry in self._entries():
            if entry.route.quiet is None or entry.in_flight or entry.due > now:
                continue
            key = entry.route.id, entry.notice.severity.value
            if key not in ends:
                ends[key] = quiet_until(entry.route.quiet, moment, entry.notice.severity)
            if (end := ends[key]) is not None:
                entry.how, entry.due = "held", end.timestamp()

    def expire(self, now: float) -> None:
        """Puts aside what is not to be tried any more: the destination is gone, or has failed for too long.

        An alert's time counts from when it was due, and not from before this process started: nothing is given up
        because nobody was there to try.
        """
        state = self.breaker.state
        if state == "closed":
            return
        for entry in list(self._entries()):
            if entry.in_flight:
                continue
            if state == "disabled":
                self.put_aside(entry, "gone", self._last_reason)
            elif self._is_old(entry, now):
                self.put_aside(entry, "expired", f"not delivered in time; at last: {self._last_reason}")

    def ready(self, now: float, *, settled: bool) -> list[Batch]:
        """What is to be sent now. `settled`: there is nothing more to read at the moment, so digests are whole."""
        room = self._limits.in_flight_max - self._in_flight
        if not self.breaker.allows(now) or now < self._not_before or room <= 0:
            return []
        if self.breaker.state != "closed":
            room = 1 - self._in_flight
        singles, groups = self._eligible(now)
        batches = self._digests(groups, now, settled) + self._singles(singles)
        return batches[: max(0, room)]

    def sent(self, batch: Batch, now: float) -> None:
        """A request with the batch is under way."""
        self.breaker = self.breaker.sent(now)
        self._in_flight += 1
        for entry in batch.entries:
            entry.in_flight = True

    def delivered(self, batch: Batch, now: float) -> None:
        """The destination has taken it."""
        self._answered(batch)
        if self.breaker.state not in ("closed", "disabled"):
            # It is back: what failed meanwhile need not wait for its own delay.
            for entry in self._entries():
                entry.next_try = 0.0
        self._last_success, self.breaker = now, self.breaker.succeeded()
        for entry in batch.entries:
            self.done(entry)

    def failed(
        self, batch: Batch, now: float, reason: str, *, retry_after: float | None, chance: Callable[[], float]
    ) -> None:
        """Another try may mend it. `retry_after`: seconds that the destination asked for; `chance`: 0 to 1, uniform."""
        self._answered(batch)
        limits = self._limits
        self.breaker, self._last_reason = self.breaker.failed(now, limits.retry), reason
        if retry_after is not None:
            self._not_before = max(self._not_before, now + retry_after)
        pause = delay(max(entry.attempts for entry in batch.entries) + 1, chance(), limits.retry)
        for entry in batch.entries:
            entry.attempts += 1
            entry.next_try = now + pause
            entry.failing_since = now if entry.failing_since is None else entry.failing_since
            if self._is_old(entry, now):
                self.put_aside(entry, "expired", f"not delivered in time; at last: {reason}")
            elif entry.attempts >= limits.attempts_max and self._last_success > entry.failing_since:
                if len(batch.entries) > 1:
                    entry.alone = True
                else:
                    tries = f"failed {entry.attempts} times while others were taken; at last: {reason}"
                    self.put_aside(entry, "keeps_failing", tries)

    def refused(self, batch: Batch, now: float, reason: str, *, gone: bool) -> None:
        """The destination will never take it; of several, each is tried alone. `gone`: it takes nothing any more."""
        self._answered(batch)
        self._last_reason = reason
        self.breaker = self.breaker.disabled() if gone else self.breaker.succeeded()
        if len(batch.entries) > 1 and not gone:
            for entry in batch.entries:
                entry.alone = True
            return
        for entry in batch.entries:
            self.put_aside(entry, "gone" if gone else "refused", reason)

    def take_aside(self) -> list[Aside]:
        """What was put aside since the last call: to be written down, then `done`; or `put_aside` again."""
        taken, self._aside = self._aside, []
        return taken

    def done(self, entry: Entry) -> None:
        """Nothing more is to be done about an alert."""
        track = self._tracks.get(entry.slot)
        if not entry.gone and track is not None and track.pending.pop(entry.offset, None) is not None:
            track.size_bytes -= len(entry.notice.event)

    # -----------------------------------------------------------------------------------------------------------

    def _entries(self) -> Iterator[Entry]:
        for track in self._tracks.values():
            yield from track.pending.values()

    def _answered(self, batch: Batch) -> None:
        self._in_flight -= 1
        for entry in batch.entries:
            entry.in_flight = False

    def _is_old(self, entry: Entry, now: float) -> bool:
        return now - max(entry.arrived, entry.due, self._started) > self._limits.give_up_seconds

    def _eligible(self, now: float) -> tuple[list[Entry], dict[tuple[str, How], list[Entry]]]:
        """Single alerts that may go, and those of digests by what goes together, none before one of its group."""
        singles: list[Entry] = []
        groups: dict[tuple[str, How], list[Entry]] = {}
        for track in self._tracks.values():
            # Of each group, what comes behind: its tag may go into the same digest; None: it waits.
            ahead: dict[str, tuple[str, How] | None] = {}
            for entry in track.pending.values():
                group = entry.notice.group
                tag = None if entry.how == "single" or entry.alone else entry.tag
                free = group not in ahead or (tag is not None and ahead[group] == tag)
                free = free and not entry.in_flight and entry.next_try <= now
                ahead[group] = tag if free else None
                if free and tag is not None:
                    groups.setdefault(tag, []).append(entry)
                elif free and entry.due <= now:
                    singles.append(entry)
        singles.sort(key=lambda entry: entry.arrived)
        return singles, groups

    def _digests(self, groups: dict[tuple[str, How], list[Entry]], now: float, settled: bool) -> list[Batch]:
        batches = []
        for (_, how), entries in groups.items():
            digest = entries[0].route.digest
            most = self._limits.digest_alerts_max if how == "held" or digest is None else digest.alerts_max
            due = min(entry.due for entry in entries)
            whole = settled or now >= due + GATHER_SECONDS_MAX or len(entries) >= most
            if (now >= due and whole) or (how == "digest" and len(entries) >= most):
                entries.sort(key=lambda entry: (entry.arrived, entry.notice.id))
                batches.append(Batch(tuple(self._fitting(entries[:most])), digest=True))
        return batches

    def _fitting(self, entries: list[Entry]) -> Iterator[Entry]:
        size = 0
        for number, entry in enumerate(entries):
            size += len(entry.notice.event)
            if number and size > self._limits.digest_bytes_max:
                return
            yield entry

    def _singles(self, entries: list[Entry]) -> list[Batch]:
        most = self._limits.together_max
        shared = [entry for entry in entries if not entry.alone]
        batches = [Batch((entry,)) for entry in entries if entry.alone]
        return batches + [Batch(tuple(shared[at : at + most])) for at in range(0, len(shared), most)]
