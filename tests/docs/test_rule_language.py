"""Every example of the page on how text is read holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stream.clean import read, read_phrase
from tests.matching.kit import evidence

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rule-language.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\|(.*)\|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def rows(header: str) -> list[list[list[str]]]:
    """The code in the cells of each row of the tables with this header."""
    found: list[list[list[str]]] = []
    current = ""
    for line in PAGE.splitlines():
        row = ROW.match(line)
        if row is None:
            current = ""
        elif not current:
            current = row[1].strip()
        elif current == header and not line.startswith("|---"):
            found.append([[code.replace("⏎", "\n") for code in CODE.findall(cell)] for cell in row[1].split(" | ")])
    return found


READS_AS = [(text, tokens) for (text,), (tokens,) in rows("text | reads as")]
SENTENCES = [sentences for ((sentences,),) in rows("sentences")]
MATCHES = [
    (text, query, holds)
    for (text,), matching, others in rows("text | matches | does not match")
    for query, holds in [*((query, True) for query in matching), *((query, False) for query in others)]
]
OPERATORS = [
    (text, query, holds)
    for (query, *_), matching, others, _ in rows("expression | holds in | does not hold in | what it asks for")
    for text, holds in [*((text, True) for text in matching), *((text, False) for text in others)]
]


def test_there_are_examples() -> None:
    assert min(len(READS_AS) - 15, len(SENTENCES) - 5, len(MATCHES) - 25, len(OPERATORS) - 30) >= 0


@pytest.mark.parametrize(("text", "tokens"), READS_AS)
def test_text_reads_as_the_page_says(text: str, tokens: str) -> None:
    assert " ".join(read(text).tokens) == tokens
    assert " ".join(token for token, _ in read_phrase(text)) == tokens


@pytest.mark.parametrize("marked", SENTENCES)
def test_sentences_end_where_the_page_says(marked: str) -> None:
    reading = read(marked.replace("‖ ", "").replace("‖", ""))
    spans = dict.fromkeys(reading.sentence_span(position) for position in range(len(reading.tokens)))
    assert [reading.source[start:end] for start, end in spans] == [part.strip() for part in marked.split("‖")]


@pytest.mark.parametrize(("text", "query", "holds"), MATCHES + OPERATORS)
def test_expressions_match_as_the_page_says(text: str, query: str, holds: bool) -> None:
    assert (evidence(query, text) is not None) == holds
