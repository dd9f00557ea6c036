"""Which addresses a request may go to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.net.addresses import parse_network, refusal
from stream.net.guard import host_fault


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1",
        "239.1.2.3", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1",
        "2002:7f00:1::", "2002:a00:1::1", "2001:0:a00:1::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1",
        "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(address: str) -> None:
    assert refusal(ip_address(address)) is not None


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "192.1.2.3", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_addresses_that_are_allowed(address: str) -> None:
    assert refusal(ip_address(address)) is None


def test_networks_of_ones_own() -> None:
    allowed = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert refusal(ip_address("10.9.8.7"), allowed) is None
    assert refusal(ip_address("fd00::1"), allowed) is None
    assert refusal(ip_address("127.0.0.1"), allowed) is not None
    assert parse_network("10.0.0.0/8") == allowed[0]
    assert parse_network("10.0.0.1/8") is None
    assert parse_network("all") is None


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_carries_an_address_is_as_bad_as_it(address: IPv4Address) -> None:
    if refusal(address) is None:
        return
    number = int(address)
    for carrier in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert refusal(IPv6Address(carrier)) is not None


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1", "[::1]", "::ffff:127.0.0.1", "1."],
)
def test_addresses_in_urls(host: str) -> None:
    assert host_fault(host, ()) is not None


@pytest.mark.parametrize("host", ["example.org", "8.8.8.8", "xn--e1afmkfd.xn--p1ai", "a1.example", "localhost.example"])
def test_hosts_that_may_be_asked(host: str) -> None:
    assert host_fault(host, ()) is None
