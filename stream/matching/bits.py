"""Sets of positions as the bits of integers: position p is bit p, and one operation treats all positions at once.

(Bit-parallel matching: Baeza-Yates and Gonnet, "A new approach to text searching", 1992. That an addition carries a
bit to the end of its stretch is the idea of Myers, "A fast bit-vector algorithm for approximate string matching",
1999.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

_FEW_POSITIONS_MAX = 8


def bits_at(positions: Iterable[int]) -> int:
    """The set of some positions."""
    bits = 0
    for position in positions:
        bits |= 1 << position
    return bits


def bits_in(positions: Iterable[int], size: int) -> int:
    """The set of some positions below `size`: quicker than `bits_at` where they are many and far apart."""
    data = bytearray((size + 7) // 8)
    for position in positions:
        data[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(data, "little")


def positions_of(bits: int) -> Iterator[int]:
    """The positions in a set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def listed(bits: int) -> list[int]:
    """The same for large sets: each step of `positions_of` costs as much as the set is long."""
    if bits.bit_count() <= _FEW_POSITIONS_MAX:
        return list(positions_of(bits))
    words = (bits.bit_length() + 63) >> 6
    positions: list[int] = []
    base = 0
    for word in struct.unpack(f"<{words}Q", bits.to_bytes(words << 3, "little")):
        while word:
            lowest = word & -word
            positions.append(base + lowest.bit_length() - 1)
            word ^= lowest
        base += 64
    return positions


def near(befores: int, behinds: int, distance: int) -> Iterator[tuple[int, int]]:
    """For each position of `behinds` with one of `befores` before it, at most `distance` others between them, the
    closest one of those and itself."""
    reach = befores << 1
    covered = 1
    while covered <= distance:
        step = min(covered, distance + 1 - covered)
        reach |= reach << step
        covered += step
    hits = reach & behinds
    while hits:
        behind = hits & -hits
        yield (befores & behind - 1).bit_length() - 1, behind.bit_length() - 1
        hits ^= behind


class Stretches:
    """The sentences or paragraphs of an article: the last position of each one, and all other positions.

    Those that hold one of some positions, each by its last one, are ((bits & others) + others | bits) & lasts: with all
    bits of a stretch but the last one added, whatever stands before the last one carries into it.
    """

    def __init__(self, lasts: Iterable[int], size: int) -> None:
        self.lasts = bits_at(lasts)
        self.others = ((1 << size) - 1) ^ self.lasts
