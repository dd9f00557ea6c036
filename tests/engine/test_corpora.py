"""Hostile input through the whole engine: each record is tagged or one dead letter, and what goes out is sound."""

from __future__ import annotations

import json
from typing import Any

from stream.model import Record
from tests.corpora import json_files, naughty_strings, raw_values, utf8_lines
from tests.engine.test_engine import ENGINE as JUDGE


def record(offset: int, value: bytes) -> Record:
    return Record("x.articles.raw", 0, offset, 1_700_000_000_000, None, value, ())


def strict(value: bytes) -> Any:
    """What a strict reader makes of an output; browsers are as strict."""

    def refuse(name: str) -> None:
        raise AssertionError(f"found {name} in an output")

    return json.loads(value.decode("utf-8", "strict"), parse_constant=refuse)


def test_the_collections_are_whole() -> None:
    names = json_files()
    assert sum(name.startswith("n_") for name in names) > 180
    assert sum(name.startswith("y_") for name in names) > 90
    assert len(naughty_strings()) > 500
    assert len(utf8_lines()) > 150


def test_each_record_is_one_output_at_least() -> None:
    for offset, value in enumerate(raw_values()):
        batch = JUDGE.tag([record(offset, value)])
        firsts = [o for o in batch.outputs if o.topic in ("x.articles.tagged", "x.articles.dead")]
        assert len(firsts) == 1, value
        for output in batch.outputs:
            assert isinstance(strict(output.value), dict)
            output.value.decode("utf-8")


def test_malformed_json_is_a_dead_letter_with_its_code() -> None:
    for name, value in json_files().items():
        if name.startswith("n_"):
            (output,) = JUDGE.tag([record(0, value)]).outputs
            letter = strict(output.value)
            assert letter["code"] in ("invalid_json", "invalid_utf8", "empty"), name
            assert letter["size_bytes"] == len(value)


def test_naughty_strings_travel_unchanged() -> None:
    for text in naughty_strings():
        value = json.dumps({"title": text, "body": text}).encode()
        (output, *_) = JUDGE.tag([record(0, value)]).outputs
        if output.topic == "x.articles.tagged":
            article = strict(output.value)["data"]["article"]
            assert article["body"] == text
        else:
            assert strict(output.value)["code"] in ("invalid_json", "missing_body"), text


def test_malformed_utf8_is_a_dead_letter_and_well_formed_is_not() -> None:
    for line in utf8_lines():
        quoted = line.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        (output, *_) = JUDGE.tag([record(0, b'{"body":"' + quoted + b'"}')]).outputs
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            assert strict(output.value)["code"] == "invalid_utf8", line
        else:
            assert output.topic == "x.articles.tagged" or strict(output.value)["code"] == "invalid_json", line
