"""Stories and correlations of the last hour, for the timeline: what began when, and does it go on? Pure.

A correlation's episode is all its alerts with one correlation id (fired, updated, resolved). A story is what one rule
said of copies of one report: its alerts, and those that were held back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from typing_extensions import TypedDict

from stream.web.cards import Card

EPISODES_MAX = 60


class Episode(TypedDict):
    """`alert` is the newest one that can be opened; `began` and `last` are arrivals in ms since 1970; `open`: it goes
    on; `articles` counts copies of a story, or what a correlation counted."""

    kind: Literal["correlation", "story"]
    alert: str
    rule: str
    rule_title: str
    severity: str
    summary: str
    began: int
    last: int
    open: bool
    articles: int
    sources: int


def episodes_of(alerts: Iterable[tuple[Card, int]], *, since_ms: int) -> list[Episode]:
    """The episodes in alerts with their arrivals (held back ones too), the newest first; at most EPISODES_MAX."""
    found: dict[tuple[str, str], Episode] = {}
    for card, arrived_ms in sorted(alerts, key=lambda pair: pair[1]):
        if arrived_ms <= since_ms:
            continue
        key = card["rule"], card["correlation"]
        episode = found.get(key)
        if episode is None:
            found[key] = _begun(card, arrived_ms)
            continue
        episode["last"] = arrived_ms
        episode["open"] = card["episode"] and card["state"] != "resolved"
        if card["suppressed"] is None:
            episode["alert"], episode["summary"] = card["id"], card["summary"]
        if card["episode"]:
            episode["articles"], episode["sources"] = card["group"]["count"], card["group"]["sources"]
        else:
            episode["articles"] = max(episode["articles"] + 1, card["group"]["count"])
            episode["sources"] = max(episode["sources"], card["group"]["sources"])
    shown = [one for one in found.values() if one["kind"] == "correlation" or one["articles"] > 1]
    return sorted(shown, key=lambda one: -one["last"])[:EPISODES_MAX]


def _begun(card: Card, arrived_ms: int) -> Episode:
    return {
        "kind": "correlation" if card["episode"] else "story",
        "alert": card["id"],
        "rule": card["rule"],
        "rule_title": card["rule_title"],
        "severity": card["severity"],
        "summary": card["summary"] or card["title"],
        "began": arrived_ms,
        "last": arrived_ms,
        "open": card["episode"] and card["state"] != "resolved",
        "articles": card["group"]["count"],
        "sources": card["group"]["sources"],
    }
