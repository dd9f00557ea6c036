"""URLs that others chose: checked before they are used, and shown without secrets."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from stream.clean.printable import printable

_QUOTED = re.compile(r"(?:\bb)?(['\"]).*\1", re.DOTALL)
URL_CODE_POINTS_MAX = 4_000
SCHEMES = ("https", "http")


def url_fault(url: str, schemes: tuple[str, ...] = SCHEMES) -> str | None:
    """What is wrong with an absolute URL, as `found …, expected …`; None if it can be asked for."""
    if len(url) > URL_CODE_POINTS_MAX:
        return f"found a URL of {len(url)} characters, expected at most {URL_CODE_POINTS_MAX}"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "found a URL with blanks or control characters, expected none"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        return f"found a URL that cannot be read ({without_quotes(str(error))}), expected {schemes[0]}://host/path"
    if parts.scheme.lower() not in schemes:
        scheme = f"the scheme {parts.scheme[:20]!r}" if parts.scheme else "no scheme"
        return f"found {scheme}, expected {' or '.join(schemes)}"
    if not host:
        return f"found no host, expected {schemes[0]}://host/path"
    return "found port 0, expected 1 to 65535" if port == 0 else None


def without_quotes(text: str) -> str:
    """An error's text on one line and without what it quotes, which may be part of a URL or of what a server sent."""
    return printable(_QUOTED.sub("…", text)).rstrip(" ^")


def redacted(url: str) -> str:
    """The URL for logs, metrics and messages: without user, password, query and fragment, which may hold secrets."""
    base = base_of(url)
    return f"{base}?…" if base.startswith(SCHEMES) and "?" in url.partition("#")[0] else base


def base_of(url: str) -> str:
    """The URL that relative links begin at: as `redacted`, and nothing in place of the query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(a URL that cannot be read)"
    if not parts.scheme or not host:
        return "(no absolute URL)"
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"
