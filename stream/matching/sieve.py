"""Which nodes have all of their bits: what `prefilter` explains, for all nodes at once.

layer       2 (shut)     1            0
place      2  1  0     2  1  0      2  1  0
always     0  0  0     1  0  0      0  0  0       node 2 has one condition only
met        0  1  0     0  1  1      1  1  1       all conditions are met, but something shuts node 1
chosen     0, 2
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stream.clean import native
from stream.clean.native import NativeSieve
from stream.matching.bits import bits_at, bits_in, listed

WORD_BITS = 64
"""A layer begins at a multiple of it, so that machine code need not shift."""


class Among(NamedTuple):
    """Some of the nodes of a sieve: a bit for the place of each, also as bytes, the lowest first."""

    bits: int
    packed: bytes


class Sieve:
    """Layers of bits, one a node in each, and above them the layer of what shuts nodes. `indices` are the nodes,
    ascending, `always` the bits that need not be met."""

    def __init__(self, indices: Sequence[int], layers: int) -> None:
        self._indices = indices
        self._layers = layers
        self._stride = -(-len(indices) // WORD_BITS) * WORD_BITS
        self._always = 0
        self._native: NativeSieve | None = None

    @property
    def size(self) -> int:
        """How many bits there are."""
        return (self._layers + 1) * self._stride

    def bit(self, layer: int, place: int) -> int:
        """The bit of a node, by its place among the indices."""
        return layer * self._stride + place

    def shut(self, place: int) -> int:
        """The bit of what shuts a node."""
        return self.bit(self._layers, place)

    def set_always(self, bits: Iterable[int]) -> None:
        """Say which bits need not be met."""
        self._always = bits_in(bits, self.size)
        package = native.package()
        if package is not None:
            self._native = package.Sieve(
                list(self._indices), self._layers, self._always.to_bytes(self.size >> 3, "little")
            )

    def among(self, indices: Iterable[int]) -> Among:
        """The nodes with some indices, those of others left out."""
        wanted = set(indices)
        bits = bits_at(place for place, index in enumerate(self._indices) if index in wanted)
        return Among(bits, bits.to_bytes(self._stride >> 3, "little"))

    def in_machine_code(self) -> NativeSieve | None:
        """The same for texts whose bits machine code has; None where it is not installed."""
        return self._native

    def chosen(self, met: int, among: Among) -> list[int]:
        """The indices of nodes with all of their bits met, ascending."""
        left, met = among.bits, met | self._always
        for layer in range(self._layers):
            left &= met >> layer * self._stride
        left &= ~(met >> self._layers * self._stride)
        return [self._indices[place] for place in listed(left)]
