"""The cleaned article behind an alert: its text in pieces, with evidence marked and residue named. Pure.

The pieces of a field, put together, are the field as received (HTML apart: there, tags are left out and entities
decoded, as the rules read it).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson
from typing_extensions import TypedDict

from stream.clean.markup import has_tags, unwrap
from stream.clean.printable import harmless
from stream.clean.shape import PARAGRAPH_BREAK

TEXT_CODE_POINTS_MAX = 200_000


class Piece(TypedDict):
    """Some text. `marks`: the numbers of the evidence that it belongs to; `cut`: the kind of residue, or ""."""

    text: str
    marks: list[int]
    cut: str


TextView = list[Piece]


class ArticleView(TypedDict):
    """An article for reading."""

    title: list[Piece]
    body: list[Piece]
    about: dict[str, str]
    topics: list[str]
    warnings: list[str]


def body_behind(event: bytes, about: Mapping[str, Any]) -> str | None:
    """The body in a tagged article's CloudEvent, if it is that of the article that an alert is `about`."""
    try:
        data = orjson.loads(event)["data"]
        body = str(data["article"]["body"])
        return body if _is_behind(data, about) else None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def article_view(
    event: bytes, evidence: Sequence[Mapping[str, Any]], about: Mapping[str, Any] | None = None
) -> ArticleView | None:
    """What a tagged article's CloudEvent and an alert's evidence come to.

    None if the event cannot be read, or if it is not the article that the alert is `about`.
    """
    try:
        data = orjson.loads(event)["data"]
        article, cleaning = data["article"], data["cleaning"]
        if about is not None and not _is_behind(data, about):
            return None
        html = article.get("content_type") == "text/html"
        cuts = [(int(c["start"]), int(c["end"]), str(c["kind"])) for c in cleaning["cuts"] if c["field"] == "body"]
        body = str(article["body"])
        return {
            "title": text_view(str(article.get("title") or ""), "title", evidence, (), html=html or has_tags(body)),
            "body": text_view(body, "body", evidence, cuts, html=html or has_tags(body)),
            "about": {key: harmless(str(article[key])) for key in _ABOUT if article.get(key) is not None},
            "topics": [str(topic["topic"]) for topic in data["topics"]],
            "warnings": [str(warning) for warning in cleaning["warnings"]],
        }
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _is_behind(data: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
    """Whether a tagged article is what an alert rests on: an id and revision may come again with another text."""
    article = data["article"]
    # What a correlation keeps of a title may be its beginning only.
    if not str(article.get("title") or "").startswith(str(about.get("title") or "")):
        return False
    # Of a body that was trimmed only its beginning is there.
    return "body" in data.get("trimmed", ()) or sha256(article["body"].encode()).hexdigest() == about.get("sha256")


_ABOUT = (
    "id",
    "title",
    "source",
    "author",
    "section",
    "country",
    "lang",
    "published",
    "fetched",
    "url",
    "content_type",
)


def text_view(
    text: str,
    field: str,
    evidence: Sequence[Mapping[str, Any]],
    cuts: Sequence[tuple[int, int, str]],
    *,
    html: bool,
) -> TextView:
    """One field in pieces."""
    spans = [(int(e["start"]), int(e["end"]), n) for n, e in enumerate(evidence) if e["field"] == field]
    found = pieces(text[:TEXT_CODE_POINTS_MAX], spans, cuts)
    return list(_shown(text, found) if html or has_tags(text) else _plain(text, found))


def pieces(
    text: str, marks: Sequence[tuple[int, int, int]], cuts: Sequence[tuple[int, int, str]]
) -> list[tuple[int, int, list[int], str]]:
    """Stretches of the text that have the same marks and the same cut: (start, end, marks, cut), without holes.

    Cuts do not overlap; marks may.
    """
    length = len(text)
    bounds = {0, length}
    for start, end, _ in (*marks, *cuts):
        bounds.update((min(max(start, 0), length), min(max(end, 0), length)))
    edges = sorted(bounds)
    ordered = sorted(cuts)
    starts = [start for start, _, _ in ordered]
    found = []
    for start, end in pairwise(edges):
        at = bisect_right(starts, start) - 1
        cut = ordered[at][2] if at >= 0 and end <= ordered[at][1] else ""
        found.append((start, end, [number for first, last, number in marks if first <= start and end <= last], cut))
    return found


def _plain(text: str, found: list[tuple[int, int, list[int], str]]) -> Iterator[Piece]:
    for start, end, marks, cut in found:
        yield {"text": harmless(text[start:end]), "marks": marks, "cut": cut}


def _shown(text: str, found: list[tuple[int, int, list[int], str]]) -> Iterator[Piece]:
    """Pieces of HTML as it reads: the text of what its tags hold."""
    flat = unwrap(text).flat()
    at = 0
    for _, end, marks, cut in found:
        first = at
        while at < len(flat.text) and flat.starts[at] < end:
            at += 1
        if at > first:
            shown = harmless(flat.text[first:at].replace(PARAGRAPH_BREAK, "\n\n"))
            yield {"text": shown, "marks": marks, "cut": cut}
