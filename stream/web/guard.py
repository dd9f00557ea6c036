"""Who may do what: host names, origins, login, and the headers of every answer.

    Host      must be loopback, the address that the page listens on, or that of `web_public_url` (else 421): a name
              that somebody else points at this machine reads nothing
    Origin    of whatever changes something must be the page itself (else 403)
    login     a token, as a cookie (HttpOnly, SameSite=Strict) for browsers or as `Authorization: Bearer` for programs;
              none is needed where no token is set, which is only possible on loopback
    scopes    web_token: read and decide; web_read_token: read; producers' tokens (sources.yml) are not known here

The cookie holds no token: scope and end, signed with a key made of the tokens, so that another token ends all logins.
Tokens are compared in constant time; after LOGIN_FAILURES_MAX wrong ones from an address it has to wait (429).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from stream.errors import SettingsError
from stream.settings import LOOPBACK, Settings, WebToken

COOKIE = "redline"
SESSION_SECONDS = 7 * 86_400
LOGIN_FAILURES_MAX = 10
LOGIN_WAIT_SECONDS = 300.0
ADDRESSES_MAX = 10_000

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a login may do, besides reading."""

    decide: bool


READER = Scope(decide=False)
ANALYST = Scope(decide=True)


class Guard:
    """The checks, for one server."""

    def __init__(self, settings: Settings) -> None:
        self._tokens: list[tuple[str, Scope]] = []
        scopes: dict[WebToken, Scope] = {"web_token": ANALYST, "web_read_token": READER}
        for name, scope in scopes.items():
            token = settings.token(name)
            if token is not None:
                self._tokens.append((token, scope))
        self.login_needed = bool(self._tokens)
        self._key = hashlib.sha256("\n".join(token for token, _ in self._tokens).encode()).digest()
        public = _split(settings.web_public_url) if settings.web_public_url else None
        self._hosts = {*LOOPBACK, settings.web_host} - {"0.0.0.0", "::"}
        if public is not None and public.hostname:
            self._hosts.add(public.hostname)
        self._public_origin = f"{public.scheme}://{public.netloc}" if public else None
        self._secure = public is not None and public.scheme == "https"
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    # Hosts and origins -----------------------------------------------------------------------------------------

    def knows_host(self, host: str | None) -> bool:
        """True if the page answers to this Host header."""
        name = _host_name(host or "")
        return name is not None and name in self._hosts

    def knows_origin(self, request: web.Request) -> bool:
        """True if what asks for a change is the page itself, or a program (which sends no Origin)."""
        origin = request.headers.get("Origin")
        if origin is None:
            return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        if origin == self._public_origin:
            return True
        if origin == "null":
            # A form of a page that sends no referrer has no origin; only the browser itself can say whose it is.
            return request.headers.get("Sec-Fetch-Site") == "same-origin"
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        # The host was checked already; behind a proxy the scheme is only known from web_public_url.
        return parts.scheme in ("http", "https") and parts.netloc == request.headers.get("Host")

    # Login -----------------------------------------------------------------------------------------------------

    def scope(self, request: web.Request) -> Scope | None:
        """What the one who asks may do; None if it is not known who that is. Raises 429 for one who guesses."""
        if not self.login_needed:
            return ANALYST
        header = request.headers.get("Authorization")
        if header is not None:
            return self.login(_bearer(header), request.remote or "")
        return self._scope_of_cookie(request.cookies.get(COOKIE, ""))

    def login(self, token: str, address: str) -> Scope | None:
        """The scope of a token, None if it is none. Raises 429 while an address has failed too often."""
        failed, since = self._failures.get(address, (0, 0.0))
        left = since + LOGIN_WAIT_SECONDS - time.monotonic()
        if failed >= LOGIN_FAILURES_MAX and left > 0:
            raise web.HTTPTooManyRequests(
                text=f"too many wrong logins; try again in {left:.0f} s", headers={"Retry-After": str(int(left) + 1)}
            )
        scope = self._scope_of(token)
        if scope is None:
            # The time of waiting begins with the first failure, and again after it.
            self._failures[address] = (failed + 1, since) if left > 0 else (1, time.monotonic())
            self._failures.move_to_end(address)
            if len(self._failures) > ADDRESSES_MAX:
                self._failures.popitem(last=False)
            return None
        self._failures.pop(address, None)
        return scope

    def set_cookie(self, response: web.StreamResponse, scope: Scope) -> None:
        """Logs in."""
        name = "decide" if scope.decide else "read"
        ends = int(time.time()) + SESSION_SECONDS
        response.set_cookie(
            COOKIE,
            f"{name}.{ends}.{self._sign(name, ends)}",
            max_age=SESSION_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._secure,
        )

    def drop_cookie(self, response: web.StreamResponse) -> None:
        """Logs out."""
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=self._secure)

    def _scope_of(self, token: str) -> Scope | None:
        given = token.encode(errors="surrogateescape")  # as it came, whatever it is
        found = None
        for known, scope in self._tokens:
            if hmac.compare_digest(hashlib.sha256(known.encode()).digest(), hashlib.sha256(given).digest()):
                found = scope
        return found

    def _scope_of_cookie(self, value: str) -> Scope | None:
        name, _, rest = value.partition(".")
        ends, _, signature = rest.partition(".")
        if name not in ("read", "decide") or not (ends.isdecimal() and len(ends) < 15 and ends.isascii()):
            return None
        if not hmac.compare_digest(signature.encode(errors="surrogateescape"), self._sign(name, int(ends)).encode()):
            return None
        if int(ends) < time.time():
            return None
        return ANALYST if name == "decide" else READER

    def _sign(self, name: str, ends: int) -> str:
        return hmac.new(self._key, f"{name}.{ends}".encode(), hashlib.sha256).hexdigest()


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise SettingsError(
            f"web_public_url: found {url!r}, expected an address like https://redline.example"
        ) from error


def _bearer(header: str) -> str:
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _host_name(host: str) -> str | None:
    """The name in a Host header, without the port; None if it cannot be one."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return None
    if name is None:
        return None
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.rstrip(".")
