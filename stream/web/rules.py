"""`/api/rules` and `/api/playground`."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from aiohttp import web

from stream.web.decisions import body_of
from stream.web.page import Page, json_answer, now_ms, page_of
from stream.web.playground import BODY_CODE_POINTS_MAX, RULE_CODE_POINTS_MAX
from stream.web.sandbox import BusyError, Sandbox, TooLongError

ROUTES = web.RouteTableDef()
FRESH_SECONDS = 2.0
_FIELDS = ("title", "body", "source", "lang", "author", "section", "country", "url", "published", "content_type")


@ROUTES.get("/api/rules")
async def rules(request: web.Request) -> web.StreamResponse:
    """Every rule, without its source; with how its tests stand and how often it fired."""
    page = page_of(request)
    book = await _book(page)
    verdicts = _verdicts(page)
    return json_answer({**_head(page, book), "rules": [_line(page, rule, verdicts) for rule in book["rules"]]})


@ROUTES.get("/api/rules/{id}")
async def rule(request: web.Request) -> web.StreamResponse:
    """One rule, with its source and its tests."""
    page = page_of(request)
    book = await _book(page)
    for found in book["rules"]:
        if found["id"] == request.match_info["id"]:
            return json_answer({**_head(page, book), "rule": {**_line(page, found, _verdicts(page)), **found}})
    raise web.HTTPNotFound(text="there is no such rule")


@ROUTES.post("/api/playground")
async def playground(request: web.Request) -> web.StreamResponse:
    """What a rule says about an article, and why."""
    page = page_of(request)
    given = await body_of(request)
    text, article = given.get("rule"), given.get("article")
    if not isinstance(text, str) or len(text) > RULE_CODE_POINTS_MAX:
        raise web.HTTPBadRequest(text=f"rule: expected text of at most {RULE_CODE_POINTS_MAX:,} characters")
    if not isinstance(article, dict) or not isinstance(article.get("body"), str):
        raise web.HTTPBadRequest(text="article: expected an object with at least a body")
    if len(article["body"]) > BODY_CODE_POINTS_MAX:
        raise web.HTTPBadRequest(
            text=f"article: found {len(article['body']):,} characters, expected at most {BODY_CODE_POINTS_MAX:,}"
        )
    fields = {name: article[name] for name in _FIELDS if article.get(name)}
    asked = {"rule": text, "article": fields, "folder": str(page.settings.rules_dir)}
    return json_answer(await _call(page.playground, asked, page.settings.playground_ms_max))


async def _call(sandbox: Sandbox, argument: Any, ms_max: int) -> Any:
    try:
        return await sandbox.call(argument)
    except BusyError as error:
        raise web.HTTPServiceUnavailable(text="many are trying things out just now; try again") from error
    except TooLongError as error:
        raise web.HTTPUnprocessableEntity(
            text=f"this takes more than {ms_max / 1_000:g} s of processor time; make the rule or the article smaller"
        ) from error


async def _book(page: Page) -> dict[str, Any]:
    """The rule book; what it was at most FRESH_SECONDS ago, or before the files became unusable."""
    if page.book_asked is None or page.book_asked.done():
        page.book_asked = asyncio.ensure_future(_fresh_book(page))
    # Whoever comes meanwhile gets the same answer, and no job of its own.
    return await asyncio.shield(page.book_asked)


async def _fresh_book(page: Page) -> dict[str, Any]:
    if page.book is None or time.monotonic() - page.book_at > FRESH_SECONDS:
        book = await _call(page.rules, str(page.settings.rules_dir), 60_000)
        if book["trouble"] is not None and page.book is not None:
            # The rules that were good stay, as in the worker; the page says so.
            book = {**page.book, "trouble": book["trouble"]}
        page.book, page.book_at = book, time.monotonic()
    return page.book


def _head(page: Page, book: dict[str, Any]) -> dict[str, Any]:
    oldest = page.store.counts.alerts_since_ms
    return {"trouble": book["trouble"], "digest": book["digest"], "lists": book["lists"], "counted_since": oldest}


def _verdicts(page: Page) -> Counter[tuple[str | None, str]]:
    """How many verdicts there are of each kind, by rule: counted once, not once a rule."""
    return Counter((v.rule, v.verdict) for v in page.store.verdicts.values() if not v.withdrawn)


def _line(page: Page, rule: dict[str, Any], verdicts: Counter[tuple[str | None, str]]) -> dict[str, Any]:
    identifier = rule["id"]
    last = page.store.counts.last_alert(identifier)
    return {
        **{
            name: rule[name]
            for name in ("id", "version", "title", "status", "severity", "topics", "file", "correlates")
        },
        "tests_total": len(rule["tests"]),
        "tests_failed": sum(bool(test["problems"]) for test in rule["tests"]),
        "days": page.store.counts.rule_days(identifier, now_ms()),
        "tagged": page.store.counts.tags(identifier),
        "last_alert": None if last is None else {"at": last[0], "id": last[1]},
        "true_positives": verdicts[identifier, "true_positive"],
        "false_positives": verdicts[identifier, "false_positive"],
    }
