"""Every code has an entry, and the examples of every entry do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import stream.rulelang
from stream.rulelang import CODES, Code
from tests.rulelang.kit import codes, load_example


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_the_bad_example_gives_exactly_its_code(entry: Code) -> None:
    loaded = load_example(entry.bad, entry.corpus)
    assert set(codes(loaded.diagnostics)) == {entry.code}
    assert (loaded.ruleset is None) == (entry.severity == "error")
    assert all(diagnostic.found and diagnostic.expected and diagnostic.help for diagnostic in loaded.diagnostics)


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_the_good_example_gives_nothing(entry: Code) -> None:
    loaded = load_example(entry.good, entry.corpus)
    assert codes(loaded.diagnostics) == []
    assert loaded.ruleset is not None


def test_every_code_in_use_has_an_entry_and_the_other_way_round() -> None:
    folder = Path(stream.rulelang.__file__).parent
    used = {
        code
        for path in folder.glob("*.py")
        if not path.name.startswith("code")
        for code in re.findall(r'"(R\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(CODES)


def test_codes_are_in_order_and_explained() -> None:
    assert list(CODES) == sorted(CODES)
    for entry in CODES.values():
        assert entry.title
        assert entry.explanation.endswith(".")
        assert not entry.title.endswith(".")
