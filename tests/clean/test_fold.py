"""Normalising characters: the quick ways against the plain one, and what holds for every character there is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.clean.fold import flatten, flatten_fully, fold_case

LETTERS = "aeLł’“`–…éй\u0306\u0301\u00ad™ßﬁ½ｶﾞ中 \n"


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(LETTERS) | st.characters(), max_size=30))
def test_both_ways_of_flattening_agree(text: str) -> None:
    quick, full = flatten(text), flatten_fully(text)
    assert quick.text == full.text
    for index in range(len(full.text)):
        assert (quick.start(index), quick.end(index)) == (full.start(index), full.end(index))


def test_flat_text_is_flat() -> None:
    """Of every character but rare ideographs, spelling what it is spelled as changes nothing."""
    unsteady = []
    for code_point in [*range(0x20000), *range(0xE0000, 0xE1000)]:
        spelling = flatten(chr(code_point)).text
        if spelling != chr(code_point) and flatten(spelling).text != spelling:
            unsteady.append(f"U+{code_point:04X}")
    assert unsteady == []


def test_folding_the_case_twice_changes_nothing() -> None:
    unsteady = []
    for code_point in range(0x3000):
        token = fold_case(flatten(chr(code_point)).text)
        if fold_case(token) != token:
            unsteady.append(f"U+{code_point:04X}")
    assert unsteady == []


def test_marks_without_end_are_cut_off() -> None:
    flat = flatten("e" + "\u0301\u0316" * 1_000 + "x")
    assert flat.text == "ex"
    assert len(flatten("и" + "\u0301" * 1_000).text) <= 32
