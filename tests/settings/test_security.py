"""Settings of connections to Kafka: what belongs together, and that no fault shows a password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stream.errors import SettingsError
from stream.settings import Settings, load

CANARY = "canary-4711"
KNOWN = {"kafka_username": "u", "kafka_password": CANARY}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            KNOWN,
            "kafka_username is given, but kafka_security PLAINTEXT does not use it; set kafka_security to SASL_SSL",
        ),
        (KNOWN | {"kafka_security": "SSL"}, "kafka_username is given, but kafka_security SSL does not use it"),
        ({"kafka_ca_file": Path(__file__)}, "kafka_ca_file is given, but kafka_security PLAINTEXT does not use it"),
        ({"kafka_security": "SASL_SSL"}, "kafka_security SASL_SSL needs kafka_username and a password"),
        ({"kafka_security": "SASL_SSL", "kafka_username": "u"}, "needs kafka_username and a password"),
        ({"kafka_security": "SSL", "kafka_key_file": Path(__file__)}, "belong together; give both or none"),
        (
            KNOWN | {"kafka_security": "SASL_SSL", "kafka_password_file": Path(__file__)},
            "kafka_password and kafka_password_file are both given",
        ),
        (
            KNOWN | {"kafka_security": "SASL_PLAINTEXT", "bootstrap": "127.0.0.1:9092,kafka.example:9092"},
            "SASL_PLAINTEXT would send the password in clear; use SASL_SSL off loopback",
        ),
        (KNOWN | {"kafka_security": "SASL_PLAINTEXT", "bootstrap": "127.0.0.1.example:9092"}, "in clear"),
        (KNOWN | {"kafka_security": "SASL"}, "Input should be 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'"),
        (KNOWN | {"kafka_password": [CANARY]}, "Input should be a valid string"),
    ],
)
def test_what_does_not_belong_together_is_refused_without_the_password(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**given)
    assert said in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("broker", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_a_login_without_tls_on_loopback(broker: str) -> None:
    assert Settings(bootstrap=broker, kafka_security="SASL_PLAINTEXT", **KNOWN).uses_login


def test_the_password_of_a_file_is_its_first_part_without_the_end_of_the_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" two words \r\n", encoding="utf-8")
    settings = Settings(kafka_security="SASL_SSL", kafka_username="u", kafka_password_file=file)
    assert settings.sasl_password() == " two words "


def test_a_password_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"^kafka_password_file: cannot read .*password: it is not UTF-8$"):
        Settings(kafka_security="SASL_SSL", kafka_username="u", kafka_password_file=file)
    with pytest.raises(SettingsError, match="there is no file"):
        load({"kafka_password_file": tmp_path / "nothing"}, env_file=tmp_path / "none")


def test_no_form_of_the_settings_shows_the_password() -> None:
    settings = Settings(kafka_security="SASL_SSL", **KNOWN)
    assert settings.sasl_password() == CANARY
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert CANARY not in shown


def test_a_fault_of_several_settings_names_their_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDLINE_SESSION_TIMEOUT_MS", "2000")
    with pytest.raises(SettingsError) as caught:
        load(env_file=tmp_path / "none")
    assert str(caught.value) == (
        "heartbeat_interval_ms is 3000, expected at most half of session_timeout_ms (2000); lower the one or raise the "
        "other (REDLINE_HEARTBEAT_INTERVAL_MS, REDLINE_SESSION_TIMEOUT_MS)"
    )
    monkeypatch.setenv("REDLINE_SESSION_TIMEOUT_MS", "9000")
    monkeypatch.setenv("REDLINE_KAFKA_USERNAME", "u")
    with pytest.raises(SettingsError, match=r"SASL_SSL \(REDLINE_KAFKA_USERNAME, REDLINE_KAFKA_SECURITY\)$"):
        load(env_file=tmp_path / "none")
