"""Client options from settings, and the words for each way in which a broker cannot be reached."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from stream.broker.admin import Admin
from stream.broker.connection import asker, client_options
from stream.broker.embedded import EmbeddedBroker
from stream.broker.login import Login
from stream.broker.probe import trouble
from stream.broker.watching import BrokerWatch
from stream.errors import ServiceError, SettingsError
from stream.settings import Settings


def test_plain_connections() -> None:
    options = client_options(Settings(bootstrap="a:1,b:2"), client_id="me")
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["security_protocol"] == "PLAINTEXT"
    assert not {"ssl_context", "sasl_mechanism"} & set(options)


def test_tls_always_checks_certificates_and_host_names() -> None:
    settings = Settings(
        bootstrap="kafka.example:9093", kafka_security="SASL_SSL", kafka_username="u", kafka_password=SecretStr("p")
    )
    options = client_options(settings, client_id="me")
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert options["ssl_context"].check_hostname
    assert options["ssl_check_hostname"]
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "p")


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    with pytest.raises(SettingsError, match=r"kafka_ca_file: .*ca\.pem holds no usable certificate"):
        client_options(Settings(kafka_security="SSL", kafka_ca_file=file), client_id="me")


@pytest.mark.embedded
def test_a_login_where_nobody_may_log_in(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(
        bootstrap=embedded_broker.bootstrap,
        kafka_security="SASL_PLAINTEXT",
        kafka_username="someone",
        kafka_password=SecretStr("wrong"),
        kafka_connect_timeout_ms=60_000,
    )
    with pytest.raises(ServiceError, match=r"^no connection to Kafka at .*: it lets nobody log in with SCRAM-SHA-512"):
        Admin(settings)


@pytest.mark.embedded
def test_tls_to_a_broker_without_it_ends(embedded_broker: EmbeddedBroker) -> None:
    found = trouble("127.0.0.1", embedded_broker.port, tls=ssl.create_default_context(), timeout_seconds=0.3)
    assert str(found) == "no answer in 0.3 s (does it speak TLS?)"


@pytest.mark.embedded
def test_who_asks_again_and_again_outlives_its_files(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    authority, password = tmp_path / "ca.pem", tmp_path / "password"
    trustme.CA().cert_pem.write_to_path(authority)
    password.write_text("secret")
    login = {"kafka_username": "u", "kafka_password_file": password, "kafka_ca_file": authority}
    settings = Settings(bootstrap="127.0.0.1:1", kafka_security="SASL_SSL", **login)  # type: ignore[arg-type]
    told: list[bool] = []
    watch = BrokerWatch(settings, lambda *, answers, silence_seconds: told.append(answers))
    authority.unlink()
    password.unlink()
    watch.look()
    assert not asker(Settings(bootstrap="127.0.0.1:1"))()
    assert asker(Settings(bootstrap=f"127.0.0.1:1,{embedded_broker.bootstrap}"))()
    with pytest.raises(SettingsError, match="kafka_ca_file"):
        asker(settings)


@contextmanager
def _answering(*bodies: bytes) -> Iterator[int]:
    """A listener that takes one connection and gives these answers, whatever it is asked."""

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as stream:
            for body in bodies:
                (size,) = struct.unpack(">i", stream.read(4))
                correlation = stream.read(size)[4:8]
                connection.sendall(struct.pack(">i", 4 + len(body)) + correlation + body)
            stream.read()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(30)


WELCOME = (b"\0\0\0\0\0\0", b"\0\0\0\0\0\1\0\5PLAIN", b"\0\0\xff\xff\0\0\0\0")
PLAIN = Login("someone", "secret", "PLAIN", "SASL_PLAINTEXT")


def _brokers(*hosts: bytes) -> bytes:
    each = [struct.pack(">ih", 1, len(host)) + host + struct.pack(">ih", 9092, 2) + b"r1" for host in hosts]
    return struct.pack(">ii", 0, len(hosts)) + b"".join(each)


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        ((b"127.0.0.1", b"localhost", b"::1", b"nosuch.invalid"), None),
        (
            (b"127.0.0.1", b"192.0.2.1"),
            "it names the broker '192.0.2.1', port 9092, where the password would go in clear; use SASL_SSL",
        ),
    ],
)
def test_a_password_without_tls_stays_on_this_machine(hosts: tuple[bytes, ...], said: str | None) -> None:
    with _answering(*WELCOME, _brokers(*hosts)) as port:
        found = trouble("127.0.0.1", port, login=PLAIN, timeout_seconds=30)
    assert (None if found is None else str(found)) == said
    assert found is None or found.lasting


@pytest.mark.parametrize("answers", [(b"\0\0", b"\0\x21"), (*WELCOME[:2], b"\0\0"), (*WELCOME, b"\0\0\0\0\0\0\0\1")])
def test_an_answer_that_is_cut_short_is_a_sentence(answers: tuple[bytes, ...]) -> None:
    with _answering(*answers) as port:
        found = trouble("127.0.0.1", port, login=PLAIN, timeout_seconds=30)
    assert str(found) == "its answer is cut short; is it a Kafka broker?"


def test_a_listener_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = trouble("127.0.0.1", server.getsockname()[1], timeout_seconds=0.1)
    assert str(found) == "no answer in 0.1 s (does it expect TLS?)"
