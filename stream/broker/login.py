"""A login with user name and password (SASL), as a conversation of tokens; the mechanisms are kafka-python's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from stream.settings import Settings


class Refused(Exception):  # noqa: N818 - it is an answer
    """The broker's answers do not fit this password."""


@dataclass
class Said:
    """A token of ours, and the broker's answer to it."""

    token: bytes = field(repr=False)
    answer: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Login:
    """Who logs in, and how."""

    username: str
    password: str = field(repr=False)
    mechanism: str
    security: str

    def conversation(self) -> Iterator[Said]:
        """Tokens in order; the consumer sets each one's answer. Raises `Refused` if an answer does not fit."""
        from kafka.net.sasl import get_sasl_mechanism  # type: ignore[import-untyped]  # see `connection`

        mechanism = get_sasl_mechanism(self.mechanism)(
            sasl_mechanism=self.mechanism,
            sasl_plain_username=self.username,
            sasl_plain_password=self.password,
            security_protocol=self.security,
        )
        while not mechanism.is_done():
            said = Said(mechanism.auth_bytes())
            yield said
            try:
                mechanism.receive(said.answer)
            except Exception as error:  # whatever an answer that fits no password does to the arithmetic
                raise Refused from error
        if not mechanism.is_authenticated():
            raise Refused


def login_of(settings: Settings) -> Login | None:
    """The login in these settings; None without one."""
    if not settings.uses_login:
        return None
    return Login(
        settings.kafka_username or "",
        settings.sasl_password() or "",
        settings.kafka_sasl_mechanism,
        settings.kafka_security,
    )
