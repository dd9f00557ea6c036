"""The bytes of a feed to entries: RSS and Atom by feedparser, JSON Feed (1.0 and 1.1) by its specification.

Whatever can be read is read; what cannot is one Reject (code `not_a_feed`). Entities that a document declares itself
are not expanded, and nothing outside of it is loaded. HTML is sanitised by feedparser. Runs in a process of its own
(`child`), because a hostile document can keep any parser busy.

Limits: ENTRIES_MAX entries of a feed; texts are cut to what the article's model allows, bodies aside.
"""

from __future__ import annotations

import html
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import feedparser  # type: ignore[import-untyped]
import orjson

from stream.clean.markup import has_tags, unwrap
from stream.model import Reject
from stream.model.article import TEXT_FIELD_CODE_POINTS_MAX, format_time
from stream.net.urls import url_fault
from stream.sources.feeds.entry import Entry
from stream.wire.decode import parse_time

ENTRIES_MAX = 1_000
TAGS_MAX = 20
COMPLETE_CODE_POINTS = 1_500
"""A body from here on is taken for the whole article, also where the feed calls it a summary."""

_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,3}")
_JSON_FEED = "jsonfeed.org/version/"
# Between guid and link: in no link and no XML.
_AND = "\0"
# What cannot stand in JSON.
_SURROGATES = re.compile("[\ud800-\udfff]")


def read_feed(data: bytes, *, content_type: str, url: str) -> list[Entry] | Reject:
    """The entries of a feed, as they stand in it. `url` is where it came from, for relative links."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    found = _json_feed(data) if start == b"{" else _xml_feed(data, content_type, url)
    return found if isinstance(found, Reject) else _told_apart(found[:ENTRIES_MAX])


def as_json(found: list[Entry] | Reject) -> dict[str, Any]:
    """For the way from the child to its parent."""
    if isinstance(found, Reject):
        return {"reject": asdict(found)}
    return {"entries": [asdict(entry) for entry in found]}


def _told_apart(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, those with a guid of several articles keyed by guid and link: no two links have one key.

    Some feeds have one guid for all that they show; by it alone each article would be a revision of the one before.
    A key that nobody shares stays as it is, because ids and what is remembered rest on it.
    """
    links: defaultdict[str, set[str | None]] = defaultdict(set)
    for entry in entries:
        links[entry.key].add(entry.link)
    return [
        # A guid with the separator in it could pass for another one's guid and link.
        replace(entry, key=f"{entry.key}{_AND}{entry.link}")
        if entry.link is not None and (len(links[entry.key]) > 1 or _AND in entry.key)
        else entry
        for entry in entries
    ]


def _not_a_feed(reason: str) -> Reject:
    return Reject("read", "not_a_feed", reason)


def _xml_feed(data: bytes, content_type: str, url: str) -> list[Entry] | Reject:
    # A stream, because feedparser takes bytes for the name of a file if there is one of that name.
    headers = {"content-type": content_type, "content-location": url}
    try:
        parsed = feedparser.parse(io.BytesIO(data), response_headers=headers)
    except Exception as error:  # noqa: BLE001 - it sets `bozo` for bad feeds, but a damaged encoding makes it raise
        return _not_a_feed(f"found {len(data)} bytes that the feed parser fails on ({_short(error)})")
    entries = [
        entry for raw in parsed.get("entries") or [] if (entry := _entry(raw, parsed.get("feed") or {})) is not None
    ]
    if entries or (parsed.get("version") and not parsed.get("bozo")):
        return entries
    why = parsed.get("bozo_exception")
    if parsed.get("version"):
        return _not_a_feed(f"found a {parsed.get('version')} feed without an entry that can be read ({_short(why)})")
    kind = _short(content_type) or "no content type"
    return _not_a_feed(f"found no RSS, Atom or JSON feed in {len(data)} bytes of {kind} ({_short(why)})")


