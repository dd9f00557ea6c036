"""Copies of a report are one story, independent reports are not: measured on the seeds and on speeches (CC0 1.0).

`make bench-stories` measures the same on larger data.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench.copies import KINDS, Report, report
from bench.stories import SPEECHES, Text, load, score_key, score_pairs, text_of

ROOT = Path(__file__).parents[2]
SEEDS = [report(None, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "seeds").glob("*.txt"))]
REPORTS = [*SEEDS, *load(SPEECHES)]


@pytest.fixture(scope="module")
def originals() -> list[Text]:
    return [text_of(one) for one in REPORTS]


def test_pairs_are_joined_where_the_exact_index_says_so() -> None:
    scores = [score_pairs(REPORTS, seed)[0] for seed in (1, 2)]
    found, missed, extra, wrong, pairs = (
        sum(getattr(score, name) for by_kind in scores for score in by_kind.values())
        for name in ("found", "missed", "extra", "wrong", "pairs")
    )
    assert pairs == 2 * len(REPORTS) * len(KINDS)
    assert found / (found + missed) >= 0.97
    assert found / (found + extra) >= 0.97
    assert wrong == 0


@pytest.mark.parametrize("kind", ["headline", "byline", "edited", "residue", "wrapped", "html"])
def test_copies_of_a_kind_that_changes_little_always_belong_together(kind: str, originals: list[Text]) -> None:
    chance = Random(5)
    together = 0
    for one, original in zip(REPORTS, originals, strict=True):
        copy = text_of(KINDS[kind](one, chance))
        together += score_key([original, copy])[1] == 1
    assert together >= len(REPORTS) - 1


def test_independent_reports_are_stories_of_their_own(originals: list[Text]) -> None:
    score, stories, _ = score_key(originals)
    assert stories == len(originals)
    assert score.wrong == 0


def test_one_key_keeps_copies_together_and_others_apart(originals: list[Text]) -> None:
    chance = Random(11)
    log: list[Text] = list(originals)
    plain: list[Report] = [one for one in REPORTS for _ in range(4)]
    log.extend(
        text_of(KINDS[chance.choice(("headline", "byline", "edited", "tail", "residue", "html"))](one, chance))
        for one in plain
    )
    chance.shuffle(log)
    score, stories, least = score_key(log)
    assert score.wrong == 0
    assert least >= 0.3
    assert score.recall >= 0.97
    assert len(originals) <= stories <= len(originals) + 2
