"""Datelines that are there, and lines that only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.clean.dateline import DATELINE_CODE_POINTS_MAX, find_dateline

YES = [
    # text, place, country, date, agency
    ("KYIV, Aug 5 (Reuters) - Russian forces struck a market.", "KYIV", None, "Aug 5", "Reuters"),
    ("KYIV (Reuters) - Russian forces struck a market.", "KYIV", None, None, "Reuters"),
    ("BEIRUT, Lebanon — Israeli aircraft hit targets in the south.", "BEIRUT", "Lebanon", None, None),
    ("WASHINGTON — The Pentagon said on Tuesday that it had.", "WASHINGTON", None, None, None),
    ("CAIRO/BEIRUT, Aug 5 (Reuters) - Talks resumed on Tuesday.", "CAIRO", None, "Aug 5", "Reuters"),
    ("NEW DELHI, August 5, 2026 — Officials confirmed the strike.", "NEW DELHI", None, "August 5, 2026", None),
    ("PORT-AU-PRINCE, Aug. 5 (AP) - Gangs seized the district.", "PORT-AU-PRINCE", None, "Aug. 5", "AP"),
    ("GENEVA, Aug 5, 2026 (Agence France-Presse) — Talks opened.", "GENEVA", None, "Aug 5, 2026", "AFP"),
    ("SAN SALVADOR, 9 JAN 90 (DPA) -- [TEXT] ...", "SAN SALVADOR", None, "9 JAN 90", "dpa"),
    ("BEIJING -- China on Friday said it opposes ballistic missile launches", "BEIJING", None, None, None),
    ("ROME (ITALY), 11 JAN 90 -- [INTERVIEW] [EXCERPT]", "ROME", "ITALY", "11 JAN 90", None),
    ("LIMA, 9 MAR 89 (RADIO DEL\nPACIFICO) -- [TEXT] FOUR", "LIMA", None, "9 MAR 89", "RADIO DEL PACIFICO"),
    ("TEGUCIGALPA, 7 FEB (REUTER) -- [TEXT] A BOMB", "TEGUCIGALPA", None, "7 FEB", "Reuters"),
    ("MOSCOW (USSR), NO DATE -- [TEXT] [CONTINUED]", "MOSCOW", "USSR", "NO DATE", None),
    ("MOSCOW, January 12. /TASS/. Russian forces have.", "MOSCOW", None, "January 12", "TASS"),
    ("Washington (AP) — The Senate voted.", "Washington", None, None, "AP"),
    ("ST. JOSEPH, Mich. (AP) — Health authorities.", "ST. JOSEPH", "Mich.", None, "AP"),
    ("BUFFALO, N.Y. — Hours before the game was called off, the coach", "BUFFALO", "N.Y.", None, None),
    ("DUBAI, United Arab Emirates — The carrier said on Sunday it", "DUBAI", "United Arab Emirates", None, None),
    ("KIEV (Reuters) – U.S. Secretary of State Antony Blinken arrived.", "KIEV", None, None, "Reuters"),
    ("Brussels, 5 March 2022 – The Commission has proposed a new fund", "Brussels", None, "5 March 2022", None),
    ("Aug 5 (Reuters) - Shares rose on Tuesday.", None, None, "Aug 5", "Reuters"),
    ("(Reuters) — The attorney general is investigating.", None, None, None, "Reuters"),
]
NO = [
    "Officials said on Tuesday - according to two people - that talks failed.",
    "The strike happened in the early hours — residents said.",
    "KYIV Aug 5 Reuters Russian forces struck a market.",
    "kyiv, aug 5 (reuters) - forces struck a market.",
    "THE ENTIRE SOUTHERN COMMAND STRUCTURE OF THE ARMY — officials said.",
    "",
    "BREAKING — The prime minister has said that she will step down.",
    "UPDATE, Aug 5 (Reuters) - The minister has said that.",
    "NATO – The alliance said on Monday that it would send more troops.",
    "UNESCO — The agency said on Monday that it would list the town.",
    "OPINION — The treaty is not worth the paper that it is printed on.",
    "Monday, August 5, 2026 — The minister has said that he will go.",
    "Smith (the former minister) – He said that he had never seen it.",
    "AP-US--Senate-Vote, 4th version of the report on the vote in the house",
    "LONDON — calling",
    "Kyiv–Moscow trains run again after two years of talks about the line.",
    "WASHINGTON said on Tuesday that it had seen the report — and read it.",
    "A — The first of the points that the minister made was about money.",
]


@pytest.mark.parametrize(("text", "place", "country", "date", "agency"), YES)
def test_a_dateline(text: str, place: str | None, country: str | None, date: str | None, agency: str | None) -> None:
    found = find_dateline(text, 0)
    assert found is not None
    assert (found.place, found.country, found.date, found.agency) == (place, country, date, agency)
    assert text[found.place_start : found.place_end] == (place or "")
    assert text[found.end :].lstrip()[0] in "RITOGCF[USHDA"


@pytest.mark.parametrize("text", NO)
def test_no_dateline(text: str) -> None:
    assert find_dateline(text, 0) is None


def test_the_year_makes_a_moment() -> None:
    with_year = find_dateline("GENEVA, Aug 5, 2026 (AFP) — Talks opened.", 0)
    without = find_dateline("GENEVA, Aug 5 (AFP) — Talks opened.", 0)
    assert with_year is not None
    assert with_year.moment is not None
    assert with_year.moment.isoformat() == "2026-08-05T00:00:00+00:00"
    assert without is not None
    assert without.moment is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["KYIV", "Ukraine", ", ", " ", "(AP)", "(", ")", "Aug 5", " — ", " - ", "--", "\n", "é", "The"])
    )
)
def test_any_text_has_an_answer(parts: list[str]) -> None:
    text = "".join(parts)
    found = find_dateline(text, 0)
    if found is not None:
        assert 0 < found.end <= min(len(text), DATELINE_CODE_POINTS_MAX)