def _entry(raw: Any, feed: Any) -> Entry | None:
    body, kind, is_content = _body(raw)
    title = _plain(raw.get("title"))
    link = _link(raw.get("link"))
    fields = {
        "title": title,
        "body": body or title,
        "content_type": kind if body else "text/plain",
        "url": link,
        "published": _published(raw),
        "author": _plain(raw.get("author")),
        "lang": _language(raw.get("language")) or _language(feed.get("language")),
        "source": _plain((raw.get("source") or {}).get("title")),
        "tags": [term for tag in raw.get("tags") or [] if (term := _plain(tag.get("term")))][:TAGS_MAX],
    }
    key = raw.get("id") or raw.get("link") or f"{title}\n{body}"
    if not fields["body"] and not link:
        return None
    complete = is_content or len(body or "") >= COMPLETE_CODE_POINTS
    return Entry(_clean(str(key)), {name: value for name, value in fields.items() if value}, link, complete)


def _body(raw: Any) -> tuple[str, str, bool]:
    """The longest text of an entry, its type, and whether it is content and no summary."""
    found = [(content.get("value") or "", content.get("type"), True) for content in raw.get("content") or []]
    found.append((raw.get("summary") or "", (raw.get("summary_detail") or {}).get("type"), False))
    text, kind, is_content = max(found, key=lambda entry: len(entry[0]))
    is_html = kind in ("text/html", "application/xhtml+xml")
    # Some call HTML what is none, and the other way round.
    is_html = has_tags(text) or (is_html and "&" in text)
    return _clean(text).strip(), "text/html" if is_html else "text/plain", is_content and bool(text)


def _published(raw: Any) -> str | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        moment = raw.get(name)
        if moment is not None:
            try:
                year, month, day, hour, minute, second = moment[:6]
                return format_time(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC))
            except (ValueError, OverflowError, TypeError):
                continue
    return None


def _json_feed(data: bytes) -> list[Entry] | Reject:
    try:
        feed = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return _not_a_feed(f"found no JSON ({_short(error)}), expected a JSON feed")
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(version, str) or _JSON_FEED not in version or not isinstance(feed.get("items"), list):
        return _not_a_feed("found JSON without `version` and `items` of a JSON feed")
    return list(_json_items(feed))


def _json_items(feed: dict[str, Any]) -> Iterator[Entry]:
    for item in feed["items"]:
        if not isinstance(item, dict):
            continue
        texts = {name: item[name] for name in ("content_html", "content_text", "summary") if _is_text(item.get(name))}
        name = next(iter(texts), "summary")
        body = _clean(texts.get(name, "")).strip()
        title = _plain(item.get("title"), markup=False)
        link = _link(item.get("url")) or _link(item.get("external_url"))
        dates = [parse_time(item[key]) for key in ("date_published", "date_modified") if _is_text(item.get(key))]
        moment = next((date for date in dates if date is not None), None)
        fields = {
            "title": title,
            "body": body or title,
            "content_type": "text/html" if name == "content_html" and body else "text/plain",
            "url": link,
            "published": None if moment is None else format_time(moment),
            "author": ", ".join(_json_authors(item) or _json_authors(feed)) or None,
            "lang": _language(item.get("language")) or _language(feed.get("language")),
            "tags": [tag for tag in map(_plain, _list(item.get("tags"))) if tag][:TAGS_MAX],
        }
        key = item.get("id") or link or f"{title}\n{body}"
        if fields["body"] or link:
            complete = name != "summary" or len(body) >= COMPLETE_CODE_POINTS
            yield Entry(_clean(str(key)), {name: value for name, value in fields.items() if value}, link, complete)


def _json_authors(holder: dict[str, Any]) -> list[str]:
    authors = [*_list(holder.get("authors")), holder.get("author")]
    names = [_plain(author.get("name"), markup=False) for author in authors if isinstance(author, dict)]
    return [name for name in names if name]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _plain(value: Any, *, markup: bool = True) -> str | None:
    """A line of text without tags, blanks folded, cut to what a field may hold; None if nothing is left."""
    if not isinstance(value, str):
        return None
    text = _clean(value)
    if markup and has_tags(text):
        text = unwrap(text).flat().text
    if markup and "&" in text:
        text = html.unescape(text)
    return " ".join(text.split())[:TEXT_FIELD_CODE_POINTS_MAX] or None


def _link(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and url_fault(value.strip()) is None else None


def _language(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip().replace("_", "-")
    return text if _LANGUAGE.fullmatch(text) else None


def _clean(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


def _short(value: object) -> str:
    return " ".join(str(value).split())[:120] if value else "nothing more is known"
