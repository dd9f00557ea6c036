"""Ports of loopback for servers that must be told one."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

PORTS = (15_000, 32_000)

_given: set[int] = set()
_chance = random.SystemRandom()  # others on this machine choose too, and tests may seed the common one


def free_ports(count: int) -> list[int]:
    """So many ports that nothing listens on, none of them given before.

    Below the ports that the system gives to clients: one of those could be taken before the server is there.
    """
    found: list[int] = []
    while len(found) < count:
        port = _chance.randrange(*PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if port not in _given:
                _given.add(port)
                found.append(port)
    return found


def free_port() -> int:
    """One of them; at an address with it nobody answers until the test has somebody there."""
    return free_ports(1)[0]
