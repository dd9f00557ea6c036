"""Dead letters, matches, alerts and tagged articles as bytes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.alert import raise_alert
from stream.model import Article, ArticleRef, Evidence, Match, Record, Reject, RuleRef, Severity, TopicHit
from stream.wire.cloudevent import CleaningReport, alert_event, encode_alert, tagged_event
from stream.wire.deadletter import encode_dead_letter
from stream.wire.identity import canonical_url
from stream.wire.matchcodec import decode_match, encode_match, state_key
from stream.wire.topics import TOPICS, alert_topics_from

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RULE = RuleRef("ua.red_line", 3, "A red line", Severity.HIGH, ("escalation",), (("desk", "world"),), "ab" * 32)
ARTICLE = ArticleRef("a1", 1, "https://example.org/1", "Talks", "Reuters", NOW, "cd" * 32)


def match(evidence: int = 1, sentence: str = "A red line.") -> Match:
    piece = Evidence('"red line"', "body", 2, 10, "red line", sentence)
    return Match(
        RULE, ARTICLE, "r1", True, NOW, 1_700_000_000_000, "sum", (piece,) * evidence, state_key("r1", RULE.id)
    )


def test_a_match_reads_back_the_same() -> None:
    output = encode_match(match(), topic="m")
    assert output.key == b'["r1","ua.red_line"]'
    assert decode_match(output.value) == match()


def test_a_match_with_a_fingerprint_reads_back_the_same_and_one_without_is_read() -> None:
    from dataclasses import replace

    printed = replace(match(), fingerprint=bytes(range(256)))
    value = encode_match(printed, topic="m").value
    assert decode_match(value) == printed
    old = {key: found for key, found in orjson.loads(value).items() if key != "fingerprint"}
    assert decode_match(orjson.dumps(old)) == match()


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"[]", b"{}", b'{"format":2}', b'{"format":1}', b'{"format":1,"rule":1}']
)
def test_what_is_no_match_is_refused(value: bytes | None) -> None:
    reject = decode_match(value)
    assert isinstance(reject, Reject)
    assert reject.code == "invalid_match"


def test_an_alert_is_the_same_bytes_apart_from_the_recorded_time() -> None:
    one, two = (
        orjson.loads(alert_event(raise_alert(match(), t), pipeline="p", bytes_max=65_536))
        for t in (NOW, NOW.replace(year=2027))
    )
    assert one.pop("recordedtime") != two.pop("recordedtime")
    assert one == two
    assert list(one)[:5] == ["specversion", "id", "source", "type", "subject"]
    assert (one["severitytext"], one["severitynumber"], one["data"]["status"]) == ("high", 17, "exercise")


def test_another_run_version_or_revision_is_another_alert() -> None:
    from dataclasses import replace

    base = match()
    others = [
        base,
        replace(base, run=None),
        replace(base, rule=replace(RULE, version=4)),
        replace(base, article=replace(ARTICLE, revision=2)),
    ]
    assert len({raise_alert(m, NOW).id for m in others}) == 4


def test_an_alert_stays_below_its_limit_and_says_what_was_left_out() -> None:
    output = encode_alert(raise_alert(match(200, "x" * 1000), NOW), topic="t", pipeline="p", bytes_max=65_536)
    data = orjson.loads(output.value)["data"]
    assert len(output.value) <= 65_536
    assert len(data["evidence"]) + data["evidence_omitted"] == 200
    assert dict(output.headers)["ce_severitynumber"] == b"17"


@given(st.integers(5_000, 60_000), st.sampled_from(["x", "\x01", "я", "漢", "\U0001f600"]))
def test_a_tagged_article_always_fits(size: int, letter: str) -> None:
    article = Article(id="a", body=letter * size, extra={"k": "v" * 3_000})
    piece = Evidence("c", "body", 0, 1, "x", "s" * 900)
    hits = [TopicHit("t", ("r",), (piece,) * 20)]
    event = tagged_event(article, hits, CleaningReport((), ()), time=NOW, pipeline="p", bytes_max=20_000)
    assert len(event) <= 20_000
    data = orjson.loads(event)["data"]
    assert [t["topic"] for t in data["topics"]] == ["t"]
    assert data["trimmed"][0] == "evidence"


def dead(value: bytes | None, kept: int = 65_536) -> dict[str, object]:
    record = Record("raw", 2, 7, 1_000, None, value)
    output = encode_dead_letter(Reject("decode", "empty", "why"), record, topic="dead", original_bytes_max=kept)
    letter = orjson.loads(output.value)
    assert isinstance(letter, dict)
    return letter


def test_a_dead_letter_keeps_place_reason_and_original() -> None:
    letter = dead(b"{broken")
    assert letter["source"] == {"topic": "raw", "partition": 2, "offset": 7, "timestamp_ms": 1_000}
    assert (letter["stage"], letter["code"], letter["reason"]) == ("decode", "empty", "why")
    assert (letter["original"], letter["truncated"], letter["size_bytes"]) == ("{broken", False, 7)


def test_a_dead_letter_cuts_between_characters() -> None:
    letter = dead("яяяя".encode(), kept=5)
    assert (letter["original"], letter["truncated"], letter["size_bytes"]) == ("яя", True, 8)


@pytest.mark.parametrize("byte", [b"\x01", b'"', b"\xff", b"x"])
def test_a_dead_letter_always_fits(byte: bytes) -> None:
    record = Record("raw", 2, 7, 1_000, b"k" * 800_000, byte * 400_000)
    reject = Reject("decode", "invalid_json", "why")
    output = encode_dead_letter(reject, record, topic="dead", original_bytes_max=300_000, bytes_max=20_000)
    assert output.size_bytes <= 20_000 + 200
    assert len(output.key) == 64
    letter = orjson.loads(output.value)
    assert (letter["truncated"], letter["size_bytes"]) == (True, 400_000)
    assert letter["key"] == "k" * 1_024 + "… (800000 bytes)"
    assert len(letter.get("original") or base64.b64decode(letter["original_base64"])) > 1_000


def test_a_dead_letter_keeps_what_is_no_text_as_base64() -> None:
    letter = dead(b"\xff\xfe\x00")
    assert base64.b64decode(str(letter["original_base64"])) == b"\xff\xfe\x00"
    assert dead(None)["original"] is None


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.ORG:80/A?b=1#c", "http://example.org/A?b=1"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://example.org/?utm_source=x&fbclid=y&q=z", "https://example.org/?q=z"),
        ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
        ("not a url", None),
        ("https://example.org:notaport/", None),
        ("/relative", None),
    ],
)
def test_canonical_urls(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical


def test_topics_are_named_once_and_severities_ascend() -> None:
    assert len({t.name for t in TOPICS}) == len(TOPICS)
    assert [t.name for t in alert_topics_from(Severity.HIGH)] == ["alerts.high", "alerts.critical"]
