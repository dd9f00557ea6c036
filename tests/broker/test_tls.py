"""Files of certificates and keys: what is used, and one sentence for each way in which they cannot be."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from stream.broker.tls import tls_context
from stream.errors import SettingsError
from stream.settings import Settings


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_no_tls_no_context() -> None:
    assert tls_context(Settings()) is None


def test_certificates_and_names_are_checked_with_tls_1_2_or_newer() -> None:
    context = tls_context(Settings(kafka_security="SSL"))
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_no_setting_turns_the_checks_off() -> None:
    assert not [name for name in Settings.model_fields if "insecure" in name or "verify" in name or "check" in name]


def test_our_own_certificate_with_its_key(authority: trustme.CA, tmp_path: Path) -> None:
    certificate, key = _files(authority, tmp_path)
    assert tls_context(_settings(certificate, key)) is not None


def test_a_key_of_another_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    certificate, key = _files(authority, tmp_path)
    authority.issue_cert("b.example").private_key_pem.write_to_path(key)
    with pytest.raises(SettingsError, match=r"^kafka_certificate_file: .* are no certificate with its key: key values"):
        tls_context(_settings(certificate, key))


def test_an_encrypted_key_asks_nobody(authority: trustme.CA, tmp_path: Path) -> None:
    certificate, key = _files(authority, tmp_path)
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    form = serialization.PrivateFormat.PKCS8
    secret = serialization.BestAvailableEncryption(b"phrase")
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, secret))
    with pytest.raises(SettingsError, match=r"^kafka_key_file: .* is encrypted, expected a key without a pass phrase$"):
        tls_context(_settings(certificate, key))


def _files(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    made = authority.issue_cert("a.example")
    certificate, key = folder / "client.pem", folder / "client.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    return certificate, key


def _settings(certificate: Path, key: Path) -> Settings:
    return Settings(kafka_security="SSL", kafka_certificate_file=certificate, kafka_key_file=key)
