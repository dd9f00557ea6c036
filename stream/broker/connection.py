"""How every Kafka client is connected: addresses, TLS, SASL, and what is said when that fails."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

from stream.broker.login import Login, login_of
from stream.broker.probe import Trouble, trouble
from stream.broker.tls import tls_context
from stream.errors import ServiceError
from stream.settings import Settings

# kafka-python is imported where it is needed: a worker only asks whether brokers answer, and would carry 10 MB for it.
if TYPE_CHECKING:
    from kafka.errors import AuthorizationError  # type: ignore[import-untyped]

OVERHEAD_BYTES = 16_384
"""Room for key, headers and framing beside a message's value."""

WAITING_TOLD_AFTER_SECONDS = 1.5
tell_waiting: Callable[[str], None] | None = None
"""Told once, in a sentence, when a wait for the broker takes longer; for commands that somebody looks at."""

_PAUSE_SECONDS = 0.2
_PROBE_SECONDS = 1.0
_ANSWER_SECONDS = 5.0


def client_options(settings: Settings, *, client_id: str) -> dict[str, Any]:
    """Options of any kafka-python client. Raises `SettingsError` if the CA file cannot be used."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap.split(","),
        "client_id": client_id,
        "bootstrap_timeout_ms": settings.kafka_connect_timeout_ms,
        "security_protocol": settings.kafka_security,
        "reconnect_backoff_max_ms": 1_000,
    }
    if settings.uses_tls:
        options["ssl_context"] = tls_context(settings)
        options["ssl_check_hostname"] = True
    if settings.uses_login:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.sasl_password()
    return options


def wait_until_reachable(settings: Settings) -> None:
    """Returns as soon as one of the brokers answers and lets us in.

    Raises `ServiceError`, with what each broker did, if none does within `kafka_connect_timeout_ms`, and at once where
    waiting would not help (certificates, login).
    """
    began = time.monotonic()
    deadline = began + settings.kafka_connect_timeout_ms / 1_000
    told = tell_waiting is None
    while True:
        found = troubles(settings, min(_ANSWER_SECONDS, max(0.05, deadline - time.monotonic())))
        if not found:
            return
        if all(trouble.lasting for trouble in found.values()):
            raise ServiceError(f"no connection to Kafka at {_each(found)}")
        if time.monotonic() + _PAUSE_SECONDS >= deadline:
            raise ServiceError(_unreachable(settings, _each(found)))
        if not told and tell_waiting is not None and time.monotonic() - began > WAITING_TOLD_AFTER_SECONDS:
            told = True
            tell_waiting(f"waiting for Kafka at {_each(found)} (up to {settings.kafka_connect_timeout_ms / 1_000:g} s)")
        Event().wait(_PAUSE_SECONDS)


def asker(settings: Settings) -> Callable[[], bool]:
    """Asks whether one of the brokers answers at once, as often as it is called and from any thread.

    Certificates and password are read here and never again, as the clients do: whoever asks must not end because a file
    is being replaced. Raises `SettingsError` if one is unusable.
    """
    tls, login = tls_context(settings), login_of(settings)

    def reachable() -> bool:
        brokers = settings.bootstrap.split(",")
        return any(_asked(broker, tls, login, _PROBE_SECONDS) is None for broker in brokers)

    return reachable


def troubles(settings: Settings, timeout_seconds: float) -> dict[str, Trouble]:
    """What each broker did instead of letting us in within the time; empty as soon as one does."""
    found = {}
    for broker in settings.bootstrap.split(","):
        what = trouble_at(settings, broker, timeout_seconds)
        if what is None:
            return {}
        found[broker] = what
    return found


def trouble_at(settings: Settings, broker: str, timeout_seconds: float) -> Trouble | None:
    """None if this broker (host:port) lets us in within the time, else what it did instead."""
    return _asked(broker, tls_context(settings), login_of(settings), timeout_seconds)


def _asked(broker: str, tls: ssl.SSLContext | None, login: Login | None, timeout_seconds: float) -> Trouble | None:
    host, _, port = broker.rpartition(":")
    return trouble(host.strip("[]"), int(port), tls=tls, login=login, timeout_seconds=timeout_seconds)


@contextmanager
def clear_errors(settings: Settings) -> Iterator[None]:
    """Turns what kafka-python raises while it connects or asks into one sentence (`ServiceError`)."""
    from kafka.errors import AuthorizationError, KafkaError

    try:
        yield
    except AuthorizationError as error:
        raise ServiceError(forbidden(settings, error)) from error
    except KafkaError as error:
        raise ServiceError(_unreachable(settings, describe(error))) from error


def never_create_topics(cluster: Any) -> None:
    """Keeps a client's metadata requests from creating the topics that they ask for.

    kafka-python 3.0.12 has the option `allow_auto_create_topics` but does not hand it on to its cluster metadata.
    """
    cluster.config["allow_auto_create_topics"] = False


def describe(error: BaseException) -> str:
    """A client's error in a few words."""
    text = str(error).strip() or type(error).__name__
    return text[:300]


def _unreachable(settings: Settings, why: str) -> str:
    seconds = settings.kafka_connect_timeout_ms / 1_000
    return f"cannot reach Kafka within {seconds:g} s ({why}); start it, or name another one with --bootstrap"


def _each(found: dict[str, Trouble]) -> str:
    return "; ".join(f"{broker}: {what}" for broker, what in found.items())


def whoever(settings: Settings) -> str:
    """How a sentence names the one who is connected."""
    return f"the user {settings.kafka_username!r}" if settings.uses_login else "this client"


def forbidden(settings: Settings, error: AuthorizationError) -> str:
    """One sentence on what Kafka does not allow, and where what is needed stands."""
    from kafka.errors import GroupAuthorizationFailedError

    names = error.args[0] if error.args else ""
    shown = ", ".join(sorted(map(str, names))) if isinstance(names, set | list | tuple) else str(names)
    kind = "group" if isinstance(error, GroupAuthorizationFailedError) else "topic"
    return (
        f"{whoever(settings)} is not allowed to use the {kind} {shown or describe(error)}; "
        "`redline topics acls` prints what each program needs"
    )
