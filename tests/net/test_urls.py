"""URLs: what is refused, and what is shown of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.net.urls import redacted, url_fault


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("file:///etc/passwd", "the scheme 'file'"),
        ("gopher://example.org/", "the scheme 'gopher'"),
        ("javascript:alert(1)", "the scheme 'javascript'"),
        ("//example.org/feed", "no scheme"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("http://[::1/", "a URL that cannot be read"),
        ("http://example.org:99999/", "a URL that cannot be read"),
        ("http://example.org:0/", "port 0"),
        ("http://example.org/a b", "blanks or control characters"),
        ("http://example.org/\r\nX: y", "blanks or control characters"),
        ("https://example.org/" + "x" * 5_000, "a URL of 5020 characters"),
    ],
)
def test_urls_that_cannot_be_asked_for(url: str, found: str) -> None:
    fault = url_fault(url)
    assert fault is not None
    assert found in fault


@pytest.mark.parametrize(
    "url", ["https://example.org/feed.xml?a=b#c", "HTTP://EXAMPLE.ORG", "https://user:pw@[2606::1]:8443/"]
)
def test_urls_that_can(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize("url", ["http://user:canary/@host/", "http://us:canary@h\u2100st/"])
def test_no_password_is_in_what_is_wrong(url: str) -> None:
    fault = url_fault(url)
    assert fault is not None
    assert "canary" not in fault


def test_only_some_schemes() -> None:
    assert url_fault("http://example.org/", ("https",)) is not None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.org:8443/feed.xml?key=secret#secret", "https://example.org:8443/feed.xml?…"),
        ("http://example.org", "http://example.org"),
        ("https://[::1]:80/a", "https://[::1]:80/a"),
        ("secret", "(no absolute URL)"),
        ("http://[secret", "(a URL that cannot be read)"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    assert redacted(url) == shown


@given(st.text(), st.text(alphabet="abc@:/?#[]%", max_size=12))
def test_nothing_raises(text: str, more: str) -> None:
    for url in (text, f"https://{text}", f"https://{more}"):
        url_fault(url)
        assert "secret" not in redacted(f"https://secret@{more}/?secret") or "secret" in more
