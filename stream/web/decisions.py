"""Acknowledgements, verdicts and silences, from the page: on the topic `decisions` before they are answered."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from stream.errors import ServiceError
from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.web.page import BODY_SECONDS_MAX, Page, json_answer, page_of
from stream.web.store import Kept
from stream.wire.decisions import DECISION, problems

ROUTES = web.RouteTableDef()
SILENCE_DAYS_MAX = 366


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises 400, 408, 413 or 415."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="expected application/json")
    try:
        data = await asyncio.wait_for(request.read(), BODY_SECONDS_MAX)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the body did not arrive in time") from error
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"{error}; expected a JSON object") from error
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text="expected a JSON object")
    return found


@ROUTES.post("/api/alerts/{id}/acknowledgement")
async def acknowledge(request: web.Request) -> web.StreamResponse:
    """Acknowledges an alert, or takes that back."""
    page, kept = _alert(request)
    given = await body_of(request)
    decision = _checked(
        {"kind": "acknowledgement", "alert": kept.card["id"], "rule": kept.card["rule"], **_of(given, _ACKNOWLEDGE)}
    )
    return await _decided(page, decision)


@ROUTES.post("/api/alerts/{id}/verdict")
async def judge(request: web.Request) -> web.StreamResponse:
    """Says whether an alert was right, or takes that back."""
    page, kept = _alert(request)
    given = await body_of(request)
    decision = _checked(
        {
            "kind": "verdict",
            "alert": kept.card["id"],
            "rule": kept.card["rule"],
            "rule_version": kept.card["rule_version"],
            **_of(given, _VERDICT),
        }
    )
    return await _decided(page, decision)


@ROUTES.get("/api/silences")
async def silences(request: web.Request) -> web.StreamResponse:
    """Every silence that is known, newest first, and whether it is in force."""
    page = page_of(request)
    now = datetime.now(UTC)
    return json_answer(
        {
            "items": [
                {**silence.model_dump(mode="json"), "in_force": now < silence.ends}
                for silence in reversed(page.store.silences.values())
            ]
        }
    )


@ROUTES.post("/api/silences")
async def silence(request: web.Request) -> web.StreamResponse:
    """A new silence, of so many `minutes`."""
    page = page_of(request)
    given = await body_of(request)
    minutes = given.get("minutes")
    most = SILENCE_DAYS_MAX * 1_440
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= most:
        raise web.HTTPBadRequest(text=f"minutes: expected a whole number from 1 to {most}")
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    fields = {key: value for key, value in _of(given, _SILENCE).items() if value not in (None, "")}
    return await _decided(page, _checked({"kind": "silence", "id": str(uuid.uuid4()), "ends": ends, **fields}))


@ROUTES.post("/api/silences/{id}/end")
async def end_silence(request: web.Request) -> web.StreamResponse:
    """Ends a silence now."""
    page = page_of(request)
    found = page.store.silences.get(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound(text="there is no such silence")
    given = await body_of(request)
    now = datetime.now(UTC)
    return await _decided(page, _checked({**found.model_dump(), "by": given.get("by"), "ends": min(now, found.ends)}))


_ACKNOWLEDGE = ("by", "note", "withdrawn")
_VERDICT = ("by", "verdict", "note", "withdrawn")
_SILENCE = ("by", "reason", "rule", "topic", "source", "severity")


def _of(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _alert(request: web.Request) -> tuple[Page, Kept]:
    page = page_of(request)
    kept = page.store.alert(request.match_info["id"])
    if kept is None:
        raise web.HTTPNotFound(text="this alert is not kept here any more, or never was")
    return page, kept


def _checked(fields: dict[str, Any]) -> Acknowledgement | Verdict | Silence:
    try:
        return DECISION.validate_python({**fields, "at": datetime.now(UTC)})
    except ValidationError as error:
        raise web.HTTPBadRequest(text=problems(error)) from error


async def _decided(page: Page, decision: Acknowledgement | Verdict | Silence) -> web.Response:
    before = page.store.decision(decision)
    try:
        await page.decider.decide(decision)
    except ServiceError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from error
    # What the topic says comes back to all pages by the feed; this one need not wait for that. But if the feed has
    # brought something meanwhile, that may be newer than this.
    if page.store.decision(decision) is before:
        page.store.add_decision(decision)
    return json_answer(decision.model_dump(mode="json"), status=201)
