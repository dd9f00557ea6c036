"""An aiohttp session that cannot be led to addresses which are not globally reachable, whatever a URL or DNS says.

A name is resolved once per connection; all its addresses are checked, and the connection goes to one of the checked
addresses (no second look-up that could say something else: DNS rebinding). Addresses written in a URL are checked by
`host_fault` before a request. No proxies from the environment, no cookies, no redirects by aiohttp itself.

Limits: one session serves one set of allowed networks, because its connections are shared.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from stream.net.addresses import Network, parse_address, refusal
from stream.net.lookup import system_lookup

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a name for a port, as text; raises OSError if there are none."""


class AddressRefused(OSError):  # noqa: N818 - a decision
    """A name that leads to an address which is not allowed; its text is a clause for people."""


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses one of which any address is not allowed."""

    def __init__(self, allowed: Sequence[Network], lookup: Lookup = system_lookup) -> None:
        self._allowed, self._lookup = tuple(allowed), lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The checked addresses of a name. Raises OSError if there are none, `AddressRefused` if one is refused."""
        addresses = list(dict.fromkeys(await self._lookup(host, port)))
        for address in addresses:
            why = refusal(ip_address(address), self._allowed)
            if why is not None:
                raise AddressRefused(f"{host} leads to {why}")
        if not addresses:
            raise OSError(f"{host} has no address")
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Nothing to close."""


def host_fault(host: str, allowed: Sequence[Network]) -> str | None:
    """Why a host written in a URL must not be asked, where it is an address; None if it may, or is a name."""
    address = parse_address(host)
    if address is not None:
        return refusal(address, allowed)
    # `2130706433`, `0x7f.1`, `127.1`: no names, and the system would take them for addresses.
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdecimal() or last.lower().startswith("0x"):
        return f"{host[:60]} is an address in an unusual form"
    return None


def guarded_session(
    allowed: Sequence[Network] = (),
    *,
    seconds_max: float,
    connect_seconds_max: float = 10.0,
    connections_max: int = 50,
    user_agent: str = "redline",
    lookup: Lookup = system_lookup,
) -> aiohttp.ClientSession:
    """A session for requests to addresses that others chose. Bodies come as sent: decompress them with `inflate`.

    Ask with `allow_redirects=False`, after `host_fault` and `urls.url_fault`; `seconds_max` bounds a whole request.
    """
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(allowed, lookup),
        use_dns_cache=False,
        limit=connections_max,
        force_close=True,  # the next request to a host is minutes away, and must be checked again
    )
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds_max, sock_connect=min(connect_seconds_max, seconds_max)),
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"},
        read_bufsize=65_536,
    )


def refused_address(error: BaseException | None) -> AddressRefused | None:
    """The refusal behind an aiohttp error; None if it has another cause."""
    for _ in range(5):
        if error is None or isinstance(error, AddressRefused):
            return error
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) and inner is not error else error.__cause__
    return None


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
