"""Fields that an article lacks and its text says."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Reject
from stream.sources.findfields import FIELDS, FOUND, item_with_found, with_found
from stream.sources.item import Malformed, Offered, Origin, Refused, record_of
from stream.wire.decode import Decoded, article_from

WIRE = "KYIV, May 3, 2026 (Reuters) - Talks between the two sides began in the capital on Monday, officials said.\n"
PAGE = (
    "Ministers fail to agree on quotas\nBy Ann Smith\nThe Guardian\n3 May 2021\n\nBEIRUT, Lebanon — The ministers met "
    "for six hours in the city and did not agree on what is to be done.\n"
)


def test_a_wire_report() -> None:
    assert with_found({"id": "a", "body": WIRE}) == {
        "id": "a",
        "body": WIRE,
        "agency": "Reuters",
        "dateline": "KYIV, May 3, 2026 (Reuters)",
        "lang": "en",
        "published": "2026-05-03T00:00:00Z",
        "source": "Reuters",
        FOUND: ["agency", "dateline", "lang", "published", "source"],
    }


def test_a_page_and_the_same_in_html() -> None:
    expected = {
        "title": "Ministers fail to agree on quotas",
        "author": "Ann Smith",
        "source": "The Guardian",
        "published": "2021-05-03T00:00:00Z",
        "dateline": "BEIRUT, Lebanon",
        "lang": "en",
    }
    html = "".join(f"<p>{line}</p>\n" for line in PAGE.split("\n") if line)
    for body in (PAGE, html):
        found = with_found({"body": body})
        assert {name: found.get(name) for name in expected} == expected


def test_what_was_given_stays() -> None:
    given_ = {
        "id": "x",
        "title": "Mine",
        "author": "Me",
        "source": "Us",
        "published": "not a time",
        "lang": "de",
        "agency": "dpa",
        "dateline": "BONN",
        "body": WIRE + PAGE,
    }
    assert with_found(dict(given_)) == given_


def test_empty_and_null_are_nothing() -> None:
    found = with_found({"body": PAGE, "title": "", "lang": None, "author": "Me"})
    assert (found["title"], found["lang"], found["author"]) == ("Ministers fail to agree on quotas", "en", "Me")
    assert "author" not in found[FOUND]


def test_the_owner_is_the_source_unless_the_text_names_an_outlet() -> None:
    assert with_found({"body": WIRE}, source="BBC")["source"] == "BBC"
    assert with_found({"body": WIRE})["source"] == "Reuters"
    assert with_found({"body": PAGE}, source="BBC")["source"] == "The Guardian"
    assert with_found({"body": WIRE, "source": "Mine"}, source="BBC")["source"] == "Mine"


@pytest.mark.parametrize("fields", [{}, {"body": 7}, {"body": ""}, {"body": " "}, {"title": "x"}, {"body": "Talks."}])
def test_where_there_is_nothing_to_find_nothing_changes(fields: dict[str, Any]) -> None:
    assert with_found(dict(fields)) == fields


def test_it_is_looked_at_once() -> None:
    once = with_found({"body": PAGE})
    assert with_found(once) is once


def test_the_id_is_that_of_the_article_as_given() -> None:
    given_ = {"body": PAGE}
    before = article_from(given_)
    assert isinstance(before, Decoded)
    assert with_found(given_)["id"] == before.article.id
    here = Origin("a.ndjson", 1)
    assert record_of(Offered(here, given_), run="r")[0] == record_of(Offered(here, with_found(given_)), run="r")[0]


def test_what_is_no_article_stays() -> None:
    here = Origin("a.ndjson", 1)
    for item in (Malformed(here, b"{"), Refused(here, Reject("read", "empty", "found nothing"))):
        assert item_with_found(item) is item


@given(
    st.dictionaries(st.sampled_from((*FIELDS, "id", "url", "x")), st.one_of(st.none(), st.text(), st.integers(-9, 9))),
    st.one_of(st.text(), st.sampled_from((WIRE, PAGE)), st.lists(st.sampled_from((WIRE, PAGE, "<p>"))).map("".join)),
)
def test_nothing_given_is_lost_or_changed_and_the_result_is_an_article(fields: dict[str, Any], body: str) -> None:
    given_ = {**fields, "body": body}
    found = with_found(given_)
    for name, value in given_.items():
        if value is not None and value != "":
            assert found[name] == value
    assert set(found) - set(given_) <= {*FIELDS, FOUND, "id"}
    orjson.dumps(found)
    assert isinstance(article_from(found), Reject) == isinstance(article_from(given_), Reject)
