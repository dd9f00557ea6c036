"""The JSON Schema takes what `load` takes, and refuses what the codes of the schema are about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stream.rulelang import CODES, SourceFile, file_schema
from stream.rulelang.code import complete
from stream.rulelang.source import Source
from stream.rulelang.yamltree import Mapping, Scalar, Tree, read_documents
from stream.sources.rulefiles import read_rule_files

VALIDATOR = jsonschema.Draft202012Validator(file_schema())
SHIPPED = read_rule_files(Path(__file__).parents[2] / "rules")
# Names that must differ or exist elsewhere are beyond a schema.
BEYOND = {"R211", "R212"}
ABOUT_SCHEMA = [*sorted(code for code in CODES if code.startswith("R2") and code not in BEYOND), "R108", "R701"]


def _data(tree: Tree) -> Any:
    """A tree as an editor sees it: the core schema of YAML 1.2."""
    match tree:
        case Scalar(text=text, style=None):
            if tree.is_empty:
                return None
            if text in ("true", "false"):
                return text == "true"
            if re.fullmatch(r"[-+]?[0-9]+", text):
                return int(text)
            return float(text) if re.fullmatch(r"[-+]?[0-9]+\.[0-9]*", text) else text
        case Scalar(text=text):
            return text
        case Mapping(entries=entries):
            return {key.text: _data(value) for key, value in entries}
        case _:
            return [_data(item) for item in tree.items]


def _problems(text: str) -> list[str]:
    documents = read_documents(Source(SourceFile("x", text)))
    assert documents
    return [error.message for document in documents for error in VALIDATOR.iter_errors(_data(document))]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(file_schema())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: Path(file.path).name)
def test_shipped_rule_files_are_valid(file: SourceFile) -> None:
    assert _problems(file.text) == []


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_good_examples_are_valid(entry: Any) -> None:
    assert _problems(complete(entry.good)) == []


@pytest.mark.parametrize("code", ABOUT_SCHEMA)
def test_bad_examples_of_the_schema_are_not(code: str) -> None:
    assert _problems(complete(CODES[code].bad))
