"""TLS and logins on a real Apache Kafka: what gets through, and one sentence for each way in which nothing does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stream.broker.admin import Admin
from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.errors import ServiceError
from stream.settings import Settings
from tests.e2e import scenarios
from tests.kafka.secure import USERS, SecureBroker
from tests.kafka.securekit import login, plain, redline, secured
from tests.worker.kit import REAL, following, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.mark.parametrize("way", ["login", "login with SCRAM-SHA-256", "our own certificate", "login on loopback"])
def test_from_replay_to_alerts(secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path, way: str) -> None:
    known = login(secure_broker, tmp_path, "admin")
    broker = secure_broker
    ours = {"kafka_certificate_file": broker.file("client.pem"), "kafka_key_file": broker.file("client.key")}
    listener, given = {
        "login": ("LOGIN", known),
        "login with SCRAM-SHA-256": ("LOGIN", known | {"kafka_sasl_mechanism": "SCRAM-SHA-256"}),
        "our own certificate": ("MUTUAL", ours | {"kafka_security": "SSL"}),
        "login on loopback": ("BARE", known | {"kafka_security": "SASL_PLAINTEXT", "kafka_ca_file": None}),
    }[way]
    settings = secured(broker, topic_prefix, listener, **given)
    scenarios.with_rules(plain(broker, topic_prefix), tmp_path)
    settings = settings.model_copy(update={"rules_dir": tmp_path})
    articles = tmp_path / "articles.ndjson"
    articles.write_bytes(b"\n".join(scenarios.article(n) for n in range(5)))
    with running(settings, REAL) as worker, following(plain(broker, topic_prefix), "alerts.high") as follower:
        worker.ready()
        replayed = redline(settings, "replay", str(articles), "--rate", "inf")
        assert replayed.returncode == 0, replayed.stderr
        assert "sent 5, acknowledged 5, failed 0" in replayed.stdout
        follower.wait("alerts.high", 5)
        assert worker.stop() == 0
        assert "Traceback" not in worker.log
    with Subscriber(settings, [f"{topic_prefix}alerts.high"], start="earliest") as subscriber:
        assert len(list(subscriber.read_to_end(seconds_max=30.0))) == 5


NOT_LET_IN = {
    "wrong authority": (
        "TLS",
        {"kafka_ca_file": "other-ca.pem"},
        "unable to get local issuer certificate; kafka_ca_fi",
    ),
    "no authority": ("TLS", {"kafka_ca_file": None}, "unable to get local issuer certificate; kafka_ca_file must be"),
    "expired": ("EXPIRED", {}, "its certificate is not accepted: certificate has expired"),
    "other host": ("ELSEWHERE", {}, "certificate is not valid for '127.0.0.1'; use a name or address that is in it"),
    "no certificate of ours": ("MUTUAL", {}, "it wants a certificate of ours that it accepts; see kafka_certificate"),
    "no login": ("LOGIN", {}, "it asks for a login; set kafka_security to SASL_SSL"),
    "needless login": ("TLS", {"user": "admin"}, "it does not ask for a login; set kafka_security to SSL"),
    "wrong password": ("LOGIN", {"user": "admin", "password": "x"}, "it refused the login of 'admin' (SCRAM-SHA-512);"),
    "wrong user": ("LOGIN", {"user": "root", "password": "x"}, "it refused the login of 'root' (SCRAM-SHA-512); check"),
    "wrong mechanism": (
        "LOGIN",
        {"user": "admin", "kafka_sasl_mechanism": "PLAIN"},
        "it does not offer PLAIN, but SCRAM-SHA-512, SCRAM-SHA-256; set kafka_sasl_mechanism",
    ),
}


@pytest.mark.parametrize("case", NOT_LET_IN)
def test_who_is_not_let_in_learns_why_at_once(secure_broker: SecureBroker, tmp_path: Path, case: str) -> None:
    settings, said = _not_let_in(secure_broker, tmp_path, case)
    for client in (Admin, Publisher, lambda settings: Subscriber(settings, ["any"])):
        with pytest.raises(ServiceError) as caught:
            client(settings)
        assert str(caught.value).startswith(f"no connection to Kafka at {settings.bootstrap}: ")
        assert said in str(caught.value)


@pytest.mark.parametrize("case", ["other host", "wrong password"])
@pytest.mark.parametrize("command", ["worker", "replay", "topics list", "alerts tail"])
def test_every_command_ends_with_one_sentence(
    secure_broker: SecureBroker, tmp_path: Path, case: str, command: str
) -> None:
    settings, said = _not_let_in(secure_broker, tmp_path, case)
    quiet = settings.model_copy(update={"log_level": "warning"})
    ended = redline(quiet, *command.split())
    assert ended.returncode == 2, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"redline: no connection to Kafka at {settings.bootstrap}: ")
    assert said in line
    assert ended.stdout == ""


def test_tls_where_there_is_none_and_none_where_there_is_tls(secure_broker: SecureBroker) -> None:
    given = {"kafka_connect_timeout_ms": 500}
    for settings, hint in (
        (secured(secure_broker, "x.", "TLS", kafka_ca_file=None, **given), "does it expect TLS?"),
        (
            secured(secure_broker, "x.", "TLS", kafka_security="SSL", bootstrap=secure_broker.bootstrap, **given),
            "does it speak TLS?",
        ),
    ):
        with pytest.raises(ServiceError) as caught:
            Admin(settings)
        assert hint in str(caught.value)


def _not_let_in(broker: SecureBroker, folder: Path, case: str) -> tuple[Settings, str]:
    listener, given, said = NOT_LET_IN[case]
    more: dict[str, Any] = {"kafka_security": "SSL"} | given
    if "user" in more:
        more |= login(broker, folder, more.pop("user"), more.pop("password", None))
        more |= {name: value for name, value in given.items() if name.startswith("kafka_")}
    if isinstance(authority := more.get("kafka_ca_file"), str):
        more["kafka_ca_file"] = broker.file(authority)
    return secured(broker, "x.", listener, **more), said


def test_the_loudest_log_shows_no_password(secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path) -> None:
    settings = secured(secure_broker, topic_prefix, "LOGIN", **login(secure_broker, tmp_path, "admin"))
    scenarios.with_rules(plain(secure_broker, topic_prefix), tmp_path)
    settings = settings.model_copy(update={"rules_dir": tmp_path, "log_level": "debug"})
    secret = USERS["admin"]
    articles = tmp_path / "articles.ndjson"
    articles.write_bytes(scenarios.article(1))
    with running(settings, REAL) as worker:
        worker.ready()
        replayed = redline(settings, "replay", str(articles))
        assert replayed.returncode == 0
        until(lambda: worker.metric('redline_articles_total{stage="tagged"}') == 1, "tagged")
        pages = worker.page("/metrics")[1] + worker.page("/livez")[1]
        assert worker.stop() == 0
        shown = worker.log + replayed.stdout + replayed.stderr + pages
    assert secret not in shown
    assert secret.encode().hex() not in shown
    assert "aiokafka" in shown, "the libraries did speak"
