"""`/api/overview`: the numbers behind the overview's charts."""

from __future__ import annotations

from itertools import islice

from aiohttp import web

from stream.web.episodes import episodes_of
from stream.web.filters import Filter
from stream.web.page import json_answer, now_ms, page_of

ROUTES = web.RouteTableDef()
TIMELINE_ALERTS_MAX = 500
HOUR_MS = 3_600_000


@ROUTES.get("/api/overview")
async def overview(request: web.Request) -> web.StreamResponse:
    """The last hour: rates, alerts by severity, topics, alerts, stories and correlations on a timeline, the workers."""
    page = page_of(request)
    now = now_ms()
    recent = (
        kept
        for kept in page.store.newest_first(Filter())
        if kept.arrived_ms > now - HOUR_MS and not kept.card["episode"]
    )
    drawn = [*islice(recent, TIMELINE_ALERTS_MAX + 1)]
    return json_answer(
        {
            "now": now,
            "status": page.status(),
            **page.store.counts.overview(now),
            "timeline": [
                {
                    "id": kept.card["id"],
                    "at": kept.arrived_ms,
                    "severity": kept.card["severity"],
                    "rule": kept.card["rule"],
                    "title": kept.card["title"] or kept.card["summary"],
                    "source": kept.card["source"],
                    "count": kept.card["group"]["count"],
                }
                for kept in drawn[:TIMELINE_ALERTS_MAX]
            ],
            "timeline_is_whole": len(drawn) <= TIMELINE_ALERTS_MAX,
            "episodes": episodes_of(page.store.since(now - HOUR_MS), since_ms=now - HOUR_MS),
            "workers": page.workers(),
        }
    )
