"""Which addresses a request may go to when somebody else chose the URL (server-side request forgery).

Allowed is what is globally reachable, and what an operator allows by network. An IPv6 address that only carries an
IPv4 one (mapped, 6to4, Teredo, NAT64) is judged by the address it carries, too: the packet ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")


def refusal(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """Why a request must not go to `address`, as a clause; None if it may."""
    for carried in (address, *_carried(address)):
        if any(carried.version == network.version and carried in network for network in allowed):
            continue
        what = _kind(carried)
        if what is not None:
            shown = str(address) if carried is address else f"{address} (which carries {carried})"
            return f"{shown} is {what}"
    return None


def parse_network(text: str) -> Network | None:
    """A network such as `10.0.0.0/8`, or one address; None if it is neither."""
    try:
        return ip_network(text.strip())
    except ValueError:
        return None


def parse_address(host: str) -> Address | None:
    """The address that a host of a URL is; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _kind(address: Address) -> str | None:
    if address.is_unspecified:
        return "no address of a machine"
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if isinstance(address, IPv6Address) and address.is_site_local:
        return "a site-local address"
    if address.is_multicast:
        return "a multicast address"
    # Not is_private: shared address space (100.64.0.0/10) is neither private nor global.
    return None if address.is_global and not address.is_reserved else "not globally reachable"


def _carried(address: Address) -> list[Address]:
    if isinstance(address, IPv4Address):
        return []
    carried: list[Address] = []
    if address.ipv4_mapped is not None:
        carried.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        carried.append(address.sixtofour)
    if address.teredo is not None:
        carried.extend(address.teredo)
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return carried
