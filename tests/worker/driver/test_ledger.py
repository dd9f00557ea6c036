"""The rules that keep records from being lost, without Kafka or Faust."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.worker.driver.ledger import Arrival, Ledger, LostSpans, Span

P = ("raw", 0)


def opened(offset: int = 0) -> Ledger:
    ledger = Ledger()
    ledger.open(P, offset)
    return ledger


def test_spans_follow_each_other_and_are_confirmed_in_order() -> None:
    ledger = opened(10)
    first, second = ledger.hand_out(P, 13), ledger.hand_out(P, 20)
    assert (first.start, first.end, second.start, second.end) == (10, 13, 13, 20)
    assert ledger.uncommitted() == {}
    assert ledger.confirm(first)
    assert ledger.uncommitted() == {P: 13}
    assert ledger.confirm(second)
    assert ledger.confirmed(P) == ledger.position(P) == 20


def test_a_span_after_a_gap_is_refused_until_the_gap_was_read_again() -> None:
    ledger = opened()
    lost, after = ledger.hand_out(P, 5), ledger.hand_out(P, 9)
    assert not ledger.is_next(after)
    assert ledger.is_after_a_gap(after)
    assert not ledger.confirm(after)
    assert ledger.rewind(P) == 0
    assert not ledger.is_after_a_gap(after), "void is not a gap: it must not rewind a second time"
    assert not ledger.confirm(lost), "handed out before the rewind"
    assert ledger.confirm(ledger.hand_out(P, 5))


def test_a_span_is_due_when_the_one_before_it_has_begun_and_is_confirmed_after_it() -> None:
    ledger = opened()
    first, second, third = ledger.hand_out(P, 5), ledger.hand_out(P, 9), ledger.hand_out(P, 12)
    assert [ledger.is_due(span) for span in (first, second, third)] == [True, False, False]
    ledger.begin(first)
    assert [ledger.is_due(span) for span in (first, second, third)] == [False, True, False]
    ledger.begin(second)
    assert not ledger.confirm(second)
    assert ledger.confirm(first)
    ledger.let_go(first)
    assert ledger.confirm(second)
    ledger.let_go(second)
    assert ledger.is_due(third)


def test_behind_a_span_that_is_let_go_unconfirmed_nothing_is_due() -> None:
    ledger = opened()
    first, second, third = ledger.hand_out(P, 5), ledger.hand_out(P, 9), ledger.hand_out(P, 12)
    ledger.begin(first)
    ledger.begin(second)
    ledger.let_go(first)
    assert not ledger.confirm(second)
    ledger.let_go(second)
    assert ledger.is_after_a_gap(third)
    assert ledger.rewind(P) == 0
    assert not ledger.is_due(third), "void"
    assert ledger.is_due(ledger.hand_out(P, 5))


def test_spans_of_a_closed_partition_are_refused_also_when_it_comes_back() -> None:
    ledger = opened()
    span = ledger.hand_out(P, 5)
    ledger.close([P, ("other", 1)])
    assert P not in ledger
    assert not ledger.confirm(span)
    ledger.open(P, 0)
    assert not ledger.confirm(span)
    assert ledger.confirmed(P) == 0


def test_only_new_commits_are_due() -> None:
    ledger = opened(4)
    ledger.confirm(ledger.hand_out(P, 8))
    ledger.committed(P, 8)
    assert ledger.uncommitted() == {}
    ledger.committed(P, 99)
    ledger.committed(("gone", 0), 5)
    ledger.confirm(ledger.hand_out(P, 9))
    assert ledger.uncommitted() == {P: 9}


def test_a_hole_in_the_log_is_believed_at_the_second_sight() -> None:
    ledger = opened(5)
    assert ledger.arrival(P, 5, after_seek=False) is Arrival.EXPECTED
    assert ledger.arrival(P, 9, after_seek=True) is Arrival.UNEXPECTED, "seen for the first time"
    assert ledger.arrival(P, 8, after_seek=True) is Arrival.UNEXPECTED, "another one"
    assert ledger.arrival(P, 8, after_seek=False) is Arrival.UNEXPECTED, "no seek"
    assert ledger.arrival(P, 8, after_seek=True) is Arrival.EXPECTED
    span = ledger.hand_out(P, 12)
    assert (span.start, span.end) == (5, 12)
    assert ledger.confirm(span)


def test_a_log_that_begins_anew_is_impossible() -> None:
    ledger = opened(100)
    assert ledger.arrival(P, 0, after_seek=False) is Arrival.UNEXPECTED
    assert ledger.arrival(P, 0, after_seek=True) is Arrival.IMPOSSIBLE


def test_lost_spans_are_found_by_looking_again() -> None:
    ledger = opened()
    watch = LostSpans(ledger, looks=3)
    ledger.hand_out(P, 5)
    assert [watch.look([]) for _ in range(3)] == [[], [], [P]]
    ledger.rewind(P)
    assert watch.look([]) == []


def test_what_moves_or_is_in_work_is_not_lost() -> None:
    ledger = opened()
    watch = LostSpans(ledger, looks=2)
    span = ledger.hand_out(P, 5)
    ledger.hand_out(P, 6)
    assert watch.look([]) == []
    assert watch.look(["raw"]) == []
    assert watch.look([]) == [], "counted anew"
    ledger.confirm(span)
    assert watch.look([]) == []
    assert watch.look(["other"]) == [P]


ACTIONS = (
    "fetch",
    "fetch",
    "fetch",
    "begin",
    "begin",
    "begin",
    "finish",
    "finish",
    "finish any",
    "give up",
    "commit",
    "drop",
    "drop late",
    "skip",
    "rebalance",
    "stall",
)


@settings(max_examples=300, deadline=None)
@given(
    holes=st.sets(st.integers(0, 60), max_size=25),
    actions=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 7)), max_size=80),
)
def test_nothing_below_a_committed_offset_was_skipped(holes: set[int], actions: list[tuple[str, int]]) -> None:
    """A client that loses chunks anywhere, skips records and is rebalanced at any time: at least once holds."""
    world = _World([offset for offset in range(60) if offset not in holes])
    for action, size in actions:
        world.do(action, size)
        assert set(world.below(world.group_offset)) <= world.done
    for _ in range(400):
        world.do("fetch", 5)
        world.do("begin", 1)
        world.do("finish", 1)
    world.do("commit", 1)
    assert set(world.log) <= world.done
    assert world.log == [] or world.group_offset == world.log[-1] + 1


class _World:
    def __init__(self, log: list[int]) -> None:
        self.log, self.done, self.group_offset = log, set[int](), 0
        self.queue: deque[tuple[Span, list[int]]] = deque()
        self.in_work: list[tuple[Span, list[int]]] = []
        self.ledger = opened()
        self.client_position = 0
        self.sought = False

    def below(self, offset: int) -> list[int]:
        return [o for o in self.log if o < offset]

    def do(self, action: str, size: int) -> None:
        match action:
            case "fetch":
                self._fetch(size)
            case "begin" if self.queue:
                self._begin()
            case "finish" if self.in_work:
                self._finish(0)
            case "finish any" if self.in_work:
                self._finish(size % len(self.in_work))
            case "give up" if self.in_work:
                self.ledger.let_go(self.in_work.pop(size % len(self.in_work))[0])
            case "commit":
                self._commit()
            case "drop" if self.queue:
                self.queue.popleft()
            case "drop late" if self.queue:
                self.queue.pop()
            case "skip":  # a fetch that somebody has thrown away
                self.client_position += size
                self.sought = False
            case "rebalance":
                if size % 2:
                    self._commit()
                self.ledger.close([P])
                self.ledger.open(P, self.group_offset)
                self._seek(self.group_offset)
            case "stall" if not self.queue and not self.in_work:
                self._seek(self.ledger.rewind(P))

    def _fetch(self, size: int) -> None:
        sought, self.sought = self.sought, False
        records = [o for o in self.log if o >= self.client_position][:size]
        if not records:
            account = (self.ledger.position(P), self.ledger.confirmed(P))
            if not self.queue and not self.in_work and account != (self.client_position, self.client_position):
                self._seek(self.ledger.rewind(P))
            return
        self.client_position = records[-1] + 1
        if self.ledger.arrival(P, records[0], after_seek=sought) is Arrival.EXPECTED:
            self.queue.append((self.ledger.hand_out(P, records[-1] + 1), records))
        else:
            self._seek(self.ledger.position(P))

    def _seek(self, offset: int) -> None:
        self.client_position, self.sought = offset, True

    def _begin(self) -> None:
        span, records = self.queue.popleft()
        if self.ledger.is_after_a_gap(span):
            self._seek(self.ledger.rewind(P))
        elif self.ledger.is_due(span):
            self.ledger.begin(span)
            self.in_work.append((span, records))

    def _finish(self, index: int) -> None:
        span, records = self.in_work.pop(index)
        is_next = self.ledger.is_next(span)
        assert self.ledger.confirm(span) == is_next
        if is_next:
            self.done.update(records)
        self.ledger.let_go(span)

    def _commit(self) -> None:
        for offset in self.ledger.uncommitted().values():
            assert offset > self.group_offset
            self.group_offset = offset
            self.ledger.committed(P, offset)


@pytest.mark.parametrize("count", [1, 3])
def test_partitions_are_apart(count: int) -> None:
    ledger = Ledger()
    for number in range(count):
        ledger.open(("raw", number), number)
    assert ledger.confirm(ledger.hand_out(("raw", 0), 10))
    assert ledger.uncommitted() == {("raw", 0): 10}
    assert ledger.partitions() == [("raw", number) for number in range(count)]
