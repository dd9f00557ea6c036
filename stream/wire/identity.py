"""Ids that are functions of content: the same input has the same id after redelivery, restart or replay."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from stream.model.article import format_time

NAMESPACE = uuid.UUID("8d1a6d3c-52f1-5c0e-9d3b-6c0b7f6e2a11")
"""The one namespace of all of Redline's UUIDv5 ids; changing it changes every id."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING = ("fbclid", "gclid")


def article_id(url: str | None, title: str | None, body: str) -> str:
    """UUIDv5 of the canonical URL, else of title + newline + body."""
    name = canonical_url(url) if url else None
    return str(uuid.uuid5(NAMESPACE, name or f"{title or ''}\n{body}"))


Scope = str | dict[str, bool] | None
"""What keeps states and episodes apart: a run; live articles (None); exercises that belong to no run."""

_DRILL: Scope = {"exercise": True}


def scope_of(run: str | None, exercise: bool) -> Scope:
    """A drill among live articles goes by their clock, but nothing that they are counted with may count it, nor a real
    alert be held back or marked because of it.
    """
    return _DRILL if run is None and exercise else run


def alert_id(rule: str, version: int, article: str, revision: int, run: str | None) -> str:
    """UUIDv5 over a compact JSON array of what makes a single-article alert the same alert."""
    return str(uuid.uuid5(NAMESPACE, orjson.dumps([rule, version, article, revision, run]).decode()))


def episode_id(rule: str, version: int, values: Sequence[str], start: datetime, scope: Scope) -> str:
    """UUIDv5 of what makes an episode of a correlation the same one; `values` are of `group_by`, `start` event time."""
    return str(uuid.uuid5(NAMESPACE, orjson.dumps([rule, version, list(values), format_time(start), scope]).decode()))


def episode_alert_id(episode: str, sequence: int) -> str:
    """UUIDv5 of one alert of an episode; `sequence` counts from 0."""
    return str(uuid.uuid5(NAMESPACE, orjson.dumps([episode, sequence]).decode()))


def canonical_url(url: str) -> str | None:
    """Lower-case scheme and host, no fragment, default port or tracking parameters; None if it is no absolute URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname:
        return None
    scheme, host = parts.scheme.lower(), parts.hostname.lower()
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        netloc = f"{netloc}:{port}"
    if parts.username is not None:
        netloc = f"{parts.netloc.rpartition('@')[0]}@{netloc}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(k, v) for k, v in pairs if not k.lower().startswith("utm_") and k.lower() not in _TRACKING]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit((scheme, netloc, parts.path, query, ""))
