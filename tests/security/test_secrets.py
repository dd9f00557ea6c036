"""A password that nothing prints: every command, its help, its errors, its log at its loudest, its crash."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from stream.broker.admin import Admin
from stream.broker.connection import client_options
from stream.broker.login import login_of
from stream.cli import COMMANDS
from stream.errors import RedlineError
from stream.settings import Settings, load
from stream.worker.security import credentials
from tests.worker.kit import FAKE, publish, running

CANARY = "canary-Zq8-4711"
LOGIN = {
    "REDLINE_KAFKA_SECURITY": "SASL_PLAINTEXT",
    "REDLINE_KAFKA_USERNAME": "someone",
    "REDLINE_KAFKA_PASSWORD": CANARY,
    "REDLINE_KAFKA_CONNECT_TIMEOUT_MS": "200",
    "REDLINE_BOOTSTRAP": "127.0.0.1:1",
    "REDLINE_METRICS_PORT": "0",
    "REDLINE_REPLAY_METRICS_PORT": "0",
    "REDLINE_LOG_LEVEL": "debug",
}


def said(*arguments: str, **more: str) -> tuple[int, str]:
    """Exit code and everything that a command prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REDLINE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "stream.cli", *arguments],
        env=environment | LOGIN | more,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_does_not_show_it(command: str) -> None:
    code, text = said(command, "--help")
    assert code == 0
    assert CANARY not in text


@pytest.mark.parametrize("command", ["worker", "replay", "topics create", "topics list", "alerts tail"])
def test_a_broker_that_is_not_there_does_not_bring_it_out(command: str) -> None:
    code, text = said(*command.split())
    assert code == 2
    assert "cannot reach Kafka" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDLINE_KAFKA_SECURITY", "NONSENSE"),
        ("REDLINE_KAFKA_SECURITY", "SSL"),
        ("REDLINE_KAFKA_PASSWORT", CANARY),
        ("REDLINE_KAFKA_PASSWORD_FILE", __file__),
        ("REDLINE_BOOTSTRAP", "kafka.example:9092"),
        ("REDLINE_SESSION_TIMEOUT_MS", "10"),
    ],
)
def test_settings_that_are_refused_do_not_bring_it_out(name: str, value: str) -> None:
    code, text = said("topics", "list", **{name: value})
    assert code == 2
    assert text.startswith("redline: ")
    assert CANARY not in text


@pytest.mark.parametrize("name", ["REDLINE_WEB_TOKEN", "REDLINE_WEB_READ_TOKEN"])
@pytest.mark.parametrize("value", [CANARY[:8], CANARY + "-long-enough"])
def test_the_page_s_tokens_are_not_shown_either(name: str, value: str) -> None:
    code, text = said("web", REDLINE_WEB_METRICS_PORT="0", REDLINE_WEB_PORT="0", **{name: value})
    assert code == 2
    assert CANARY[:8] not in text


def test_whatever_is_secret_is_of_a_type_that_hides_itself() -> None:
    named = [n for n in Settings.model_fields if re.search(r"password|token|secret", n) and not n.endswith("_file")]
    assert {"kafka_password", "web_token", "web_read_token"} <= set(named)
    for name in named:
        assert "SecretStr" in str(Settings.model_fields[name].annotation), name


def test_no_flag_takes_it() -> None:
    code, text = said("worker", "--kafka-password", CANARY)
    assert code == 2
    assert "No such option" in text


@pytest.fixture
def settings() -> Settings:
    return Settings(
        bootstrap="127.0.0.1:1",
        kafka_security="SASL_PLAINTEXT",
        kafka_username="someone",
        kafka_password=CANARY,
        kafka_connect_timeout_ms=200,
    )


def test_no_object_shows_it(settings: Settings) -> None:
    for thing in (settings, settings.model_dump(), credentials(settings), login_of(settings)):
        assert CANARY not in repr(thing)
        assert CANARY not in str(thing)
    options = client_options(settings, client_id="x")
    assert options["sasl_plain_password"] == CANARY
    assert CANARY not in f"{options}", "kafka-python logs its options"


def test_no_traceback_shows_it(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RedlineError) as caught:
        Admin(settings)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(RedlineError) as caught:
        load({"kafka_security": "SASL_SSL", "kafka_password": [CANARY]}, env_file=Path("none"))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert CANARY not in caplog.text


@pytest.fixture
def crashing(broker_settings: Settings) -> Settings:
    """A worker reads these from its environment; the password belongs to no setting that it uses."""
    with Admin(broker_settings) as admin:
        admin.create()
    return broker_settings.model_copy(update={"log_level": "debug"})


@pytest.mark.embedded
def test_a_worker_that_crashes_does_not_bring_it_out(crashing: Settings) -> None:
    with running(crashing, FAKE, CANARY=CANARY, PYTHONFAULTHANDLER="1") as worker:
        worker.ready()
        for page in ("/metrics", "/livez", "/readyz", "/"):
            assert CANARY not in worker.page(page)[1]
        publish(crashing, "articles.raw", [(b"1", b"bug")])
        assert worker.wait_exit() == 75
        assert "a bug" in worker.log
        assert CANARY not in worker.log
