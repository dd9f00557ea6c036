"""A fingerprint of a text: about 180 bytes that tell how much of their wording two texts share.

What is compared is the set of shingles, each four words on consecutive positions. Of the set S the fingerprint has

    an odd sketch   1,021 bits; every shingle flips one of them. The exclusive or of two sketches is the sketch of the
                    shingles that only one text has, and the number of its ones gives their number d, so that
                    J = (|A| + |B| - d) / (|A| + |B| + d)
                    (Mitzenmacher, Pagh, Pham: Efficient Estimation for High Similarities using Odd Sketches, 2014)
    keys            the 12 smallest hashes (bottom-k sketch; Broder 1997): texts that share much share some of them

A long text is sampled: at level n only hashes below 2^32 / 2^n count, the same ones in every text. It carries two
sketches, of its own level and of the next, so that texts of like length always have a level in common; where both
have two, both are asked.

The bytes, big-endian: version, level, number of sketches; for each sketch its set's size (2 bytes) and bits (128);
then the keys (4 bytes each, ascending). The hash is CRC-32: the same in every process, on every machine.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

VERSION = 1
SHINGLE_WORDS = 4
SKETCH_BITS = 1_021
"""A prime: CRC-32 is linear, its remainder is not, so that like differences of words don't fall on like places."""
SKETCH_BYTES = 128
KEYS_MAX = 12
KEY_BYTES = 4
SAMPLE_MAX = 1_600
"""A set above this size is sampled."""
TWO_SKETCHES_FROM = 1_100
"""From this size on a text also carries the sketch of the next level."""
LEVEL_MAX = 16

BODY_WORDS_MIN = 12
"""A shorter body says too little by itself (`Updates to follow`): its title counts as well."""

NOTHING_SHARED = 0
SAME = 1 << 16
"""Likeness of texts with the same shingles; likeness is the Jaccard index in units of 1/65,536."""

_HASH_BITS = 32
_HEAD = struct.Struct(">BBB")
_SIZE_BYTES = 2
_SIZE_MAX = (1 << 8 * _SIZE_BYTES) - 1


class Fingerprint(NamedTuple):
    """A fingerprint unpacked: `size` shingles sampled at `level`, their sketch, and the same of the next level.

    `next_size` is 0 where there is no sketch of the next level. `keys` are KEYS_MAX times KEY_BYTES, or fewer.
    """

    level: int
    size: int
    bits: int
    next_size: int
    next_bits: int
    keys: bytes

    def key_numbers(self) -> tuple[int, ...]:
        """The smallest hashes, ascending."""
        return struct.unpack(f">{len(self.keys) // KEY_BYTES}I", self.keys)


def fingerprint(body: Sequence[str], title: Sequence[str] = ()) -> bytes:
    """The fingerprint of a text by its folded tokens, residue left out; empty for a text without words."""
    words = [*title, *body] if len(body) < BODY_WORDS_MIN else body
    if not words:
        return b""
    sample = _shingle_hashes(words)
    level = 0
    while len(sample) > SAMPLE_MAX and level < LEVEL_MAX:
        level += 1
        sample = _sampled(sample, level)
    following = _sampled(sample, level + 1) if len(sample) >= TWO_SKETCHES_FROM else set()
    keys = _smallest(sample)
    return pack(
        Fingerprint(
            level,
            min(len(sample), _SIZE_MAX),
            _sketch(sample),
            min(len(following), _SIZE_MAX),
            _sketch(following),
            struct.pack(f">{len(keys)}I", *keys),
        )
    )


def pack(unpacked: Fingerprint) -> bytes:
    """The bytes of a fingerprint; see the module."""
    parts = [_HEAD.pack(VERSION, unpacked.level, 2 if unpacked.next_size else 1)]
    parts += (unpacked.size.to_bytes(_SIZE_BYTES, "big"), unpacked.bits.to_bytes(SKETCH_BYTES, "big"))
    if unpacked.next_size:
        parts += (unpacked.next_size.to_bytes(_SIZE_BYTES, "big"), unpacked.next_bits.to_bytes(SKETCH_BYTES, "big"))
    parts.append(unpacked.keys)
    return b"".join(parts)


