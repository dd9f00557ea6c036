"""Decompression within limits."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.net.inflate import Damaged, Inflater, TooLarge


def _raw(data: bytes) -> bytes:
    press = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return press.compress(data) + press.flush()


PRESSES = {"gzip": gzip.compress, "deflate": zlib.compress, "": bytes}


@given(st.binary(max_size=2_000), st.sampled_from(sorted(PRESSES)), st.integers(1, 300))
def test_pieces_do_not_matter(data: bytes, encoding: str, step: int) -> None:
    pressed = PRESSES[encoding](data)
    inflater = Inflater(encoding, 2_000)
    for start in range(0, len(pressed), step):
        inflater.feed(pressed[start : start + step])
    assert inflater.finish() == data


@given(st.binary(min_size=1, max_size=2_000))
def test_deflate_without_its_header(data: bytes) -> None:
    inflater = Inflater("deflate", 2_000)
    try:
        inflater.feed(_raw(data))
        assert inflater.finish() == data
    except Damaged:
        pytest.fail("it is what many servers send")


def test_members_and_rubbish_behind_them() -> None:
    inflater = Inflater("gzip", 100)
    inflater.feed(gzip.compress(b"one ") + gzip.compress(b"two") + b"rubbish")
    assert inflater.finish() == b"one two"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_one_byte_too_many(encoding: str) -> None:
    exact = Inflater(encoding, 1_000)
    exact.feed(PRESSES[encoding](b"x" * 1_000))
    assert len(exact.finish()) == 1_000
    with pytest.raises(TooLarge):
        Inflater(encoding, 999).feed(PRESSES[encoding](b"x" * 1_000))


def test_a_bomb_takes_no_memory() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        Inflater("gzip", 1_000_000).feed(bomb)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("data", [b"no gzip at all", gzip.compress(b"x" * 100)[:-9], b""])
def test_damage(data: bytes) -> None:
    def inflate() -> None:
        inflater = Inflater("gzip", 1_000)
        inflater.feed(data)
        inflater.finish()

    with pytest.raises(Damaged):
        inflate()
