"""TLS and SASL for Faust, from the same settings as everywhere."""

from __future__ import annotations

import ssl

import faust
from faust.types.auth import CredentialsT

from stream.errors import SettingsError
from stream.settings import Settings


def credentials(settings: Settings) -> CredentialsT | None:
    """What Faust needs to log in; None for plain text. Raises `SettingsError` if the CA file is no certificate."""
    match settings.kafka_security:
        case "PLAINTEXT":
            return None
        case "SSL":
            return faust.SSLCredentials(tls_context(settings))
        case "SASL_PLAINTEXT":
            return _sasl(settings, None)
        case "SASL_SSL":
            return _sasl(settings, tls_context(settings))


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Certificates and host names are checked, always."""
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file)
    except ssl.SSLError as error:
        raise SettingsError(f"kafka_ca_file: {settings.kafka_ca_file} holds no usable certificate: {error}") from error


def _sasl(settings: Settings, context: ssl.SSLContext | None) -> CredentialsT:
    return faust.SASLCredentials(
        username=settings.kafka_username,
        password=settings.sasl_password(),
        mechanism=settings.kafka_sasl_mechanism,
        ssl_context=context,
    )
