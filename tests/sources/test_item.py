"""Key and value of a replayed record."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from stream.sources.item import Malformed, Offered, Origin, record_of
from stream.wire.decode import Decoded, decode_article

HERE = Origin("a.ndjson", 3)


def test_an_article_is_marked_and_keyed_by_its_id() -> None:
    key, value = record_of(Offered(HERE, {"id": "x1", "body": "b", "exercise": False, "note": [1]}), run="r7")
    assert key == b"x1"
    assert orjson.loads(value) == {"id": "x1", "body": "b", "exercise": True, "note": [1], "run": "r7"}


@pytest.mark.parametrize(
    "fields", [{"body": "b"}, {"body": "b", "title": "t"}, {"body": "b", "url": "https://e.org/a"}]
)
def test_without_an_id_the_key_is_the_id_that_the_worker_gives(fields: dict[str, Any]) -> None:
    key, value = record_of(Offered(HERE, fields), run="r7")
    decoded = decode_article(value, message_bytes_max=1_000)
    assert isinstance(decoded, Decoded)
    assert key.decode() == decoded.article.id


def test_bytes_that_are_no_article_go_out_untouched() -> None:
    assert record_of(Malformed(HERE, b"{oops"), run="r7") == (hashlib.sha256(b"{oops").hexdigest().encode(), b"{oops")


@pytest.mark.parametrize("fields", [{}, {"id": 5, "body": None}, {"body": 7}, {"id": ""}])
def test_an_article_that_will_be_refused_still_has_a_key(fields: dict[str, Any]) -> None:
    key, value = record_of(Offered(HERE, fields), run="r7")
    assert key == hashlib.sha256(value).hexdigest().encode()


def test_an_origin_reads_as_file_and_line() -> None:
    assert (str(HERE), str(Origin("a.txt"))) == ("a.ndjson:3", "a.txt")
