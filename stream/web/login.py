"""Logging in and out: a form without a script, and a cookie that scripts cannot see."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

from aiohttp import web

from stream.telemetry.paging import LoginRefused
from stream.web.app_files import login_page
from stream.web.page import BODY_SECONDS_MAX, json_answer, page_of

ROUTES = web.RouteTableDef()
FOR_READERS = ("/logout",)
NEXT_CHARACTERS_MAX = 2_000


def address_for(request: web.Request) -> str:
    """Where somebody without a login goes, to come back here afterwards."""
    here = request.path_qs
    if request.path == "/" and not request.query_string:
        return "/login"
    return f"/login?next={quote(here[:NEXT_CHARACTERS_MAX], safe='')}"


@ROUTES.get("/login")
async def form(request: web.Request) -> web.StreamResponse:
    """The form."""
    if not page_of(request).guard.login_needed:
        raise web.HTTPSeeOther("/")
    return login_page(wrong="wrong" in request.query)


@ROUTES.post("/login")
async def log_in(request: web.Request) -> web.StreamResponse:
    """Takes a token; answers with the cookie, or with the form again."""
    page = page_of(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(text="expected a form")
    try:
        fields = await asyncio.wait_for(request.post(), BODY_SECONDS_MAX)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the form did not arrive in time") from error
    scope = page.guard.login(str(fields.get("token", "")).strip(), request.remote or "")
    to = _here(request.query.get("next", "/"))
    if scope is None:
        page.telemetry.emit(LoginRefused(request.remote or "?"))
        raise web.HTTPSeeOther(f"/login?{urlencode({'next': to, 'wrong': ''})}")
    answer = web.Response(status=303, headers={"Location": to})
    page.guard.set_cookie(answer, scope)
    return answer


@ROUTES.post("/logout")
async def log_out(request: web.Request) -> web.StreamResponse:
    """Drops the cookie."""
    answer = web.Response(status=303, headers={"Location": "/login"})
    page_of(request).guard.drop_cookie(answer)
    return answer


@ROUTES.get("/api/session")
async def session(request: web.Request) -> web.StreamResponse:
    """What this login may do, and the state of the page."""
    page = page_of(request)
    return json_answer({"login": page.guard.login_needed, "decide": request["scope"].decide, "status": page.status()})


def _here(address: str) -> str:
    """A path of this page; anything else is the first page."""
    ok = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address[:NEXT_CHARACTERS_MAX] if ok else "/"
