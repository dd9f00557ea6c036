"""Where settings come from: what is in force, and what is said, and not said, of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.errors import SettingsError
from stream.settings import Settings, load

CANARY = "canary-4711"
SCRAM = "REDLINE_KAFKA_SECURITY=SASL_SSL\nREDLINE_KAFKA_USERNAME=u\n"


def said(file: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(env_file=file)
    return str(caught.value)


def test_a_file_as_editors_write_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbf# ours\r\nexport REDLINE_TOPIC_PARTITIONS=9 # nine\r\nREDLINE_TOPIC_PREFIX='x.'\r\nOTHER\r\n"
    )
    settings = load(env_file=file)
    assert (settings.topic_partitions, settings.topic_prefix) == (9, "x.")


@pytest.mark.parametrize(
    "line",
    [
        "REDLINE_KAFKA_SECURITY: SSL",
        "REDLINE_KAFKA_SECURITY SSL",
        "REDLINE_KAFKA_SECURITY",
        "export REDLINE_KAFKA_SECURITY SSL",
        "redline_kafka_security",
        f"REDLINE_KAFKA_PASSWORD='{CANARY}",
        f'REDLINE_KAFKA_PASSWORD="{CANARY}" and more',
    ],
)
def test_a_line_that_names_a_setting_and_sets_none_is_a_fault(
    tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"OTHER=1\n\n{line}\nREDLINE_TOPIC_PARTITIONS=9\n", encoding="utf-8")
    expected = "found no value, expected REDLINE_<NAME>=<value>, in matching quotes if any"
    assert said(file) == f"{file}, line 3: {expected}"
    assert caplog.text == ""


def test_a_quote_that_swallows_settings_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OTHER='it\nREDLINE_KAFKA_SECURITY=SSL\nMORE='s\n", encoding="utf-8")
    assert said(file).startswith(f"{file}, line 1: found no value")


def test_what_is_not_ours_may_look_as_it_likes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OTHER: 1\nMORE\nREDLINE_TOPIC_PARTITIONS=9\n", encoding="utf-8")
    assert load(env_file=file).topic_partitions == 9


def test_a_name_that_the_environment_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("REDLINE_TOPIC_PARTITIONS\n", encoding="utf-8")
    monkeypatch.setenv("REDLINE_TOPIC_PARTITIONS", "7")
    assert load(env_file=file).topic_partitions == 7


def test_a_file_that_is_no_utf_8(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(f"REDLINE_KAFKA_PASSWORD={CANARY}\n# caf".encode() + b"\xe9\n")
    assert said(file) == f"{file}, line 2: found byte 0xe9, expected UTF-8"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROMETHEUS_URL", f"http://someone:{CANARY}@prometheus.example:9090"),
        ("PROMETHEUS_URL", f"http://someone:a,/@{CANARY}@prometheus.example:9090"),
        ("WEB_PUBLIC_URL", f"https://someone:{CANARY}@redline.example"),
        ("BOOTSTRAP", f"someone:{CANARY}@kafka.example:9092"),
        ("BOOTSTRAP", f"SASL_SSL://someone:{CANARY}@kafka.example"),
    ],
)
def test_a_login_in_an_address_is_refused_and_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(f"REDLINE_{name}", value)
    text = said(tmp_path / "none")
    assert text.startswith(f"REDLINE_{name} in the environment: ")
    assert "**********@" in text
    assert CANARY not in text


@pytest.mark.parametrize("broker", ["kafka..example:9092", ".example:9092", "x" * 64 + ".example:9092", "kafka:²"])
def test_a_broker_that_no_resolver_takes_is_refused(broker: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"bootstrap": broker}, env_file=tmp_path / "none")
    assert str(caught.value) == f"--bootstrap: found {broker!r}, expected host:port, several separated by commas"
    assert load({"bootstrap": "bücher.example.:1,[::1]:2"}, env_file=tmp_path / "none")


@pytest.mark.parametrize("name", ["kafka_ca_file", "kafka_password_file", "web_token_file"])
def test_a_file_that_cannot_be_looked_at(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"^--{name.replace('_', '-')}: a+ cannot be looked at: file name too"):
        load({name: "a" * 5_000}, env_file=tmp_path / "none")


def test_a_token_s_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf" + CANARY.encode() * 2 + b"\r\n")
    assert Settings(web_token_file=file).token("web_token") == CANARY * 2
    file.write_bytes(b"\xff" * 20)
    with pytest.raises(SettingsError, match=r"^web_token_file: cannot read .*token: it is not UTF-8$"):
        load({"web_token_file": file}, env_file=tmp_path / "none")


def test_a_password_s_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    file, variables = tmp_path / "password", tmp_path / ".env"
    variables.write_text(f"{SCRAM}REDLINE_KAFKA_PASSWORD_FILE={file}\n", encoding="utf-8")
    file.write_bytes(b"\xef\xbb\xbf" + CANARY.encode() + b"\r\n")
    assert load(env_file=variables).sasl_password() == CANARY
    file.write_text("x" * 4_096 + "\n", encoding="utf-8")
    assert load(env_file=variables).sasl_password() == "x" * 4_096
    file.write_text("x" * 4_097 + "\n", encoding="utf-8")
    assert said(variables) == f"kafka_password_file: {file} has more than 4096 characters, expected a password"


def test_a_flag_is_called_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^--max-gap: input should be less than or equal to 86400 \(found 'inf'\)$"
    ):
        load(
            {"replay_gap_max_seconds": "inf"}, env_file=tmp_path / "none", flags={"replay_gap_max_seconds": "--max-gap"}
        )
