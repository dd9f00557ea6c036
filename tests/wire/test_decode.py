"""Bytes of articles.raw: what is accepted, what becomes a dead letter, and why."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Record, Reject
from stream.wire.deadletter import CODES
from stream.wire.decode import Decoded, decode_article, is_control, parse_time

MAX = 900_000


def decode(value: bytes | None) -> Decoded | Reject:
    return decode_article(value, message_bytes_max=MAX)


def accepted(fields: dict[str, object]) -> Decoded:
    result = decode(orjson.dumps(fields))
    assert isinstance(result, Decoded), result
    return result


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "tombstone"),
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"{", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"body":' + b"9" * 5_000 + b"}", "invalid_json"),
        (b'{"body":NaN}', "invalid_json"),
        (b'{"body":1e400}', "invalid_json"),
        (b'{"body":"\\ud800"}', "invalid_json"),
        (b'{"body":"\xff"}', "invalid_utf8"),
        ('{"body":"x"}'.encode("utf-16"), "invalid_utf8"),
        (b"[1]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"{}", "missing_body"),
        (b'{"body":null}', "missing_body"),
        (b'{"body":""}', "missing_body"),
        (b'{"body":1}', "wrong_type"),
        (b'{"body":["x"]}', "wrong_type"),
        (b'{"body":"x","title":5}', "wrong_type"),
        (b'{"body":"x","published":1700000000}', "wrong_type"),
        (b'{"body":"x","exercise":"yes"}', "wrong_type"),
        (b'{"body":"x","revision":"1"}', "wrong_type"),
        (b'{"body":"x","revision":true}', "wrong_type"),
        (b'{"body":"x","revision":0}', "out_of_range"),
        (b'{"body":"x","id":""}', "out_of_range"),
        (b'{"body":"x","content_type":"application/pdf"}', "out_of_range"),
        (b'{"body":"' + b"x" * 200_001 + b'"}', "too_long"),
        (b'{"body":"' + b"x" * 900_000 + b'"}', "too_large"),
    ],
)
def test_refused_with_a_code_and_a_reason(value: bytes | None, code: str) -> None:
    reject = decode(value)
    assert isinstance(reject, Reject)
    assert (reject.stage, reject.code) == ("decode", code)
    assert code in CODES
    assert "found" in reject.reason or "expected" in reject.reason


def test_a_byte_order_mark_before_an_article_is_understood() -> None:
    marked, plain = (decode(mark + b'{"body": "\xef\xbb\xbfx"}') for mark in (b"\xef\xbb\xbf", b""))
    assert isinstance(marked, Decoded)
    assert marked == plain
    assert marked.article.body == "\ufeffx"
    alone = decode(b"\xef\xbb\xbf \n")
    assert isinstance(alone, Reject)
    assert alone.code == "empty"


def test_a_text_under_another_name_is_pointed_out() -> None:
    reject = decode(b'{"title": "t", "text": "A truce."}')
    assert isinstance(reject, Reject)
    assert reject.reason.endswith("as body, expected 1 code point or more; if `text` is the text, name it `body`")


def test_every_fault_of_an_article_is_named() -> None:
    reject = decode(b'{"body":"x","title":5,"revision":0}')
    assert isinstance(reject, Reject)
    assert "title" in reject.reason
    assert "revision" in reject.reason


def test_unknown_keys_are_kept_in_extra() -> None:
    article = accepted({"body": "x", "wire": "AB12", "extra": {"desk": "world"}}).article
    assert article.extra == {"desk": "world", "wire": "AB12"}


def test_null_is_absent() -> None:
    article = accepted({"body": "x", "title": None, "revision": None, "published": None}).article
    assert (article.title, article.revision, article.published) == (None, 1, None)


def test_an_unparsable_time_is_a_warning_and_no_reason_to_refuse() -> None:
    decoded = accepted({"body": "x", "published": "yesterday"})
    assert decoded.article.published is None
    assert decoded.warnings == ("published: found 'yesterday', expected an RFC 3339 time; the field is dropped",)


def test_content_type_may_carry_parameters() -> None:
    assert accepted({"body": "x", "content_type": "Text/HTML; charset=utf-8"}).article.content_type == "text/html"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-02-22T11:14:27", datetime(2022, 2, 22, 11, 14, 27, tzinfo=UTC)),
        ("2022-02-22T11:14:27Z", datetime(2022, 2, 22, 11, 14, 27, tzinfo=UTC)),
        ("2022-02-22t11:14:27.5z", datetime(2022, 2, 22, 11, 14, 27, 500_000, tzinfo=UTC)),
        ("2022-02-22 11:14:27.123456789+02:00", datetime(2022, 2, 22, 9, 14, 27, 123_456, tzinfo=UTC)),
        ("2022-02-22", datetime(2022, 2, 22, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2022-02-30T00:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2022-W08-2", None),
        ("20220222", None),
        ("٢٠٢٢-02-22", None),
        ("", None),
    ],
)
def test_times(text: str, moment: datetime | None) -> None:
    assert parse_time(text) == moment


def test_an_article_without_id_gets_one_from_its_url() -> None:
    one = accepted({"body": "a", "url": "HTTPS://Example.org:443/x?utm_source=feed&id=1#top"}).article
    two = accepted({"body": "b", "url": "https://example.org/x?id=1"}).article
    assert one.id == two.id


def test_an_article_without_id_and_url_gets_one_from_title_and_body() -> None:
    one, same, other = (accepted({"title": t, "body": "b"}).article.id for t in ("t", "t", "u"))
    assert one == same != other


def test_control_records_are_known_by_their_header() -> None:
    record = Record("t", 0, 0, 0, None, b"{}", (("redline-control", b"end"),))
    assert is_control(record)


@given(st.binary(max_size=300))
def test_no_bytes_raise(value: bytes) -> None:
    assert isinstance(decode(value), Decoded | Reject)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["id", "title", "body", "url", "published", "fetched", "lang", "content_type", "revision", "exercise", "extra", "x"]
)


@given(st.dictionaries(names, json_values, max_size=6))
def test_no_object_raises_and_an_accepted_article_reads_back_the_same(fields: dict[str, object]) -> None:
    result = decode(orjson.dumps(fields))
    if isinstance(result, Decoded):
        again = decode(orjson.dumps(result.article.model_dump(mode="json", exclude_none=True)))
        assert isinstance(again, Decoded)
        assert again.article == result.article
