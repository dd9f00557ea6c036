"""What texts say about themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.clean.metadata import extract, read_byline
from stream.clean.residue import find_residue

SEEDS = Path(__file__).parents[2] / "seeds"
PROSE = "The two delegations met in Geneva on Monday and talked for six hours about the border."


@pytest.mark.parametrize(
    ("seed", "headline", "authors", "source", "place", "published"),
    [
        ("000", None, ("Daphne Psaledakis", "Olena Harmash"), "Reuters", "KIEV", None),
        (
            "001",
            "US officials said the Ukrainian attack could pave the way for diplomacy with Russia",
            (),
            None,
            None,
            None,
        ),
        ("002", "US warns Ukraine of escalation risk – Reuters", (), None, None, "2022-05-26T23:02:00+00:00"),
        ("003", None, (), None, None, None),
        (
            "004",
            "Diplomacy Over Ukraine War Is About Weapons More Than Peace Talks",
            (),
            "The New York Times",
            None,
            None,
        ),
    ],
)
def test_the_seeds(
    seed: str,
    headline: str | None,
    authors: tuple[str, ...],
    source: str | None,
    place: str | None,
    published: str | None,
) -> None:
    (path,) = SEEDS.glob(f"{seed}_*.txt")
    text = path.read_bytes().decode()
    found = extract(text, cuts=find_residue(text))
    assert (found.headline.text if found.headline else None) == headline
    assert found.authors == authors
    assert (found.source, found.dateline_place) == (source, place)
    assert (found.published.isoformat() if found.published else None) == published


def test_a_full_head() -> None:
    text = (
        "Ministers fail to agree on fishing quotas\n\n"
        "By Ann Smith and Jo Brown, Associated Press | 3 May 2021 | 4 min read\n"
        "Updated 5 May 2021\n\n"
        f"BRUSSELS (AP) — {PROSE}\n"
    )
    found = extract(text)
    assert found.headline is not None
    assert text[found.headline.start : found.headline.end] == found.headline.text
    assert found.headline.text == "Ministers fail to agree on fishing quotas"
    assert found.authors == ("Ann Smith", "Jo Brown")
    assert (found.agency, found.dateline_place) == ("AP", "BRUSSELS")
    assert found.published is not None
    assert found.published.isoformat() == "2021-05-03T00:00:00+00:00"


def test_the_date_of_the_dateline_where_there_is_no_other() -> None:
    found = extract(f"LIMA, 9 MAR 89 (EFE) -- {PROSE}")
    assert found.published is not None
    assert found.published.isoformat() == "1989-03-09T00:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        f"{PROSE}\n{PROSE}",
        f"A short line that ends as prose.\n{PROSE}",
        f"a line without a capital\n{PROSE}",
        "Ministers fail to agree on fishing quotas",
        "The ministry said on Monday that the army would leave the town within the\nweek, as agreed.",
        f"{PROSE}\nBattlefield pressures mount again\n{PROSE}",
        "",
        "\n \n",
    ],
)
def test_no_headline(text: str) -> None:
    assert extract(text).headline is None


@pytest.mark.parametrize(
    ("line", "authors", "agency"),
    [
        ("By Daphne Psaledakis and Olena Harmash", ("Daphne Psaledakis", "Olena Harmash"), None),
        ("By LOLITA C. BALDOR, Associated Press", ("LOLITA C. BALDOR",), "AP"),
        ("By Jean-Marc de la Tour, Ana O'Neill and Li Na", ("Jean-Marc de la Tour", "Ana O'Neill", "Li Na"), None),
        ("by John Smith, Staff Writer", ("John Smith",), None),
        ("By The Associated Press", (), "AP"),
        ("By Ann Smith in Kyiv", ("Ann Smith",), None),
        ("Written by Ann Smith", ("Ann Smith",), None),
    ],
)
def test_a_byline(line: str, authors: tuple[str, ...], agency: str | None) -> None:
    found = read_byline(line)
    assert found is not None
    assert (found.authors, found.agency) == (authors, agency)


@pytest.mark.parametrize(
    "line",
    [
        "By night the city glows", "By Monday", "By the numbers", "By Monday Evening", "Stand by Me", "By", "By 2030",
        "By Ann Smith, who has seen the report and says that it is wrong", "By contrast, Germany rose",
    ],
)  # fmt: skip
def test_no_byline(line: str) -> None:
    assert read_byline(line) is None


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from(["By Ann Smith", PROSE, "3 May 2021", "\n", "\t", "|", "Two Big Words"])).map("\n".join)
)
def test_any_text_has_an_answer(text: str) -> None:
    found = extract(text, cuts=find_residue(text))
    for piece in (found.headline, found.byline):
        if piece is not None:
            assert text[piece.start : piece.end] == piece.text
