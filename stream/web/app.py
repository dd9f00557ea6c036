"""The page's routes, and what holds for all of them: headers, hosts, logins, errors as values.

Limits: bodies of BODY_BYTES_MAX, BODY_SECONDS_MAX for them to arrive; static files are read once, at the start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from aiohttp import web

from stream.telemetry.paging import LoginRefused
from stream.web import alerts, atom, decisions, live, login, overview, rules
from stream.web.guard import HEADERS
from stream.web.openapi import document
from stream.web.page import KEY, Page, json_answer, page_of

BODY_BYTES_MAX = 400_000
STATIC = Path(__file__).parent / "static"
VIEWS = ("/", "/overview", "/rules", "/rules/{rule}", "/playground")
OPEN = ("/login", "/livez", "/readyz")
"""Pages that need no login; so do static files."""

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(page: Page) -> web.Application:
    """The application for one page."""
    app = web.Application(middlewares=[_errors, _guarded], client_max_size=BODY_BYTES_MAX)
    app[KEY] = page
    app.on_response_prepare.append(_headers)
    files = {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in STATIC.iterdir() if path.suffix in _TYPES}

    async def view(request: web.Request) -> web.StreamResponse:
        return _file(request, *files["index.html"])

    async def static(request: web.Request) -> web.StreamResponse:
        found = files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="there is no such file")
        return _file(request, *found)

    for path in VIEWS:
        app.router.add_get(path, view)
    app.router.add_get("/static/{name}", static)
    app.router.add_get("/livez", _live)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/api/openapi.json", _openapi)
    for module in (login, live, alerts, decisions, atom, overview, rules):
        app.router.add_routes(module.ROUTES)
    return app


async def _openapi(request: web.Request) -> web.Response:
    return json_answer(document())


async def _live(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _ready(request: web.Request) -> web.Response:
    trouble = page_of(request).trouble()
    return web.Response(text=f"{trouble or 'ok'}\n", status=200 if trouble is None else 503)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal is a short answer that says what was found and expected: JSON where JSON was asked for."""
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        text = error.text or error.reason
        if text == f"{error.status}: {error.reason}":
            text = error.reason.lower()
        headers = {name: error.headers[name] for name in ("Retry-After", "Allow") if name in error.headers}
        if request.path.startswith("/api/"):
            return web.Response(
                body=orjson.dumps({"error": text}),
                status=error.status,
                content_type="application/json",
                headers={**headers, "Cache-Control": "no-store"},
            )
        return web.Response(text=f"{error.status} {text}\n", status=error.status, headers=headers)


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Host, origin, login and scope, in this order."""
    page = page_of(request)
    guard = page.guard
    if not guard.knows_host(request.headers.get("Host")):
        raise web.HTTPMisdirectedRequest(
            text="this page is not known by that host name; its address is a setting (REDLINE_WEB_PUBLIC_URL)"
        )
    changes = request.method not in ("GET", "HEAD")
    if changes and not guard.knows_origin(request):
        raise web.HTTPForbidden(text="this was asked for from another page")
    if request.path in OPEN or request.path.startswith("/static/"):
        return await handler(request)
    given = request.headers.get("Authorization")
    scope = guard.scope(request)
    if scope is None:
        if given is not None:
            page.telemetry.emit(LoginRefused(request.remote or "?"))
        if request.path.startswith(("/api/", "/alerts.atom")) or changes:
            raise web.HTTPUnauthorized(text="log in, or send a token: Authorization: Bearer …")
        raise web.HTTPSeeOther(login.address_for(request))
    if changes and not scope.decide and request.path not in login.FOR_READERS and request.path != "/api/playground":
        raise web.HTTPForbidden(text="this login may read, not decide")
    request["scope"] = scope
    return await handler(request)


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers["Server"] = "redline"
    response.headers.setdefault("Cache-Control", "no-store")


def _file(request: web.Request, content: bytes, content_type: str) -> web.Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    response = web.Response(body=content, content_type=content_type, charset="utf-8", headers=headers)
    response.enable_compression()
    return response
