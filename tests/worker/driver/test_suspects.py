"""One poison record is found by the notes of workers that died on it, and no other record is taken for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.worker.driver.ledger import Span
from stream.worker.driver.suspects import WARY, WARY_OFFSETS, Suspects

P = ("raw", 0)


def span(start: int, end: int) -> Span:
    return Span(P, 1, start, end)


def opened(offset: int, note: str, width: int = 10) -> Suspects:
    suspects = Suspects(width)
    suspects.open(P, offset, note)
    return suspects


def test_only_the_first_chunk_costs_a_commit() -> None:
    suspects = opened(5, "")
    assert suspects.note_before(span(5, 15)) == "tried 1"
    assert suspects.note_before(span(15, 25)) is None
    assert suspects.alone_below(P) <= 5


def test_tries_are_counted_and_the_second_death_sets_records_apart() -> None:
    assert opened(5, "tried 1").note_before(span(5, 15)) == "tried 2"
    assert opened(5, "tried 1").alone_below(P) <= 5
    suspects = opened(5, "tried 2")
    assert suspects.alone_below(P) > 5
    assert suspects.alone_below(P) > 14
    assert suspects.alone_below(P) <= 15
    assert not suspects.condemned(span(5, 6)), "not yet worked alone"
    assert suspects.note_before(span(5, 6)) == "alone 1"
    assert suspects.note_before(span(6, 7)) == "alone 1"


def test_the_record_that_was_alone_is_condemned_and_no_other() -> None:
    suspects = opened(7, "alone 1")
    assert suspects.condemned(span(7, 8))
    assert not suspects.condemned(span(8, 9))
    assert suspects.alone_below(P) > 8


def test_the_note_of_an_innocent_record_does_not_stand_during_the_next_chunk() -> None:
    suspects = opened(5, "tried 2", width=1)
    assert suspects.note_before(span(5, 6)) == "alone 1"
    assert suspects.note_before(span(6, 16)) == "tried 1"


def test_after_a_death_every_chunk_is_noted_for_some_distance() -> None:
    suspects = opened(5, "tried 1")
    assert suspects.note_before(span(15, 25)) == "tried 1"
    assert suspects.note_before(span(5 + WARY_OFFSETS, 6 + WARY_OFFSETS)) is None


def test_who_is_wary_blames_nobody_and_notes_every_chunk() -> None:
    suspects = opened(5, WARY)
    assert not suspects.condemned(span(5, 6))
    assert suspects.alone_below(P) <= 5
    assert suspects.note_before(span(5, 15)) == "tried 1"
    assert suspects.note_before(span(15, 25)) == "tried 1"


@pytest.mark.parametrize("note", ["", "tried", "tried x", "alone -1", "somebody else's note", "tried 1234567"])
def test_a_note_of_others_is_none(note: str) -> None:
    suspects = opened(5, note)
    assert suspects.alone_below(P) <= 5
    assert not suspects.condemned(span(5, 6))


def test_a_note_is_outlived_when_its_own_chunk_is_let_go() -> None:
    suspects = opened(5, "")
    suspects.noted(span(5, 15))
    suspects.let_go(span(15, 25))
    assert suspects.outlived() == []
    suspects.let_go(span(5, 15))
    assert suspects.outlived() == [P]
    suspects.noted(span(15, 25))
    assert suspects.outlived() == [], "the next note has taken its place"
    suspects.let_go(span(15, 25))
    suspects.erased([P])
    assert suspects.outlived() == []


def test_notes_of_partitions_that_went_away_are_others_business() -> None:
    suspects = opened(5, "")
    suspects.noted(span(5, 15))
    suspects.let_go(span(5, 15))
    suspects.close([P])
    suspects.noted(span(5, 15))
    assert suspects.outlived() == []
    assert suspects.note_before(span(5, 15)) is None


@settings(max_examples=100, deadline=None)
@given(
    poison=st.sets(st.integers(0, 39), max_size=3),
    width=st.integers(1, 12),
    lazy=st.lists(st.booleans(), min_size=1, max_size=7),
)
def test_exactly_the_poison_is_put_aside_however_commits_lag(poison: set[int], width: int, lazy: list[bool]) -> None:
    """`lazy`: after which chunks the regular commit has not come yet when the next one kills the worker."""
    log, committed, note, dead, done, runs = 40, 0, "", set[int](), set[int](), 0
    while committed < log:
        runs += 1
        assert runs < 60, "no progress"
        suspects = Suspects(width)
        suspects.open(P, committed, note)
        at = committed
        while at < log:
            end = at + 1 if suspects.alone_below(P) > at else min(log, at + width)
            chunk = span(at, end)
            text = suspects.note_before(chunk)
            if text is not None:
                committed, note = at, text
            if suspects.condemned(chunk):
                dead.add(at)
            elif poison & set(range(at, end)):
                break
            else:
                done.update(range(at, end))
            if text is not None:
                committed, note = end, WARY
            at = end
            if not lazy[at % len(lazy)] or at == log:
                committed, note = at, ""
    assert dead == poison
    assert done == set(range(log)) - poison
