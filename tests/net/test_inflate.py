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


@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    st.sampled_from([b"", b"\x1f", b"rubbish", b"\x1frubbish", b"rubbish" + gzip.compress(b"no member")]),
    st.integers(1, 300),
)
def test_members_and_rubbish_in_pieces(members: list[bytes], rubbish: bytes, step: int) -> None:
    pressed = b"".join(map(gzip.compress, members)) + rubbish
    inflater = Inflater("gzip", 1_000)
    for start in range(0, len(pressed), step):
        inflater.feed(pressed[start : start + step])
    assert inflater.finish() == b"".join(members)


def test_rubbish_behind_the_end_takes_no_memory() -> None:
    inflater, piece = Inflater("gzip", 5_000_000), bytes(100_000)
    inflater.feed(gzip.compress(b"one"))
    tracemalloc.start()
    for _ in range(90):
        inflater.feed(piece)
    assert tracemalloc.get_traced_memory()[1] < 500_000
    tracemalloc.stop()
    assert inflater.finish() == b"one"


@pytest.mark.parametrize("more", [bytes(1_000), gzip.compress(b"") * 50])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_comes_to_nothing_has_an_end(encoding: str, more: bytes) -> None:
    def feed() -> None:
        inflater = Inflater(encoding, 10_000)
        inflater.feed(PRESSES[encoding](b"one"))
        for _ in range(100):
            inflater.feed(more)

    with pytest.raises(TooLarge):
        feed()


@given(st.binary(min_size=3_000, max_size=3_000), st.sampled_from(["gzip", "deflate"]), st.integers(0, 9))
def test_data_that_cannot_be_compressed_has_room(data: bytes, encoding: str, level: int) -> None:
    inflater = Inflater(encoding, 3_000)
    inflater.feed((gzip.compress if encoding == "gzip" else zlib.compress)(data, level))
    assert inflater.finish() == data


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
