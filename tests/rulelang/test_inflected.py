"""What is a form already behind `~`, what only looks like one, and the base that is suggested."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.rulelang import inflections
from stream.rulelang.inflected import base_of, is_form
from stream.rulelang.irregular import IRREGULAR_NOUNS, IRREGULAR_VERBS
from tests.rulelang.kit import expression_codes

NO_FORMS = """
strike need speed shed red bloodshed shahed hundred bus virus crisis debris chaos loss gas news series lens building
meeting wound found shot people present hit lead saw specimen Reuters Strikes Fed us 1990s F-16s
"""


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("strikes", "strike"),
        ("struck", "strike"),
        ("negotiations", "negotiation"),
        ("crashes", "crash"),
        ("rallies", "rally"),
        ("dies", "die"),
        ("vetoes", "veto"),
        ("exposes", "expose"),
        ("viruses", None),
        ("wives", "wife"),
        ("crises", "crisis"),
        ("bases", "base"),
        ("gunmen", "gunman"),
        ("cease-fires", "cease-fire"),
        ("overthrew", "overthrow"),
        ("retook", "retake"),
        ("warned", "warn"),
        ("planned", "plan"),
        ("fired", "fire"),
        ("killed", "kill"),
        ("escalated", "escalate"),
        ("achieved", "achieve"),
        ("tackled", "tackle"),
        ("required", "require"),
        ("raided", "raid"),
        ("threatened", "threaten"),
        ("died", "die"),
        ("denied", "deny"),
        ("agreed", "agree"),
        ("focused", None),
        ("limited", None),
    ],
)
def test_forms_and_their_bases(word: str, base: str | None) -> None:
    assert (is_form(word), base_of(word)) == (True, base)


@pytest.mark.parametrize("word", NO_FORMS.split())
def test_bases_and_names_are_no_forms(word: str) -> None:
    assert not is_form(word)


def test_no_base_of_the_tables_is_a_form() -> None:
    assert [base for base in (*IRREGULAR_VERBS, *IRREGULAR_NOUNS) if is_form(base)] == []


@given(
    st.text("abcdeghilnorstuy-", min_size=1, max_size=10), st.sampled_from(["", "s", "es", "ies", "ed", "ied", "men"])
)
def test_a_base_has_the_form(stem: str, ending: str) -> None:
    base = base_of(stem + ending)
    assert base is None or stem + ending in inflections(base)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("~strikes", ["R910"]),
        ("x NEAR/3 ~struck", ["R910"]),
        ('~"peace talks"', ["R910"]),
        ("CASE(~strikes)", ["R910"]),
        ("strikes OR struck", []),
        ('"peace talks" OR ~"talks table"', []),
        ("~strike OR ~meeting", []),
    ],
)
def test_the_lint(expression: str, expected: list[str]) -> None:
    assert expression_codes(expression) == expected
