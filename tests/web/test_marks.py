"""Which words of a sentence are marked, where the same letters stand in it more than once."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.metrics import Metrics
from stream.web.article import article_view
from stream.web.cards import card_of, spans_in
from stream.web.page import Page
from tests.web.test_pure import alert


def piece(text: str, start: int, sentence: str = "") -> dict[str, Any]:
    """One piece of evidence in a body."""
    at = {"start": start, "end": start + len(text)}
    return {"clause": "~x", "field": "body", "text": text, "sentence": sentence, **at}


def tagged(body: str, **data: Any) -> bytes:
    """The tagged article with the id and revision of `alert`'s."""
    article = {"id": "a", "revision": 1, "title": "The port", "body": body}
    fields = {"article": article, "topics": [], "cleaning": {"cuts": [], "warnings": []}, **data}
    return orjson.dumps({"data": fields})


def about(body: str) -> dict[str, Any]:
    """What an alert says about that article."""
    article = {"id": "a", "revision": 1, "url": None, "title": "The port", "source": "Wire", "published": None}
    return {**article, "sha256": hashlib.sha256(body.encode()).hexdigest()}


def marked(card: Any) -> list[tuple[int, str]]:
    """Where the marks of a card's only sentence stand, and on what."""
    (sentence,) = card["sentences"]
    found, at = [], 0
    for text, on in sentence:
        if on:
            found.append((at, text))
        at += len(text)
    return found


def test_a_word_is_not_marked_inside_of_a_longer_one() -> None:
    assert spans_in("He warned of war.", [piece("war", 113)]) == [(13, 16)]
    assert spans_in("An airport, and a port", [piece("port", 118)]) == [(18, 22)]
    assert spans_in("An airport", [piece("port", 106)]) == [(6, 10)], "a regular expression may find that"


def test_a_sentence_that_stands_in_the_article_twice_is_marked_as_it_was_read_first() -> None:
    sentence = "The port is no port like the port of Orlo."
    evidence = [piece(text, start, sentence) for start in (100, 600) for text, start in
                (("port", start + 29), ("Orlo", start + 37))]  # fmt: skip
    card = card_of(alert("x", evidence=evidence))
    assert marked(card) == [(29, "port"), (37, "Orlo")]


def test_the_article_says_which_of_two_equal_words_was_matched() -> None:
    sentence = "The USB port was moved to the port of Orlo."
    body = f"First. {sentence} Last."
    evidence = [piece("port", body.rindex("port"), sentence)]
    card = card_of(alert("x", article=about(body), evidence=evidence))
    assert card is not None
    page = Page(Settings(), Telemetry(Metrics()))
    try:
        kept = page.store.add_alert(card, alert("x", article=about(body), evidence=evidence), 1)
        assert kept is not None
        page.fields(kept)
        page.store.add_article("a", 1, tagged(body.replace("First", "Other")))
        page.fields(kept)
        page.store.add_article("a", 1, tagged(body))
        assert marked(page.fields(kept)) == [(30, "port")]
    finally:
        page.close()


def test_an_article_that_came_again_with_another_text_is_not_shown_as_the_one_behind_an_alert() -> None:
    body = "The port is closed."
    evidence = [piece("port", 4, body)]
    assert article_view(tagged(body), evidence, about(body)) is not None
    assert article_view(tagged("Correction. The port is open."), evidence, about(body)) is None
    assert article_view(tagged(body[:10], trimmed=["body"]), evidence, about(body)) is not None
