"""Files of the page that are answered with something put in."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_LOGIN = (Path(__file__).parent / "static" / "login.html").read_text(encoding="utf-8")
_WRONG = '<p class="wrong" role="alert">That token is not known here.</p>'


def login_page(*, wrong: bool) -> web.Response:
    """The form; only fixed text is ever put in."""
    text = _LOGIN.replace("<!--wrong-->", _WRONG if wrong else "")
    return web.Response(text=text, content_type="text/html", status=401 if wrong else 200)
