"""The memory of seen ids: exact within its bound, and never larger than it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.broker.deduplicator import Deduplicator


def test_a_repeated_id_is_seen_once() -> None:
    seen = Deduplicator(10)
    assert [seen.first(i) for i in ("a", "b", "a", "a", "c")] == [True, True, False, False, True]


def test_the_id_not_seen_for_longest_is_forgotten() -> None:
    seen = Deduplicator(2)
    assert [seen.first(i) for i in ("a", "b", "a", "c", "a", "b")] == [True, True, False, True, False, True]


def test_a_bound_below_one_is_a_bug() -> None:
    with pytest.raises(ValueError, match="found ids_max 0, expected at least 1"):
        Deduplicator(0)


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 8))
def test_nothing_repeated_within_the_bound_gets_through(ids: list[str], ids_max: int) -> None:
    seen = Deduplicator(ids_max)
    for number, identifier in enumerate(ids):
        between = ids[:number][::-1]
        repeated = identifier in between and len(set(between[: between.index(identifier)])) < ids_max
        assert seen.first(identifier) is not repeated
