"""`/api/alerts`: lists, one alert with its article, and what was held back."""

from __future__ import annotations

from itertools import islice

import orjson
from aiohttp import web

from stream.web.article import article_view
from stream.web.filters import Filter, filter_from
from stream.web.page import checked, json_answer, number, page_of

ROUTES = web.RouteTableDef()
PAGE_ALERTS = 100
PAGE_ALERTS_MAX = 500


def filter_of(request: web.Request) -> Filter:
    """The filter in a query string. Raises 400."""
    return checked(filter_from(request.query.items()))


@ROUTES.get("/api/alerts")
async def alerts(request: web.Request) -> web.StreamResponse:
    """Alerts, newest first, a page at a time."""
    page = page_of(request)
    wanted = filter_of(request)
    limit = number(request, "limit", default=PAGE_ALERTS, least=1, most=PAGE_ALERTS_MAX)
    before = number(request, "before", default=2**53, least=0, most=2**53)
    found = list(islice(page.store.newest_first(wanted, before=before), limit + 1))
    items, more = found[:limit], len(found) > limit
    return json_answer(
        {
            "items": [page.fields(kept) for kept in items],
            "next": items[-1].card["seq"] if more else None,
            "cursor": page.hub.cursor,
            "catching_up": page.catching_up,
        }
    )


@ROUTES.get("/api/facets")
async def facets(request: web.Request) -> web.StreamResponse:
    """What there is to filter by, most frequent first."""
    return json_answer(
        {
            key: [{"value": value, "alerts": count} for value, count in values]
            for key, values in page_of(request).store.facets().items()
        }
    )


@ROUTES.get("/api/alerts/{id}")
async def alert(request: web.Request) -> web.StreamResponse:
    """One alert: its fields, its CloudEvent, and the article as it was read, if that is still kept."""
    page = page_of(request)
    kept = page.store.alert(request.match_info["id"])
    if kept is None:
        raise web.HTTPNotFound(text="this alert is not kept here any more, or never was")
    event = orjson.loads(kept.event)
    about = event["data"]["article"]
    tagged = page.store.article(about["id"], about["revision"])
    article = None if tagged is None else article_view(tagged, event["data"]["evidence"], about)
    return json_answer({"alert": page.fields(kept), "event": event, "article": article})


@ROUTES.get("/api/suppressed")
async def suppressed(request: web.Request) -> web.StreamResponse:
    """Alerts that were held back, newest first, and how many for which reason."""
    page = page_of(request)
    limit = number(request, "limit", default=PAGE_ALERTS, least=1, most=PAGE_ALERTS_MAX)
    return json_answer(
        {
            "total": page.suppressed_total(),
            "reasons": [
                {"by": by, "reason": reason, "alerts": count}
                for (by, reason), count in page.store.held_back.most_common(100)
            ],
            "items": [page.fields(kept) for kept in islice(reversed(page.store.suppressed), limit)],
        }
    )
