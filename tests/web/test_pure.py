"""Cutting texts at spans, filters, counts, decisions: values in, values out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Reject, Severity
from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.web.article import pieces, text_view
from stream.web.cards import card_of, cut, spans_in
from stream.web.counts import DAY_MS, MINUTE_MS, Counts
from stream.web.filters import Filter, filter_from
from stream.web.rulebook import document_at
from stream.web.sandbox import JOBS_WAITING_MAX, BusyError, Sandbox, TooLongError
from stream.web.store import HELD_BACK_REASONS_MAX, Store
from stream.wire.decisions import decode_decision, encode_decision

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def alert(identifier: str, **data: object) -> bytes:
    """The least that is an alert."""
    fields = {
        "summary": "A port",
        "state": "fired",
        "status": "actual",
        "run": None,
        "rule": {"id": "r", "version": 1, "title": "R", "topics": ["t"]},
        "article": {"id": "a", "revision": 1, "url": None, "title": "The port", "source": "Wire", "published": None},
        "evidence": [],
        "group": dict.fromkeys(("count", "stories", "sources", "suppressed"), 1) | {"first_seen": "", "last_seen": ""},
        **data,
    }
    return orjson.dumps({"id": identifier, "severitytext": "high", "time": "", "recordedtime": "", "data": fields})


@given(st.text(max_size=40), SPANS)
def test_pieces_of_a_text_are_the_text_and_marks_cover_the_spans(text: str, spans: list[tuple[int, int]]) -> None:
    found = cut(text, spans)
    assert "".join(piece for piece, _ in found) == text
    marked = [on for piece, on in found for _ in piece]
    assert marked == [any(start <= n < end for start, end in spans) for n in range(len(text))]
    assert all(a[1] != b[1] for a, b in pairwise(found)), "what touches is one piece"


@given(st.text(max_size=40), SPANS, st.lists(st.integers(0, 40), max_size=6, unique=True))
def test_pieces_of_an_article_know_their_evidence_and_their_cut(
    text: str, spans: list[tuple[int, int]], edges: list[int]
) -> None:
    marks = [(start, end, number) for number, (start, end) in enumerate(spans)]
    edges = sorted(edges)
    cuts = [(a, b, f"kind{a}") for a, b in zip(edges[::2], edges[1::2], strict=False)]
    found = pieces(text, marks, cuts)
    assert "".join(text[start:end] for start, end, _, _ in found) == text
    for start, end, numbers, kind in found:
        for at in range(start, end):
            assert numbers == [n for first, last, n in marks if first <= at < last]
            assert kind == next((name for first, last, name in cuts if first <= at < last), "")


@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 10), st.integers(0, 1_000))
def test_evidence_is_found_in_its_sentence_where_it_stands(text: str, start: int, length: int, offset: int) -> None:
    if start + length > len(text):
        return
    piece = {"text": text[start : start + length], "start": offset + start, "end": offset + start + length}
    ((first, last),) = spans_in(text, [piece])
    assert text[first:last] == piece["text"]


def test_of_two_equal_words_the_right_one_is_marked() -> None:
    sentence = "The port is no port like the port of Orlo."
    evidence = [
        {"text": "port", "start": 129, "end": 133},
        {"text": "Orlo", "start": 137, "end": 141},
    ]
    assert spans_in(sentence, evidence) == [(29, 33), (37, 41)]


def test_html_is_shown_as_it_reads() -> None:
    body = "<p>The <b>port</b> &amp; the bay.</p><p>Next.</p>"
    shown = text_view(body, "body", [{"field": "body", "start": 10, "end": 14}], [], html=True)
    assert "".join(piece["text"] for piece in shown).split() == ["The", "port", "&", "the", "bay.", "Next."]
    assert [piece["text"] for piece in shown if piece["marks"]] == ["port"]


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'{"id": 1}', b"\xff", orjson.dumps({"data": {"rule": []}})])
def test_what_is_no_alert_is_none(value: bytes | None) -> None:
    assert card_of(value) is None


def test_a_store_keeps_each_id_once_and_no_more_than_it_may() -> None:
    store = Store(alerts_max=10, articles_bytes_max=1_000)
    for number in range(25):
        card = card_of(alert(f"id{number}"))
        assert card is not None
        assert store.add_alert(card, b"x", number) is not None
        assert store.add_alert(card, b"x", number) is None
        store.add_article(f"a{number}", 1, b"x" * 100)
    assert len(store) == 10
    assert [kept.card["id"] for kept in store.newest_first(Filter())][:2] == ["id24", "id23"]
    assert store.article("a14", 1) is None
    assert store.article("a15", 1) is not None
    for number in range(HELD_BACK_REASONS_MAX + 50):
        card = card_of(alert(f"held{number}", suppressed={"by": "throttle", "reason": f"reason {number}"}))
        assert card is not None
        store.add_alert(card, b"x", number)
    assert len(store) == 10
    assert store.held_back.total() == HELD_BACK_REASONS_MAX + 50
    assert len(store.held_back) <= HELD_BACK_REASONS_MAX + 1


def test_counts_forget_what_is_older_than_the_hour() -> None:
    counts = Counts()
    card = card_of(alert("x"))
    assert card is not None
    now = 1_000 * DAY_MS
    counts.alert(card, now - 61 * MINUTE_MS)
    counts.alert(card, now - MINUTE_MS)
    counts.article(["a", "b"], ["r"], now)
    found = counts.overview(now)
    assert sum(found["severities"]["high"]) == 1
    assert found["severities"]["high"][-2] == 1
    assert {topic: sum(values) for topic, values in found["topics"].items()} == {"a": 1, "b": 1}
    assert counts.rule_days("r", now)[-2:] == [2, 0]
    assert len(found["minutes"]) == 60
    assert len(found["slots"]) == len(found["articles"]) == 360


def test_a_filter_says_what_it_cannot_be() -> None:
    assert isinstance(filter_from([("severity", "loud")]), str)
    assert isinstance(filter_from([("rule", "x")] * 51), str)
    assert isinstance(filter_from([("q", "a " * 21)]), str)
    assert filter_from([("severity", ""), ("other", "x")]) == Filter()


def test_decisions_come_back_from_the_topic_as_they_were_made() -> None:
    made: tuple[Acknowledgement | Verdict | Silence, ...] = (
        Acknowledgement(by="Ada", at=NOW, alert="0123abcd", rule="r"),
        Verdict(by="Ada", at=NOW, alert="0123abcd", rule="r", rule_version=2, verdict="false_positive", note="no"),
        Silence(by="Ada", at=NOW, id="0123abce", ends=NOW + timedelta(hours=1), source="Wire"),
    )
    outputs = [encode_decision(decision, topic="d") for decision in made]
    assert [decode_decision(output.value) for output in outputs] == list(made)
    assert len({output.key for output in outputs}) == 3, "an acknowledgement and a verdict never overwrite each other"
    for value in (None, b"", b"{}", b'{"kind": "silence"}', b"x" * 100_000, b'{"kind": "silence", "ends": "1970"}'):
        assert isinstance(decode_decision(value), Reject)


def test_a_silence_applies_to_what_fits_all_its_criteria_until_its_end() -> None:
    silence = Silence(by="Ada", at=NOW, id="0123abce", ends=NOW + timedelta(hours=1), source="Wire", topic="t")

    def applies(at: datetime, topics: tuple[str, ...], source: str | None) -> bool:
        return silence.applies(at, rule="r", topics=topics, source=source, severity=Severity.HIGH)

    assert applies(NOW, ("s", "t"), "WIRE")
    assert not applies(NOW, ("s",), "Wire")
    assert not applies(NOW, ("t",), None)
    assert not applies(NOW + timedelta(hours=1), ("t",), "Wire")


def test_the_document_of_a_rule_is_found_by_its_line() -> None:
    text = "a: 1\n---\nb: 2\nc: 3\n---\nd: 4\n"
    assert [document_at(text, line) for line in (1, 3, 4, 6)] == ["a: 1\n", "b: 2\nc: 3\n", "b: 2\nc: 3\n", "d: 4\n"]


def test_a_job_that_takes_too_long_ends_and_the_next_one_works() -> None:
    async def run() -> None:
        sandbox = Sandbox("tests.web.jobs:spin", seconds_max=1.0)
        try:
            assert await sandbox.call(0.0) == "done"
            with pytest.raises(TooLongError):
                await sandbox.call(1_000.0)
            assert await sandbox.call(0.0) == "done"
            waiting = [asyncio.ensure_future(sandbox.call(0.05)) for _ in range(JOBS_WAITING_MAX)]
            await asyncio.sleep(0)
            with pytest.raises(BusyError):
                await sandbox.call(0.0)
            assert await asyncio.gather(*waiting) == ["done"] * JOBS_WAITING_MAX
        finally:
            sandbox.close()

    asyncio.run(run())
