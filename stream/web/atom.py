"""`/alerts.atom`: the newest alerts of a view for feed readers (RFC 4287)."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from itertools import islice
from xml.etree import ElementTree as ET

from aiohttp import web

from stream.model.article import format_time
from stream.web.alerts import filter_of
from stream.web.cards import Card
from stream.web.page import page_of
from stream.web.store import Kept
from stream.wire.identity import NAMESPACE

ROUTES = web.RouteTableDef()
ENTRIES_MAX = 100
_ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@ROUTES.get("/alerts.atom")
async def feed(request: web.Request) -> web.StreamResponse:
    """The feed. Alerts under a silence are left out."""
    page = page_of(request)
    now = datetime.now(UTC)
    found = page.store.newest_first(filter_of(request))
    kept = list(islice((k for k in found if page.store.silence_for(k.card, now) is None), ENTRIES_MAX))
    base = page.settings.web_public_url or f"{request.scheme}://{request.host}"
    body = _feed(kept, base.rstrip("/"), request.query_string)
    return web.Response(body=body, content_type="application/atom+xml", charset="utf-8")


def _feed(kept: list[Kept], base: str, query: str) -> bytes:
    ET.register_namespace("", _ATOM)
    root = ET.Element(_name("feed"))
    _text(root, "title", "Redline alerts" + (f" ({query})" if query else ""))
    _text(root, "id", f"urn:uuid:{uuid.uuid5(NAMESPACE, f'atom?{query}')}")
    _text(root, "updated", _time(kept[0].arrived_ms if kept else 0))
    ET.SubElement(root, _name("link"), rel="self", href=_clean(f"{base}/alerts.atom" + (f"?{query}" if query else "")))
    ET.SubElement(root, _name("link"), rel="alternate", href=_clean(f"{base}/" + (f"?{query}" if query else "")))
    author = ET.SubElement(root, _name("author"))
    _text(author, "name", "Redline")
    for one in kept:
        _entry(root, one, base)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(root: ET.Element, kept: Kept, base: str) -> None:
    card = kept.card
    entry = ET.SubElement(root, _name("entry"))
    _text(entry, "id", f"urn:uuid:{card['id']}")
    _text(entry, "title", f"{card['severity'].upper()}: {card['title'] or card['summary']}")
    _text(entry, "updated", _time(kept.arrived_ms))
    ET.SubElement(entry, _name("link"), rel="alternate", href=_clean(f"{base}/?alert={card['id']}"))
    if card["url"].startswith(("http://", "https://")):
        ET.SubElement(entry, _name("link"), rel="related", href=_clean(card["url"]))
    author = ET.SubElement(entry, _name("author"))
    _text(author, "name", card["source"] or "unknown source")
    for term in (card["severity"], card["rule"], *card["topics"]):
        ET.SubElement(entry, _name("category"), term=_clean(term))
    _text(entry, "summary", _said(card), type="text")


def _said(card: Card) -> str:
    lines = [card["summary"], *("“" + "".join(text for text, _ in s).strip() + "”" for s in card["sentences"])]
    return "\n".join([*dict.fromkeys(lines), f"{card['rule_title']} ({card['rule']})"])


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, _name(name), attributes).text = _clean(text)


def _name(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _time(moment_ms: int) -> str:
    return format_time(datetime.fromtimestamp(moment_ms // 1_000, UTC))
