import ssl
from pathlib import Path

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from stream.errors import SettingsError
from stream.settings import Settings
from stream.worker.security import credentials

LOGIN = {"kafka_username": "redline", "kafka_password": "secret"}


def test_plain_text_needs_nothing() -> None:
    assert credentials(Settings()) is None


def test_sasl_over_tls_checks_certificates_and_host_names() -> None:
    settings = Settings(kafka_security="SASL_SSL", kafka_sasl_mechanism="SCRAM-SHA-256", **LOGIN)
    options = dict(credentials_to_aiokafka_auth(credentials(settings)))
    context = options.pop("ssl_context")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "redline",
        "sasl_plain_password": "secret",
    }


def test_sasl_without_tls_on_loopback() -> None:
    options = credentials_to_aiokafka_auth(credentials(Settings(kafka_security="SASL_PLAINTEXT", **LOGIN)))
    assert (options["security_protocol"], options["ssl_context"]) == ("SASL_PLAINTEXT", None)


def test_tls_without_login() -> None:
    options = credentials_to_aiokafka_auth(credentials(Settings(kafka_security="SSL")))
    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"].check_hostname


def test_the_password_is_not_shown() -> None:
    shown = credentials(Settings(kafka_security="SASL_SSL", **LOGIN))
    assert "secret" not in repr(shown)


def test_an_unusable_certificate_is_one_sentence(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("no certificate", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ca\.pem holds no usable certificate"):
        credentials(Settings(kafka_security="SSL", kafka_ca_file=ca_file))
