"""Finds as evidence: exact slices of the article as received, in reading order, bounded."""

from __future__ import annotations

from collections.abc import Iterable

from stream.clean.reading import Reading
from stream.matching.article import ReadArticle, TextField
from stream.matching.finds import Find, KeyFind, RegexFind, TextFind
from stream.matching.keys import key_value
from stream.matching.limits import Limits
from stream.model import Evidence
from stream.rulelang.printer import print_node

_ORDER = {"title": 0, "body": 1}

Place = tuple[int, int, int, str, str, int, int, str]
"""Order of the field, start, end, clause, field, first and last token, and the value of a key field: sorts as evidence
is to be shown."""


def evidence_of(finds: Iterable[Find], read: ReadArticle, limits: Limits) -> tuple[Evidence, ...]:
    """The evidence of one match: title before body before key fields, then by start, end and clause; each once.

    Only the first `evidence_per_match_max` are kept, so finds that come later cost no sentence look-up.
    """
    return evidence_at((place_of(find, read) for find in finds), read, limits, {})


def evidence_at(
    places: Iterable[Place], read: ReadArticle, limits: Limits, known: dict[Place, Evidence]
) -> tuple[Evidence, ...]:
    """The evidence at some places of an article. `known` holds what was made before, and gets what is made now."""
    pieces = []
    for place in sorted(set(places))[: limits.evidence_per_match_max]:
        piece = known.get(place)
        if piece is None:
            piece = known[place] = _evidence(place, read, limits)
        pieces.append(piece)
    return tuple(pieces)


def word_place(read: ReadArticle, field: TextField, first: int, last: int, clause: str) -> Place:
    """The place of a span of words, by its first and last token in the field."""
    reading = _reading(read, field)
    return _ORDER[field], *reading.span(first, last), clause, field, first, last, ""


def place_of(find: Find, read: ReadArticle) -> Place:
    clause = print_node(find.clause)
    match find:
        case TextFind(field=field, first=first, last=last):
            return word_place(read, field, first, last, clause)
        case RegexFind(field=field):
            return _ORDER[field], find.start, find.end, clause, field, find.first, find.last, ""
        case KeyFind(clause=node):
            value = find.topic or key_value(read.article, node.name) or ""
            return len(_ORDER), 0, len(value), clause, node.name, 0, 0, value


def _evidence(place: Place, read: ReadArticle, limits: Limits) -> Evidence:
    order, start, end, clause, field, first, last, value = place
    end = min(end, start + limits.evidence_text_code_points_max)
    if order == len(_ORDER):
        return Evidence(clause, field, start, end, value[start:end], value[: limits.sentence_code_points_max])
    reading = _reading(read, field)
    return Evidence(
        clause,
        field,
        start,
        end,
        reading.source[start:end],
        _sentence(reading, start, end, first, last, limits.sentence_code_points_max),
    )


def _sentence(reading: Reading, start: int, end: int, first: int, last: int, code_points_max: int) -> str:
    """The sentences around the tokens, as one slice; a slice that is too long is cut evenly around the evidence."""
    sentence_start, sentence_end = start, end
    if reading.size:
        first_start, first_end = reading.sentence_span(first)
        sentence_start = min(start, first_start)
        sentence_end = max(end, first_end if first == last else reading.sentence_span(last)[1])
    if sentence_end - sentence_start > code_points_max:
        spare = max(0, code_points_max - (end - start))
        sentence_start = max(sentence_start, min(start - spare // 2, sentence_end - code_points_max))
        sentence_end = min(sentence_end, sentence_start + code_points_max)
    return reading.source[sentence_start:sentence_end]


def _reading(read: ReadArticle, field: str) -> Reading:
    reading = read.title if field == "title" else read.body
    assert reading is not None, f"evidence in the {field} of an article that has none"
    return reading
