"""An alert as the page shows it: a small JSON object with the sentences already cut at the matched words. Pure.

All text is foreign: control characters and those that reorder others are taken out here. It is still only text; the
page never makes mark-up of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from typing_extensions import TypedDict

from stream.clean.printable import harmless, printable
from stream.model import Severity
from stream.wire.telling import telling_sentences

SENTENCES_MAX = 2
_BLANKS = re.compile(r"\s+")
FIELD_CODE_POINTS_MAX = 400
TOPICS_MAX = 20

Part = tuple[str, bool]
"""Some text, and whether a clause matched it."""

Span = tuple[int, int]


class GroupCard(TypedDict):
    """The group of an alert, as in the alert."""

    count: int
    stories: int
    sources: int
    first_seen: str
    last_seen: str
    suppressed: int


class SuppressedBy(TypedDict):
    """What held an alert back, and why."""

    by: str
    reason: str


class Card(TypedDict):
    """One alert in a list. `seq` rises with the order of arrival; `title_parts` and `sentences` are cut into pieces of
    text, each with whether it matched; `evidence` is how many pieces of evidence the alert has; `correlation` is the id
    that alerts of one story or one episode share, `episode` whether it is an alert of a correlation."""

    id: str
    seq: int
    severity: str
    state: str
    status: str
    time: str
    recorded: str
    rule: str
    rule_title: str
    rule_version: int
    topics: list[str]
    summary: str
    title: str
    title_parts: list[Part]
    sentences: list[list[Part]]
    source: str
    url: str
    published: str
    article: str
    revision: int
    run: str
    evidence: int
    correlation: str
    episode: bool
    group: GroupCard
    suppressed: SuppressedBy | None


def card_of(value: bytes | None) -> Card | None:
    """The card of an alert's CloudEvent; None if it is none."""
    try:
        event = orjson.loads(value or b"")
        data = event["data"]
        rule, article, group = data["rule"], data["article"], data["group"]
        evidence = [e for e in data["evidence"] if isinstance(e, dict)]
        title = str(article.get("title") or "")
        held = data.get("suppressed")
        return {
            "id": _text(event["id"]),
            "seq": 0,
            "severity": Severity(event["severitytext"]).value,
            "state": _text(data["state"]),
            "status": _text(data["status"]),
            "time": _text(event["time"]),
            "recorded": _text(event["recordedtime"]),
            "rule": _text(rule["id"]),
            "rule_title": _text(rule["title"]),
            "rule_version": int(rule["version"]),
            "topics": [_text(topic) for topic in rule["topics"][:TOPICS_MAX]],
            "summary": _text(data["summary"]),
            "title": _text(title),
            "title_parts": parts(title, [(e["start"], e["end"]) for e in evidence if e["field"] == "title"]),
            "sentences": _sentences(evidence),
            "source": _text(article.get("source")),
            "url": str(article.get("url") or "")[:2_000],
            "published": _text(article.get("published")),
            "article": _text(article["id"]),
            "revision": int(article["revision"]),
            "run": _text(data.get("run")),
            "evidence": len(evidence) + int(data.get("evidence_omitted", 0)),
            "correlation": _text(event.get("correlationid") or event["id"]),
            "episode": _is_episode(event.get("partitionkey")),
            "group": {
                "count": int(group["count"]),
                "stories": int(group["stories"]),
                "sources": int(group["sources"]),
                "first_seen": _text(group["first_seen"]),
                "last_seen": _text(group["last_seen"]),
                "suppressed": int(group["suppressed"]),
            },
            "suppressed": None if held is None else {"by": _text(held["by"]), "reason": _text(held["reason"])},
        }
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def _is_episode(key: str | None) -> bool:
    # The state key of a correlation ends with the values of its group.
    found = orjson.loads(key or "null")
    return isinstance(found, list) and bool(found) and isinstance(found[-1], list)


def parts(text: str, spans: Iterable[Span]) -> list[Part]:
    """The text cut at the spans (code points, in any order, overlapping or not), on one line."""
    return [(piece, marked) for piece, marked in ((_line(p), m) for p, m in cut(text, spans)) if piece]


