"""Who may call a listener of ours: tokens, names of hosts, and how often somebody may guess."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from ipaddress import ip_address

FAILURES_MAX = 10
"""So many wrong tokens from one address in FAILURES_SECONDS; then it has to wait."""

FAILURES_SECONDS = 60.0
ADDRESSES_REMEMBERED_MAX = 10_000
TOKEN_CHARACTERS_MIN = 16


def is_loopback(host: str) -> bool:
    """True for an address or name that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The host of a `Host` header or authority, lower-case, without its port and brackets."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.count(":") == 1 else text


def bears(authorization: str | None, tokens: Sequence[str]) -> bool:
    """Whether the header is `Bearer` and one of the tokens; takes the same time for every wrong one of a length."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    offered = given.strip().encode("utf-8", "surrogateescape")
    # All are compared: which one it was must not show in the time.
    return sum(hmac.compare_digest(offered, token.encode("utf-8")) for token in tokens) > 0


class Guesses:
    """Counts wrong tokens by address, and says who has to wait."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[float, int]] = {}

    def must_wait(self, address: str, now: float | None = None) -> float | None:
        """Seconds until `address` may try again; None if it may now. `now` in seconds, monotonic."""
        moment = time.monotonic() if now is None else now
        start, count = self._failures.get(address, (moment, 0))
        left = start + FAILURES_SECONDS - moment
        return left if count >= FAILURES_MAX and left > 0 else None

    def note(self, address: str, now: float | None = None) -> None:
        """A wrong token came from `address`."""
        moment = time.monotonic() if now is None else now
        start, count = self._failures.get(address, (moment, 0))
        if moment - start >= FAILURES_SECONDS:
            start, count = moment, 0
        if address not in self._failures and len(self._failures) >= ADDRESSES_REMEMBERED_MAX:
            self._failures.clear()
        self._failures[address] = (start, count + 1)
