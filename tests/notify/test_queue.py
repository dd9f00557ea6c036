"""One destination's queue: nothing is lost or passed over, order inside groups, back-off, digests, giving up."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.notify.breaker import RetryLimits
from stream.notify.queue import Batch, Entry, Queue, QueueLimits, Slot
from stream.notify.routes import Digest, QuietHours, Route
from stream.notify.routing import How
from tests.notify.kit import notice

SLOT: Slot = ("alerts.high", 0)
ROUTE = Route("r", ("a",))
LIMITS = QueueLimits(
    attempts_max=3, give_up_seconds=100.0, retry=RetryLimits(failures_max=1_000, delay_seconds_max=8.0)
)


def entry(
    offset: int,
    *,
    group: str | None = None,
    how: How = "single",
    due: float | None = None,
    arrived: float = 0.0,
    route: Route = ROUTE,
    slot: Slot = SLOT,
    severity: str = "high",
) -> Entry:
    made = notice(offset, group=group, severity=severity)
    return Entry(slot, offset, made, route, arrived, arrived if due is None else due, how)


def queue_of(*entries: Entry, limits: QueueLimits = LIMITS) -> Queue:
    queue = Queue(limits, 0.0)
    for one in entries:
        queue.add(one)
    return queue


def offsets(batches: list[Batch]) -> list[list[int]]:
    return [[one.offset for one in batch.entries] for batch in batches]


def fail(queue: Queue, batch: Batch, now: float, **options: float | None) -> None:
    queue.sent(batch, now)
    queue.failed(batch, now, "it failed", retry_after=options.get("retry_after"), chance=lambda: 1.0)


def take(queue: Queue, batch: Batch, now: float) -> None:
    queue.sent(batch, now)
    queue.delivered(batch, now)


def test_a_position_stays_before_what_is_not_done() -> None:
    queue = queue_of(entry(5), entry(6), entry(7))
    queue.skip(SLOT, 8)
    first, second, third = queue.ready(0.0, settled=True)
    take(queue, second, 0.0)
    take(queue, third, 0.0)
    assert queue.positions() == {SLOT: 5}
    take(queue, first, 0.0)
    assert queue.positions() == {SLOT: 9}


def test_a_record_that_comes_again_is_not_taken_twice() -> None:
    queue = queue_of(entry(5), entry(5))
    assert len(queue) == 1


def test_one_group_goes_in_order_and_others_overtake() -> None:
    queue = queue_of(entry(0, group="g"), entry(1, group="g"), entry(2, group="h"))
    batches = queue.ready(0.0, settled=True)
    assert offsets(batches) == [[0], [2]]
    fail(queue, batches[0], 0.0)
    assert offsets(queue.ready(0.5, settled=True)) == [[2]], "1 waits for 0"
    assert offsets(queue.ready(1.0, settled=True)) == [[0], [2]]


def test_back_off_doubles() -> None:
    queue = queue_of(entry(0), limits=replace(LIMITS, attempts_max=100))
    now = 0.0
    for pause in (1.0, 2.0, 4.0, 8.0):
        (batch,) = queue.ready(now, settled=True)
        fail(queue, batch, now)
        assert queue.ready(now + pause - 0.01, settled=True) == []
        now += pause


def test_retry_after_holds_everything() -> None:
    queue = queue_of(entry(0), entry(1))
    fail(queue, queue.ready(0.0, settled=True)[0], 0.0, retry_after=20.0)
    assert queue.ready(19.9, settled=True) == []
    assert offsets(queue.ready(20.0, settled=True)) == [[0], [1]]


def test_an_open_breaker_lets_one_through_and_what_waited_goes_at_once() -> None:
    limits = replace(LIMITS, retry=RetryLimits(failures_max=1, open_seconds=30.0))
    queue = queue_of(entry(0), entry(1), entry(2), limits=limits)
    fail(queue, queue.ready(0.0, settled=True)[0], 0.0)
    assert queue.ready(29.0, settled=True) == []
    (probe,) = queue.ready(30.0, settled=True)
    queue.sent(probe, 30.0)
    assert queue.ready(31.0, settled=True) == []
    queue.delivered(probe, 31.0)
    assert offsets(queue.ready(31.0, settled=True)) == [[1], [2]]


def test_what_keeps_failing_while_others_are_taken_is_put_aside() -> None:
    queue, now = queue_of(entry(0)), 0.0
    for offset in (1, 2, 3):
        queue.add(entry(offset))
        bad, good = queue.ready(now, settled=True)
        fail(queue, bad, now)
        take(queue, good, now + 0.1)
        now += 10.0
    queue.add(entry(4))
    assert queue.take_aside()[0].code == "keeps_failing"
    assert queue.positions() == {SLOT: 0}, "until it is written down"


def test_a_dead_destination_is_not_the_alert_s_fault() -> None:
    queue, now = queue_of(entry(0)), 0.0
    for _ in range(10):
        (batch,) = queue.ready(now, settled=True)
        fail(queue, batch, now)
        now += 9.0
    assert queue.take_aside() == []


def test_after_a_time_it_is_put_aside() -> None:
    limits = replace(LIMITS, retry=RetryLimits(failures_max=1, open_seconds=1_000.0))
    queue = queue_of(entry(0), entry(1, due=50.0, how="held"), limits=limits)
    fail(queue, queue.ready(0.0, settled=True)[0], 0.0)
    queue.expire(99.0)
    assert queue.take_aside() == []
    queue.expire(101.0)
    assert [(aside.entry.offset, aside.code) for aside in queue.take_aside()] == [(0, "expired")]
    queue.expire(151.0)
    assert [(aside.entry.offset, aside.code) for aside in queue.take_aside()] == [(1, "expired")]


def test_nothing_is_given_up_because_nobody_was_there() -> None:
    queue = Queue(LIMITS, started=1_000.0)
    queue.add(entry(0, arrived=0.0))
    (batch,) = queue.ready(1_000.0, settled=True)
    fail(queue, batch, 1_000.0)
    assert queue.take_aside() == []


def test_refused_is_put_aside_and_gone_takes_all_with_it() -> None:
    queue = queue_of(entry(0), entry(1), entry(2))
    first, second, _ = queue.ready(0.0, settled=True)
    queue.sent(first, 0.0)
    queue.refused(first, 0.0, "answered 400", gone=False)
    assert [aside.code for aside in queue.take_aside()] == ["refused"]
    queue.sent(second, 0.0)
    queue.refused(second, 0.0, "answered 410", gone=True)
    queue.expire(0.0)
    assert [(aside.entry.offset, aside.code) for aside in queue.take_aside()] == [(1, "gone"), (2, "gone")]
    queue.add(entry(3))
    queue.expire(0.0)
    assert [aside.code for aside in queue.take_aside()] == ["gone"]
    assert queue.ready(1e9, settled=True) == []


def test_of_several_that_are_refused_each_is_tried_alone() -> None:
    queue = queue_of(entry(0), entry(1), limits=replace(LIMITS, together_max=64))
    (both,) = queue.ready(0.0, settled=True)
    assert offsets([both]) == [[0, 1]]
    queue.sent(both, 0.0)
    queue.refused(both, 0.0, "answered 400", gone=False)
    assert queue.take_aside() == []
    assert offsets(queue.ready(0.0, settled=True)) == [[0], [1]]


DAILY = Route("d", ("a",), digest=Digest(60.0, 3))


def test_a_digest_goes_by_time_or_count() -> None:
    queue = queue_of(*(entry(n, how="digest", due=60.0 + n, arrived=float(n), route=DAILY) for n in range(2)))
    assert queue.ready(59.9, settled=True) == []
    assert queue.ready(60.0, settled=False) == [], "there is more to be read"
    (batch,) = queue.ready(60.0, settled=True)
    assert (offsets([batch]), batch.digest) == ([[0, 1]], True)
    queue.add(entry(2, how="digest", due=62.0, arrived=2.0, route=DAILY))
    assert offsets(queue.ready(3.0, settled=False)) == [[0, 1, 2]]


def test_a_digest_is_cut_by_bytes() -> None:
    size = len(entry(0).notice.event)
    queue = queue_of(
        *(entry(n, how="held", due=1.0, arrived=float(n)) for n in range(5)),
        limits=replace(LIMITS, digest_bytes_max=2 * size + 100),
    )
    assert offsets(queue.ready(1.0, settled=True)) == [[0, 1]]


def test_what_waits_for_a_digest_holds_nothing_else_up() -> None:
    queue = queue_of(entry(0, how="digest", due=60.0, route=DAILY), entry(1), entry(2, how="held", due=90.0))
    assert offsets(queue.ready(1.0, settled=True)) == [[1]]
    assert queue.waiting() == {"held": 1, "digest": 1, "retry": 0, "new": 1}


def test_quiet_hours_that_begin_hold_what_is_tried_again() -> None:
    quiet = QuietHours("nights", ZoneInfo("UTC"), 22 * 60, 7 * 60)
    evening = datetime(2026, 3, 2, 21, 59, tzinfo=UTC).timestamp()
    queue = queue_of(entry(0, arrived=evening, route=Route("r", ("a",), quiet=quiet)))
    fail(queue, queue.ready(evening, settled=True)[0], evening)
    queue.hold(evening + 120)
    assert queue.ready(evening + 120, settled=True) == []
    morning = datetime(2026, 3, 3, 7, 0, tzinfo=UTC).timestamp()
    assert offsets(queue.ready(morning, settled=True)) == [[0]]


def test_a_full_partition_is_named() -> None:
    other: Slot = ("alerts.critical", 0)
    queue = queue_of(*(entry(n) for n in range(3)), entry(0, slot=other), limits=replace(LIMITS, waiting_alerts_max=3))
    assert queue.full() == {SLOT}
    queue = queue_of(entry(0), limits=replace(LIMITS, waiting_bytes_max=100))
    assert queue.full() == {SLOT}


def test_what_went_to_another_process_is_forgotten() -> None:
    queue = queue_of(entry(0), entry(1))
    first, second = queue.ready(0.0, settled=True)
    queue.sent(first, 0.0)
    queue.sent(second, 0.0)
    queue.refused(second, 0.0, "answered 400", gone=False)
    queue.forget({SLOT})
    assert queue.positions() == {}
    assert queue.take_aside() == []
    queue.delivered(first, 0.0)
    assert (queue.positions(), queue.in_flight) == ({}, 0)
    queue.add(entry(0))
    assert queue.positions() == {SLOT: 0}, "and read again if it comes back"


class _Play:
    """A queue between two partitions and a destination, all of which do as chance has it while it is `busy`."""

    def __init__(self, seed: int, together: int, deadly: bool) -> None:
        self.chance, self.deadly, self.now, self.busy = random.Random(seed), deadly, 0.0, True
        limits = replace(LIMITS, together_max=together, in_flight_max=3, retry=RetryLimits(failures_max=4))
        self.queue = Queue(limits, 0.0)
        self.slots: list[Slot] = [("a", 0), ("b", 0)]
        self.next = dict.fromkeys(self.slots, 0)
        self.committed = dict.fromkeys(self.slots, 0)
        self.done: dict[Slot, set[int]] = defaultdict(set)
        self.order: dict[tuple[Slot, str], list[int]] = defaultdict(list)
        self.flying: list[Batch] = []

    def step(self) -> None:
        self.now += self.chance.random() * 5
        for slot in self.slots:
            if self.busy and slot not in self.queue.full() and self.chance.random() < 0.5:
                self.read(slot, self.next[slot])
                self.next[slot] += 1
        self.queue.expire(self.now)
        for batch in self.queue.ready(self.now, settled=self.chance.random() < 0.5):
            assert len({one.notice.group for one in batch.entries}) == len(batch.entries) or batch.digest
            self.queue.sent(batch, self.now)
            self.flying.append(batch)
        assert self.queue.in_flight == len(self.flying) <= 3
        for batch in list(self.flying):
            if self.chance.random() < 0.5:
                self.flying.remove(batch)
                self.answer(batch)
        self.write()
        self.check()
        if self.busy and self.chance.random() < 0.02:
            self.lose(self.chance.choice(self.slots))

    def read(self, slot: Slot, offset: int) -> None:
        if offset % 5 == 4:
            self.queue.skip(slot, offset)
            self.done[slot].add(offset)
            return
        how: How = ("single", "single", "digest", "held")[offset % 4]  # type: ignore[assignment]
        route = DAILY if how == "digest" else Route(how, ("a",))
        due = self.now + (30.0 if how != "single" else 0.0)
        group = f"{slot[0]}{offset % 3}"
        self.queue.add(entry(offset, group=group, how=how, due=due, arrived=self.now, route=route, slot=slot))

    def answer(self, batch: Batch) -> None:
        answer = self.chance.random() if self.busy else 1.0
        if answer < 0.3:
            self.queue.failed(batch, self.now, "failed", retry_after=None, chance=self.chance.random)
        elif answer < 0.4:
            self.queue.refused(batch, self.now, "refused", gone=self.deadly and answer < 0.31)
        else:
            self.queue.delivered(batch, self.now)
            for one in batch.entries:
                self.done[one.slot].add(one.offset)
                if not one.gone:
                    self.order[one.slot, one.notice.group].append(one.offset)

    def write(self) -> None:
        for aside in self.queue.take_aside():
            if self.chance.random() < 0.5:
                self.queue.put_aside(aside.entry, aside.code, aside.reason)
            else:
                self.done[aside.entry.slot].add(aside.entry.offset)
                self.queue.done(aside.entry)

    def check(self) -> None:
        for slot, position in self.queue.positions().items():
            assert all(offset in self.done[slot] for offset in range(self.committed[slot], position))
            self.committed[slot] = max(self.committed[slot], position)

    def lose(self, slot: Slot) -> None:
        """The partition goes away and comes back: it is read again from what was committed."""
        self.queue.forget({slot})
        self.order = defaultdict(list, {key: found for key, found in self.order.items() if key[0] != slot})
        for offset in range(self.committed[slot], self.next[slot]):
            self.read(slot, offset)


@settings(max_examples=50)
@given(st.integers(0, 10**9), st.sampled_from([1, 4]), st.booleans())
def test_every_alert_is_delivered_or_put_aside_in_the_order_of_its_group(
    seed: int, together: int, deadly: bool
) -> None:
    """Random arrivals, answers, losses of partitions: the position never passes an alert that is not done."""
    play = _Play(seed, together, deadly)
    for step in range(240):
        play.busy = step < 120
        play.step()
    for slot in play.slots:
        assert play.done[slot] >= set(range(play.next[slot])), "everything is done"
        assert play.queue.positions().get(slot, play.next[slot]) == play.next[slot]
    assert all(found == sorted(found) for found in play.order.values())


@pytest.mark.parametrize("together", [1, 64])
def test_requests_at_a_time_are_bounded(together: int) -> None:
    queue = queue_of(*(entry(n) for n in range(500)), limits=replace(LIMITS, in_flight_max=2, together_max=together))
    batches = queue.ready(0.0, settled=True)
    assert len(batches) == 2
    assert all(len(batch.entries) <= together for batch in batches)
