"""Fields that an article lacks and its text says: title, author, source, published, agency, dateline; and its language.

    {"body": "KYIV, May 3, 2026 (Reuters) - Talks …"}
      ──> agency Reuters, dateline "KYIV, May 3, 2026 (Reuters)", published 2026-05-03T00:00:00Z, source Reuters,
          lang en, found_fields [agency, dateline, lang, published, source]

What an article has is never changed; an empty string or null is nothing. The body stays as it is, so a headline that
was found stands in both. `found_fields` names what was found, so that a reader can tell it from what was given; an
article that has it is not looked at again. The id is that of the article as given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stream.clean.language import find_language
from stream.clean.markup import has_tags, unwrap
from stream.clean.metadata import extract
from stream.clean.residue import find_residue
from stream.clean.shape import PARAGRAPH_BREAK
from stream.model.article import TEXT_FIELD_CODE_POINTS_MAX, format_time
from stream.sources.item import Item, Offered
from stream.wire.identity import article_id

FOUND = "found_fields"
FIELDS = ("agency", "author", "dateline", "lang", "published", "source", "title")

_LOOKED_AT_CODE_POINTS = 20_000
"""All of it stands in the head of a text; residue is told by what is around it."""
_HEAD_CODE_POINTS = 500
"""So much is enough of a text that begins without a menu: one with fewer short lines than _SHORT_LINES_MIN."""
_SHORT_LINES_MIN = 5
_SHORT_CODE_POINTS = 40


def with_found(fields: dict[str, Any], *, source: str | None = None) -> dict[str, Any]:
    """The article with what it lacks and its text says. `source`: whose article it is if the text names no outlet."""
    body = fields.get("body")
    if not isinstance(body, str) or not body.strip() or FOUND in fields:
        return fields
    lacking = [name for name in FIELDS if fields.get(name) is None or fields[name] == ""]
    if not lacking:
        return fields
    is_html = fields.get("content_type") == "text/html" or has_tags(body)
    found = fields_of(body, is_html=is_html, agency_is_source=source is None)
    new = {name: found[name] for name in lacking if name in found}
    if source is not None and "source" in lacking and "source" not in new:
        new["source"] = source
    names = [name for name in lacking if name in found]
    return {**_identified(fields, body), **new, FOUND: names} if names else {**fields, **new}


def item_with_found(item: Item) -> Item:
    """The same of an item, if it is an article."""
    return replace(item, fields=with_found(item.fields)) if isinstance(item, Offered) else item


def fields_of(text: str, *, is_html: bool, agency_is_source: bool = True) -> dict[str, str]:
    """What a body says about itself, by the names of FIELDS."""
    text = text[:_LOOKED_AT_CODE_POINTS]
    if is_html:
        text = unwrap(text).text.replace("\n", " ").replace(PARAGRAPH_BREAK, "\n")
    head = text[:_HEAD_CODE_POINTS]
    if sum([0 < len(line.strip()) < _SHORT_CODE_POINTS for line in head.splitlines()]) < _SHORT_LINES_MIN:
        said_in = head
    else:
        said_in = text
    cuts = find_residue(said_in, content_type="text/plain")
    said = extract(said_in, cuts=cuts)
    dateline = text[said.dateline.start : said.dateline.end] if said.dateline else ""
    found = {
        "title": said.headline.text if said.headline else None,
        "author": ", ".join(said.authors),
        "source": said.source if agency_is_source else said.outlet,
        "published": format_time(said.published) if said.published else None,
        "agency": said.agency if said.agency and any(map(str.isalpha, said.agency)) else None,
        "dateline": " ".join(dateline.split()).rstrip(" -–—―"),
        "lang": find_language(text, cuts=cuts),
    }
    return {name: value for name, value in found.items() if value and len(value) <= TEXT_FIELD_CODE_POINTS_MAX}


def _identified(fields: dict[str, Any], body: str) -> dict[str, Any]:
    if fields.get("id") is not None:
        return fields
    url, title = fields.get("url"), fields.get("title")
    made = article_id(url if isinstance(url, str) else None, title if isinstance(title, str) else None, body)
    return {**fields, "id": made}
