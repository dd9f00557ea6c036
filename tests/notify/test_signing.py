"""Signatures of webhooks."""

from __future__ import annotations

import base64

import pytest

from stream.notify.signing import key_of, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_standard_webhooks() -> None:
    """Identifier, time, payload and signature are those of the project's own libraries."""
    key = key_of(SECRET)
    assert key is not None
    headers = signed_headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_signature_for_each_key() -> None:
    old, new = b"o" * 24, b"n" * 24
    both = signed_headers([new, old], "a", 1, b"x")["webhook-signature"].split(" ")
    assert both == [signed_headers([key], "a", 1, b"x")["webhook-signature"] for key in (new, old)]


def test_no_key_no_signature() -> None:
    assert signed_headers([], "a", 1, b"x") == {"webhook-id": "a", "webhook-timestamp": "1"}


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        "whsec_%%%",
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
    ],
)
def test_what_is_no_secret(secret: str) -> None:
    assert key_of(secret) is None
