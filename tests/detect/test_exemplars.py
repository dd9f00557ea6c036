"""The index finds what comparing with every exemplar finds."""

from __future__ import annotations

from random import Random

import pytest

from stream.detect import exemplars as module
from stream.detect.exemplars import Exemplar, Exemplars
from stream.detect.fingerprint import SAME, Fingerprint, fingerprint, unpack
from stream.detect.stories import JOIN, Story

VOCABULARY = [f"w{n}" for n in range(20_000)]


def print_of(words: list[str]) -> Fingerprint:
    unpacked = unpack(fingerprint(words))
    assert unpacked is not None
    return unpacked


def add(to: Exemplars, words: list[str], story: Story) -> Exemplar:
    return to.add(print_of(words), fingerprint(words), story)


def found(among: Exemplars, text: Fingerprint) -> list[tuple[int, int]]:
    return sorted((value, exemplar.number) for value, exemplar in among.like(text, JOIN))


@pytest.mark.parametrize(("boilerplate", "missed_max"), [(0, 0), (100, 0), (200, 4)])
def test_the_index_finds_what_a_scan_finds(monkeypatch: pytest.MonkeyPatch, boilerplate: int, missed_max: int) -> None:
    """Where two thirds of every text are the same, few keys are left to tell them apart."""
    chance = Random(boilerplate)
    common = chance.choices(VOCABULARY, k=boilerplate)
    texts = [chance.choices(VOCABULARY, k=300 - boilerplate) + common for _ in range(300)]
    copies = [[w if chance.random() > 0.03 else "x" for w in chance.choice(texts)] for _ in range(300)]
    indexed, scanned = Exemplars(), Exemplars()
    kept = []
    for number, words in enumerate(texts):
        story = Story(str(number), 0)
        add(scanned, words, story)
        kept.append(add(indexed, words, story))
    hits = missed = 0
    for words in copies:
        text = print_of(words)
        by_index = found(indexed, text)
        with monkeypatch.context() as patched:
            patched.setattr(module, "SCANNED_MAX", 1_000)
            by_scan = found(scanned, text)
        missed += by_index[-1:] != by_scan[-1:]
        hits += len(by_scan)
    assert hits >= 250
    assert missed <= missed_max
    for exemplar in kept:
        indexed.remove(exemplar)
    assert len(indexed) == 0
    assert found(indexed, print_of(texts[0])) == []


def test_what_was_removed_is_not_found() -> None:
    chance = Random(3)
    texts = [chance.choices(VOCABULARY, k=100) for _ in range(60)]
    among = Exemplars()
    kept = [add(among, words, Story(str(n), 0)) for n, words in enumerate([*texts, *texts])]
    assert [number for _, number in found(among, print_of(texts[7]))] == [7, 67]
    among.remove(kept[7])
    assert found(among, print_of(texts[7])) == [(SAME, 67)]
    among.remove(kept[67])
    assert found(among, print_of(texts[7])) == []
