"""TLS and SASL for Faust, from the same settings as everywhere."""

from __future__ import annotations

import faust
from faust.types.auth import CredentialsT

from stream.broker.tls import tls_context
from stream.settings import Settings


def credentials(settings: Settings) -> CredentialsT | None:
    """What Faust needs to connect and log in; None for plain text. Raises `SettingsError` if a file is unusable."""
    context = tls_context(settings)
    if settings.uses_login:
        return faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.sasl_password(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)
