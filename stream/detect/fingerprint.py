"""A fingerprint of a text: a few hundred bytes that tell how much of their wording two texts share.

What is compared is the set of shingles, each four words on consecutive positions. Of the set S the fingerprint has

    an odd sketch   1,024 bits; every shingle flips one of them. The exclusive or of two sketches is the sketch of the
                    shingles that only one text has, and the number of its ones gives their number d:
                    J = (|A| + |B| - d) / (|A| + |B| + d)
                    (Mitzenmacher, Pagh, Pham: Efficient Estimation for High Similarities using Odd Sketches, 2014)
    keys            the 12 smallest hashes (bottom-k sketch; Broder 1997): texts that share much share some of them

A long text is sampled: at level n only hashes below 2^32 / 2^n count, the same ones in every text. It carries two
sketches, of its own level and of the next, so that texts of like length always have a level in common.

The bytes, big-endian: version, level, number of sketches; for each sketch its set's size (2 bytes) and bits (128);
then the keys (4 bytes each, ascending). The hash is CRC-32: the same in every process, on every machine.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

VERSION = 1
SHINGLE_WORDS = 4
SKETCH_BITS = 1_024
SKETCH_BYTES = SKETCH_BITS // 8
KEYS_MAX = 12
SAMPLE_MAX = 2_048
"""A set above this size is sampled."""
TWO_SKETCHES_FROM = 1_400
"""From this size on a text also carries the sketch of the next level."""

BODY_WORDS_MIN = 12
"""A shorter body says too little by itself (`Updates to follow`): its title counts as well."""

_HASH_RANGE = 1 << 32
_POSITION_SHIFT = 32 - SKETCH_BITS.bit_length() + 1
_MIX = 0x9E3779B1
_HEAD = struct.Struct(">BBB")
_SIZE_MAX = 0xFFFF

NOTHING_SHARED = 0
SAME = 1 << 16
"""Likeness of texts with the same shingles; likeness is Jaccard in units of 1/65,536."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A fingerprint unpacked. `sketches` are of the levels from `level` on, each (size of the set, bits)."""

    level: int
    sketches: tuple[tuple[int, int], ...]
    keys: tuple[int, ...]


def fingerprint(body: Sequence[str], title: Sequence[str] = ()) -> bytes:
    """The fingerprint of a text by its folded tokens, residue left out; empty for a text without words."""
    words = [*title, *body] if len(body) < BODY_WORDS_MIN else body
    if not words:
        return b""
    hashes = _shingle_hashes(words)
    level = 0
    sample = hashes
    while len(sample) > SAMPLE_MAX and level < 16:
        level += 1
        sample = {h for h in hashes if h < _HASH_RANGE >> level}
    samples = [sample]
    if len(sample) >= TWO_SKETCHES_FROM:
        samples.append({h for h in sample if h < _HASH_RANGE >> (level + 1)})
    parts = [_HEAD.pack(VERSION, level, len(samples))]
    for each in samples:
        parts.append(min(len(each), _SIZE_MAX).to_bytes(2, "big"))
        parts.append(_sketch(each).to_bytes(SKETCH_BYTES, "big"))
    keys = sorted(sample)[:KEYS_MAX]
    parts.append(struct.pack(f">{len(keys)}I", *keys))
    return b"".join(parts)


def unpack(data: bytes) -> Fingerprint | None:
    """The fingerprint in `data`; None where there is none, or one of another version."""
    if len(data) < _HEAD.size or data[0] != VERSION:
        return None
    _, level, count = _HEAD.unpack_from(data)
    rest = len(data) - _HEAD.size - count * (2 + SKETCH_BYTES)
    if count not in (1, 2) or rest < 0 or rest % 4:
        return None
    sketches = []
    for start in range(_HEAD.size, len(data) - rest, 2 + SKETCH_BYTES):
        size = int.from_bytes(data[start : start + 2], "big")
        sketches.append((size, int.from_bytes(data[start + 2 : start + 2 + SKETCH_BYTES], "big")))
    return Fingerprint(level, tuple(sketches), struct.unpack(f">{rest // 4}I", data[len(data) - rest :]))


def likeness(one: Fingerprint, other: Fingerprint) -> int:
    """The estimated Jaccard index of two texts' shingles, from NOTHING_SHARED to SAME."""
    if one.level > other.level:
        one, other = other, one
    step = other.level - one.level
    if step >= len(one.sketches):
        return NOTHING_SHARED
    size, bits = one.sketches[step]
    other_size, other_bits = other.sketches[0]
    total = size + other_size
    differing = min(_DIFFERING[(bits ^ other_bits).bit_count()], total)
    return max(0, (total - differing) * SAME // (total + differing)) if total else NOTHING_SHARED


def _shingle_hashes(words: Sequence[str]) -> set[int]:
    if len(words) < SHINGLE_WORDS:
        return {crc32(" ".join(words).encode())}
    encoded = " ".join(words).encode().split(b" ")
    return set(map(crc32, map(b" ".join, zip(encoded, encoded[1:], encoded[2:], encoded[3:], strict=False))))


def _sketch(hashes: set[int]) -> int:
    bits = bytearray(SKETCH_BITS)
    for value in hashes:
        # CRC-32 is linear; the product is not, so that like differences of words don't fall on like places.
        bits[(value * _MIX & 0xFFFFFFFF) >> _POSITION_SHIFT] ^= 1
    return int(bits.translate(_DIGITS), 2)


_DIGITS = bytes.maketrans(b"\x00\x01", b"01")


def _differing(ones: int) -> int:
    """How many elements flip so many bits on average, rounded; where the sketch is full it cannot tell any more."""
    share = 1 - 2 * ones / SKETCH_BITS
    return round(-SKETCH_BITS / 2 * math.log(share)) if share > 0 else _SIZE_MAX * 2


_DIFFERING = tuple(_differing(ones) for ones in range(SKETCH_BITS + 1))