def cut(text: str, spans: Iterable[Span]) -> list[Part]:
    """The text in pieces, each with whether a span covers it; together they are the text."""
    pieces: list[Part] = []
    at = 0
    for start, end in sorted(spans):
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        if start > at:
            pieces.append((text[at:start], False))
        elif pieces:
            # What overlaps or touches is one mark.
            start -= len(pieces.pop()[0])
        pieces.append((text[start:end], True))
        at = end
    if at < len(text):
        pieces.append((text[at:], False))
    return pieces


def spans_in(sentence: str, evidence: Sequence[Mapping[str, Any]], body: str | None = None) -> list[Span]:
    """Where the evidence stands in its sentence, which is a slice of the field: found where every piece fits.

    Of several such places `body`, the whole field, tells the right one; without it that one is taken where pieces are
    whole words, and the first of those. Evidence longer than what was kept of it may fit nowhere; then each piece's
    first occurrence is taken.
    """
    begins = list(_begins(sentence, evidence))
    if len(begins) > 1 and body is not None:
        begins = [begin for begin in begins if body.startswith(sentence, begin)] or begins
    if begins:
        begin = min(begins, key=lambda begin: sum(not _is_word(sentence, e, begin) for e in evidence))
        return [(e["start"] - begin, e["end"] - begin) for e in evidence]
    found = [(sentence.find(e["text"]), len(e["text"])) for e in evidence]
    return [(start, start + length) for start, length in found if start >= 0]


def place(card: Card, evidence: Sequence[Mapping[str, Any]], body: str) -> None:
    """Marks the sentences of a card again, with the help of the article's body."""
    card["sentences"] = _sentences(evidence, body)


def is_unsure(card: Card) -> bool:
    """True if a marked text stands in its sentence more than once, so that the article's body is worth a look."""
    for sentence in card["sentences"]:
        text = "".join(piece for piece, _ in sentence)
        if any(text.count(piece) > 1 for piece, marked in sentence if marked):
            return True
    return False


def _begins(sentence: str, evidence: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Where in the field the sentence may begin."""
    first = evidence[0]
    at = sentence.find(first["text"])
    while at >= 0:
        begin = first["start"] - at
        if begin >= 0 and all(e["start"] >= begin and _stands(sentence, e, begin) for e in evidence):
            yield begin
        at = sentence.find(first["text"], at + 1)


def _stands(sentence: str, piece: Mapping[str, Any], begin: int) -> bool:
    return sentence.startswith(piece["text"], piece["start"] - begin)


def _is_word(sentence: str, piece: Mapping[str, Any], begin: int) -> bool:
    start, end = piece["start"] - begin, piece["end"] - begin
    around = sentence[start - 1 : start] if start else "", sentence[end : end + 1]
    return not any(sign.isalnum() for sign in around)


def _sentences(evidence: Sequence[Mapping[str, Any]], body: str | None = None) -> list[list[Part]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for piece in evidence:
        if piece["field"] != "body":
            continue
        pieces = grouped.setdefault(piece["sentence"], [])
        # A sentence that stands in the article twice is shown once, as it was read first.
        if not pieces or piece["end"] - pieces[0]["start"] <= len(piece["sentence"]):
            pieces.append(piece)
    texts = {sentence: [piece["text"] for piece in pieces] for sentence, pieces in grouped.items()}
    shown = telling_sentences(texts, SENTENCES_MAX)
    return [parts(sentence, spans_in(sentence, grouped[sentence], body)) for sentence in shown]


def _line(text: str) -> str:
    # A blank at the border of a piece stays: the pieces are put side by side again.
    return _BLANKS.sub(" ", harmless(text))


def _text(value: Any) -> str:
    text = "" if value is None else printable(str(value))
    return text if len(text) <= FIELD_CODE_POINTS_MAX else text[: FIELD_CODE_POINTS_MAX - 1] + "…"
