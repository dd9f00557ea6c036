"""Tokens, host names, and how often one may guess."""

from __future__ import annotations

import pytest

from stream.net.callers import FAILURES_MAX, FAILURES_SECONDS, Guesses, bears, host_name, is_loopback


def test_tokens() -> None:
    tokens = ("first-token", "second-token")
    assert bears("Bearer first-token", tokens)
    assert bears("bearer  second-token ", tokens)
    for wrong in (None, "", "Bearer", "Bearer ", "first-token", "Basic first-token", "Bearer first-toke", "Bearer ü"):
        assert not bears(wrong, tokens)
    assert not bears("Bearer ", ())


@pytest.mark.parametrize(
    ("header", "name"),
    [("Example.org:80", "example.org"), ("[::1]:80", "::1"), ("::1", "::1"), ("127.0.0.1", "127.0.0.1"), ("", "")],
)
def test_host_names(header: str, name: str) -> None:
    assert host_name(header) == name


def test_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org")))


def test_guesses() -> None:
    guesses = Guesses()
    for number in range(FAILURES_MAX):
        assert guesses.must_wait("a", now=number) is None
        guesses.note("a", now=number)
    assert guesses.must_wait("a", now=20.0) == FAILURES_SECONDS - 20.0
    assert guesses.must_wait("b", now=20.0) is None
    assert guesses.must_wait("a", now=FAILURES_SECONDS + 1) is None
    guesses.note("a", now=FAILURES_SECONDS + 1)
    assert guesses.must_wait("a", now=FAILURES_SECONDS + 2) is None


def test_guesses_are_forgotten_before_they_fill_the_memory() -> None:
    guesses = Guesses()
    for number in range(30_000):
        guesses.note(str(number), now=0.0)
    assert len(guesses._failures) <= 10_000