def unpack(data: bytes) -> Fingerprint | None:
    """The fingerprint in `data`; None where there is none, or one of another version."""
    if len(data) < _HEAD.size or data[0] != VERSION:
        return None
    _, level, sketches = _HEAD.unpack_from(data)
    keys_at = _HEAD.size + sketches * (_SIZE_BYTES + SKETCH_BYTES)
    keys = data[keys_at:]
    if sketches not in (1, 2) or len(data) < keys_at or len(keys) % KEY_BYTES or len(keys) > KEYS_MAX * KEY_BYTES:
        return None
    size, bits = _sketch_at(data, _HEAD.size)
    next_size, next_bits = _sketch_at(data, _HEAD.size + _SIZE_BYTES + SKETCH_BYTES) if sketches == 2 else (0, 0)
    return Fingerprint(level, size, bits, next_size, next_bits, keys)


def likeness(one: Fingerprint, other: Fingerprint) -> int:
    """The estimated Jaccard index of two texts' shingles, from NOTHING_SHARED to SAME."""
    if one.level == other.level:
        value = likeness_of(one.size + other.size, one.bits ^ other.bits)
        if one.next_size and other.next_size:
            # The errors of the two are nearly independent, and the first one's is the smaller.
            following = likeness_of(one.next_size + other.next_size, one.next_bits ^ other.next_bits)
            return (4 * value + 3 * following) // 7
        return value
    if one.level > other.level:
        one, other = other, one
    if one.level + 1 == other.level and one.next_size:
        return likeness_of(one.next_size + other.size, one.next_bits ^ other.bits)
    return NOTHING_SHARED


def likeness_of(total: int, differing_bits: int) -> int:
    """Likeness by the sizes of two sets, added up, and the exclusive or of their sketches at one level."""
    differing = DIFFERING[differing_bits.bit_count()]
    return (total - differing) * SAME // (total + differing) if total > differing else NOTHING_SHARED


def _sketch_at(data: bytes, start: int) -> tuple[int, int]:
    bits_at = start + _SIZE_BYTES
    return int.from_bytes(data[start:bits_at], "big"), int.from_bytes(data[bits_at : bits_at + SKETCH_BYTES], "big")


def _shingle_hashes(words: Sequence[str]) -> set[int]:
    if len(words) < SHINGLE_WORDS:
        return {crc32(" ".join(words).encode())}
    encoded = " ".join(words).encode().split(b" ")
    return set(map(crc32, map(b" ".join, zip(encoded, encoded[1:], encoded[2:], encoded[3:], strict=False))))


def _sampled(hashes: Iterable[int], level: int) -> set[int]:
    return set(_below(hashes, 1 << (_HASH_BITS - level)))


def _below(hashes: Iterable[int], limit: int) -> list[int]:
    return [value for value in hashes if value < limit]


def _smallest(hashes: set[int]) -> list[int]:
    # Sorting a few is faster; hashes are spread evenly, and where they are not, all are sorted.
    few = _below(hashes, (3 * KEYS_MAX << _HASH_BITS) // len(hashes))
    return sorted(few if len(few) >= KEYS_MAX else hashes)[:KEYS_MAX]


def _sketch(hashes: Iterable[int]) -> int:
    bits = bytearray(SKETCH_BITS)
    for value in hashes:
        bits[value % SKETCH_BITS] ^= 1
    return int(bits.translate(_DIGITS), 2)


_DIGITS = bytes.maketrans(b"\x00\x01", b"01")


def _differing(ones: int) -> int:
    """How many elements flip so many bits on average, rounded; where the sketch is full it cannot tell any more."""
    share = 1 - 2 * ones / SKETCH_BITS
    return round(-SKETCH_BITS / 2 * math.log(share)) if share > 0 else _SIZE_MAX * 2


DIFFERING = tuple(_differing(ones) for ones in range(SKETCH_BITS + 1))
"""How many shingles only one of two texts has, by the number of bits in which their sketches differ."""
