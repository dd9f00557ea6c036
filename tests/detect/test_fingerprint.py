"""Fingerprints: stable bytes, safe to read, and close to the exact Jaccard index."""

from __future__ import annotations

import base64
import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.copies import jaccard, shingles
from stream.detect.fingerprint import BODY_WORDS_MIN, SAME, fingerprint, likeness, pack, unpack

WORDS = st.lists(st.text(alphabet="abcдеж漢字'-1", min_size=1, max_size=8), max_size=60)
SENTENCE = "the quick brown fox jumps over the lazy dog and is not seen again until the next day"
VOCABULARY = [f"w{n}" for n in range(20_000)]


def alike(one: list[str], other: list[str]) -> float:
    """The estimate."""
    first, second = unpack(fingerprint(one)), unpack(fingerprint(other))
    assert first is not None
    assert second is not None
    assert likeness(first, second) == likeness(second, first)
    return likeness(first, second) / SAME


def edited(words: list[str], chance: Random) -> list[str]:
    """Some words replaced, and perhaps the end cut off or something added."""
    share = chance.uniform(0, 0.1)
    copy = [word if chance.random() > share else chance.choice(VOCABULARY) for word in words]
    if chance.random() < 0.5:
        copy = copy[: round(len(copy) * chance.uniform(0.75, 1))]
    return copy + chance.choices(VOCABULARY, k=chance.randrange(len(words) // 10 + 1))


def test_the_bytes_are_the_same_in_every_process_and_version() -> None:
    text = SENTENCE.split()
    short, long = fingerprint(text), fingerprint([f"{word}{n}" for n in range(75) for word in text])
    digests = [hashlib.sha256(data).hexdigest()[:16] for data in (short, long)]
    assert digests == ["a11dc909ab6fb12d", "5100b5cb621aef16"]
    assert (len(short), len(long)) == (3 + 130 + 48, 3 + 2 * 130 + 48)


@given(WORDS, WORDS)
def test_fingerprints_are_small_and_read_back(body: list[str], title: list[str]) -> None:
    data = fingerprint(body, title)
    assert len(base64.b64encode(data)) <= 420
    unpacked = unpack(data)
    if unpacked is None:
        assert not body
        assert not title
    else:
        assert pack(unpacked) == data
        assert likeness(unpacked, unpacked) == SAME


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=400).map(lambda data: b"\x01" + data)))
def test_any_bytes_are_read_or_not_and_never_fail(data: bytes) -> None:
    unpacked = unpack(data)
    assert unpacked is None or pack(unpacked) == data


def test_the_title_counts_only_where_the_body_says_too_little() -> None:
    long = [f"b{n}" for n in range(BODY_WORDS_MIN)]
    assert fingerprint(long, ["one", "title"]) == fingerprint(long, ["another"])
    assert fingerprint(long[1:], ["one", "title"]) != fingerprint(long[1:], ["another"])
    assert fingerprint([], []) == b""
    assert fingerprint([], ["title"]) != b""


@pytest.mark.parametrize("count", [30, 100, 330, 1_050, 1_150, 1_550, 1_650, 3_100, 3_300])
def test_estimates_are_close_to_the_exact_index(count: int) -> None:
    chance = Random(count)
    errors = []
    for _ in range(25):
        one = chance.choices(VOCABULARY, k=count)
        other = edited(one, chance)
        exact = jaccard(shingles(one), shingles(other))
        if exact >= 0.5:
            errors.append(alike(one, other) - exact)
    assert len(errors) >= 15
    assert abs(sum(errors) / len(errors)) < 0.02
    assert max(map(abs, errors)) < 0.13


def test_texts_that_share_nothing_are_not_alike() -> None:
    chance = Random(1)
    texts = [chance.choices(VOCABULARY, k=k) for k in (4, 40, 400, 1_050, 1_500, 5_000) for _ in range(3)]
    assert max(alike(a, b) for i, a in enumerate(texts) for b in texts[:i]) < 0.5
    assert alike(texts[0], texts[-1]) == 0
