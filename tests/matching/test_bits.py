"""Sets of positions as integers, held to sets of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.matching.bits import bits_at, bits_in, listed, near, positions_of

POSITIONS = st.sets(st.integers(0, 700), max_size=40)


@given(POSITIONS)
def test_a_set_gives_its_positions_ascending(positions: set[int]) -> None:
    bits = bits_at(positions)
    assert bits == bits_in(positions, 701)
    assert list(positions_of(bits)) == listed(bits) == sorted(positions)


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(0, 20))
def test_near_pairs_each_position_with_the_closest_one_before_it(
    befores: set[int], behinds: set[int], distance: int
) -> None:
    expected = []
    for behind in sorted(behinds):
        within = [before for before in befores if 0 < behind - before <= distance + 1]
        if within:
            expected.append((max(within), behind))
    assert list(near(bits_at(befores), bits_at(behinds), distance)) == expected
