"""The short cuts of reading, on the seeds as received."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.clean import read
from stream.clean.reader import Kind, read_fully
from stream.clean.residue import find_residue
from tests.clean.test_read_properties import assert_same_layout

SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.name[:3])
@pytest.mark.parametrize("kind", ["body", "title"])
def test_seeds_read_the_same_by_the_short_cut_and_by_the_long_way(seed: Path, kind: Kind) -> None:
    text = seed.read_text(encoding="utf-8")
    cuts = find_residue(text) if kind == "body" else ()
    short, full = read(text, kind=kind, cuts=cuts), read_fully(text, kind, False, tuple(cuts))
    assert short.tokens == full.tokens
    assert [short.case(position) for position in range(len(short.tokens))] == list(full.cases)
    assert list(short.cases) == list(full.cases)
    assert_same_layout(short, full)
    assert [short.start(position) for position in range(len(short.tokens))] == list(full.starts)
