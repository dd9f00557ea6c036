"""TLS for every Kafka client: whom it trusts, and how it shows itself.

Certificates and host names are always checked; there is no setting to turn that off. A certificate that is its own
authority is trusted by naming it as `kafka_ca_file`.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from stream.errors import SettingsError
from stream.settings import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What the connections use, TLS 1.2 or newer; None without TLS. Raises `SettingsError` if a file is unusable."""
    if not settings.uses_tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise SettingsError(
            f"kafka_ca_file: {settings.kafka_ca_file} holds no usable certificate: {_why(error)}"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate, key = settings.kafka_certificate_file, settings.kafka_key_file
    if certificate is not None and key is not None:
        _show(context, certificate, key)
    return context


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def ask() -> str:
        # Without an answer of ours, OpenSSL would ask on the terminal.
        raise SettingsError(f"kafka_key_file: {key} is encrypted, expected a key without a pass phrase")

    try:
        context.load_cert_chain(certificate, key, password=ask)
    except OSError as error:
        raise SettingsError(
            f"kafka_certificate_file: {certificate} and {key} are no certificate with its key: {_why(error)}"
        ) from error


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return (error.strerror or str(error)).lower()
