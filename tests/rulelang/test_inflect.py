"""The forms of `~word`: each rule of the algorithm, the irregular table, and what must not be there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.rulelang import inflections
from stream.rulelang.irregular import IRREGULAR_NOUNS, IRREGULAR_VERBS


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("attack", "attacks attacked attacking"),
        ("threat", "threats"),
        ("crash", "crashes crashed crashing"),
        ("box", "boxes boxed boxing"),
        ("pass", "passes passed passing"),
        ("breach", "breaches breached breaching"),
        ("epoch", "epochs"),
        ("veto", "vetoes vetoed vetoing"),
        ("photo", "photos"),
        ("rally", "rallies rallied rallying"),
        ("party", "parties"),
        ("delay", "delays delayed delaying"),
        ("obloquy", "obloquies"),
        ("escalate", "escalates escalated escalating"),
        ("agree", "agrees agreed agreeing"),
        ("argue", "argues argued arguing"),
        ("die", "dies died dying"),
        ("canoe", "canoes canoed canoeing"),
        ("panic", "panics panicked panicking"),
        ("plan", "plans planned planning"),
        ("ban", "bans banned banning"),
        ("quiz", "quizzes quizzed quizzing"),
        ("equip", "equips equipped equipping"),
        ("commit", "commits committed committing"),
        ("travel", "travels traveled travelled traveling travelling"),
        ("offer", "offers offered offering"),
        ("fix", "fixes fixed fixing"),
        ("draw", "draws drew drawn drawing"),
        ("meet", "meets met meeting"),
        ("say", "says said saying"),
        ("think", "thinks thought thinking"),
        ("go", "goes went gone going"),
        ("take", "takes took taken taking"),
        ("strike", "strikes struck stricken striking"),
        ("cut", "cuts cut cutting"),
        ("hit", "hits hit hitting"),
        ("win", "wins won winning"),
        ("lose", "loses lost losing"),
        ("be", "am is are was were been being"),
        ("have", "has had having"),
        ("fly", "flies flew flown flying"),
        ("withdraw", "withdraws withdrew withdrawn withdrawing"),
        ("overthrow", "overthrows overthrew overthrown overthrowing"),
        ("retake", "retakes retook retaken retaking"),
        ("misunderstand", "misunderstands misunderstood misunderstanding"),
        ("fuel", "fuels fueled fuelled fueling fuelling"),
        ("age", "ages aged aging ageing"),
        ("queue", "queues queued queuing queueing"),
        ("spokesperson", "spokespersons spokespeople"),
        ("midwife", "midwives"),
        ("hypothesis", "hypotheses"),
        ("synopsis", "synopses"),
        ("man", "men"),
        ("spokeswoman", "spokeswomen"),
        ("gunman", "gunmen"),
        ("child", "children"),
        ("crisis", "crises"),
        ("life", "lives"),
        ("Putin", "Putins"),
        ("Strike", "Strikes Struck Striking"),
        ("STRIKE", "STRIKES STRUCK STRIKING"),
        ("cease-fire", "cease-fires cease-fired cease-firing"),
        ("air-strike", "air-strikes air-struck"),
        ("F-16", "F-16s"),
        ("drones", "droneses"),
        ("café", "cafés"),
    ],
)
def test_forms_that_must_be_there(word: str, forms: str) -> None:
    found = inflections(word)
    assert found[0] == word
    assert set(forms.split()) <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("escalation", "escalate"),  # never across word classes
        ("drones", "drone"),  # a plural is not reduced
        ("plan", "planed"),  # one syllable doubles: "plane" is another verb
        ("hop", "hoping"),
        ("star", "staring"),
        ("win", "wined"),
        ("find", "founded"),
        ("see", "seed"),
        ("need", "needded"),
        ("hit", "hited"),
    ],
)
def test_forms_that_belong_to_other_words_are_left_out(word: str, other: str) -> None:
    assert other not in inflections(word)


@pytest.mark.parametrize("word", ["U.S.", "Путин", "北京", "a", "3.5%"])
def test_words_beyond_the_algorithm_have_no_forms_but_themselves(word: str) -> None:
    assert inflections(word) == (word,)


@given(st.text(max_size=12))
def test_any_text_is_its_own_first_form(word: str) -> None:
    found = inflections(word)
    assert found[0] == word
    assert len(set(found)) == len(found) <= 16


def test_the_tables_hold_small_letters_and_no_form_twice() -> None:
    for base, forms in {**IRREGULAR_VERBS, **IRREGULAR_NOUNS}.items():
        assert base == base.lower()
        assert forms, base
        assert len(set(forms)) == len(forms), base
        assert all(form.isalpha() and form.islower() for form in forms), base
