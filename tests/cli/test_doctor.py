"""`redline doctor`: each fault is found, with what to do, and nothing is found where all is well."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient  # type: ignore[import-untyped]

from stream.broker.admin import Admin
from stream.broker.cluster import round_trip
from stream.broker.publisher import Publisher
from stream.cli.checkup import kafka, machine, rules, services
from stream.cli.doctor import doctor
from stream.errors import ServiceError
from stream.model import Output
from stream.settings import Settings
from stream.telemetry.metrics import Metrics
from stream.telemetry.server import HealthServer
from stream.wire.topics import ALL_TOPICS, RAW, full_name
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PORTS = ("metrics", "ingest-metrics", "notify-metrics", "replay-metrics", "web-metrics", "web")


@pytest.fixture
def settings(broker_settings: Settings) -> Settings:
    """Settings of a broker with all topics."""
    with Admin(broker_settings) as admin:
        admin.create()
    return broker_settings


class Findings:
    """What it found: by check, its level; and how it ended."""

    def __init__(self, code: int, told: dict[str, Any]) -> None:
        self.code, self.worst, self.counts = code, told["worst"], told["counts"]
        self.all: list[dict[str, str]] = told["findings"]
        assert all(one["found"] for one in self.all)
        assert all(one["expected"] and one["do"] for one in self.all if one["level"] != "ok")
        assert sum(self.counts.values()) == len(self.all)

    def of(self, check: str) -> dict[str, str]:
        """The one finding of a check."""
        (found,) = [one for one in self.all if one["check"] == check]
        return found

    def level(self, check: str) -> str:
        """Its level."""
        return self.of(check)["level"]


def test_a_broker_with_topics_and_no_worker(settings: Settings) -> None:
    found = _doctor(settings)
    assert (found.code, found.worst) == (1, "warning")
    assert {one["check"] for one in found.all if one["level"] != "ok"} == {"workers"}
    assert "redline worker" in found.of("workers")["do"]
    assert found.of("broker")["found"] == f"{settings.bootstrap} answers (PLAINTEXT)"
    assert found.of("topics")["found"] == f"all {len(ALL_TOPICS)}, 4 partitions and 1 replica each"
    assert "39 rules" in found.of("rules")["found"] or "rules in" in found.of("rules")["found"]
    assert "no records to compare with" in found.of("clock")["found"]


def test_one_rule_is_one_rule(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("kind: rule\nid: r\nseverity: low\nmatch: truce\n", encoding="utf-8")
    (found,) = rules.rules(settings.model_copy(update={"rules_dir": tmp_path}))
    assert found.found.startswith(f"1 rule in {tmp_path} (digest ")


def test_for_people_each_fault_has_an_arrow_to_what_to_do(settings: Settings) -> None:
    shown = CliRunner().invoke(doctor, [*_own(settings), "--topic-partitions", "5"])
    assert shown.exit_code == 2
    assert "→ set REDLINE_TOPIC_PARTITIONS=4, or migrate" in shown.stdout
    assert "expected: 5" in shown.stdout
    assert shown.stdout.count("found 4 partitions") == 1, "the same fault of many topics is told once"
    assert "1 warning, 1 error" in shown.stdout


def test_missing_topics(broker_settings: Settings) -> None:
    found = _doctor(broker_settings)
    assert found.code == 2
    assert found.level("missing topics") == "error"
    assert found.of("missing topics")["do"] == "`redline topics create` makes them"


def test_a_broker_that_is_not_there_is_the_only_error_of_kafka() -> None:
    port = free_port()
    result = CliRunner().invoke(doctor, ["--bootstrap", f"127.0.0.1:{port}", "--json", *_ports()])
    found = Findings(result.exit_code, json.loads(result.stdout))
    assert found.code == 2
    assert [one["check"] for one in found.all if one["level"] == "error"] == ["broker"]
    assert "connection refused" in found.of("broker")["found"]


def test_one_of_two_brokers_away_is_a_warning(settings: Settings) -> None:
    port = free_port()
    found = _doctor(settings, "--bootstrap", f"{settings.bootstrap},127.0.0.1:{port}")
    assert found.code == 1
    assert [one["level"] for one in found.all if one["check"] == "broker"] == ["ok", "warning"]


def test_records_from_the_future_mean_that_clocks_differ(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Publisher(settings) as publisher:
        publisher.send(Output(full_name(settings.topic_prefix, RAW), b"k", b"{}"))
        assert publisher.flush(60.0) == 0
    (found,) = kafka.clock(settings)
    assert found.level == "ok"
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 60_000_000_000)  # this machine's clock, a minute behind
    (found,) = kafka.clock(settings)
    assert found.level == "warning"
    assert "in the future of this machine" in found.found
    assert "NTP" in found.do


def test_write_measures_and_leaves_nothing(settings: Settings) -> None:
    found = _doctor(settings, "--write")
    assert found.level("write") == "ok"
    assert "acknowledged in" in found.of("write")["found"]
    with Admin(settings) as admin:
        assert settings.topic_prefix + "doctor" not in admin.names()


def test_write_leaves_a_topic_alone_that_is_another_s(settings: Settings) -> None:
    name = f"{settings.topic_prefix}doctor"
    topic: dict[str, Any] = {"num_partitions": 1, "replication_factor": 1}
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap)
    try:
        admin.create_topics({name: topic})
        with pytest.raises(
            ServiceError, match=f"^there is a topic {name} that `redline doctor` has not made; it is left"
        ):
            round_trip(settings)
        assert name in admin.list_topics()
        admin.delete_topics([name])
        ours = {"message.timestamp.type": "LogAppendTime", "retention.ms": "3600000"}
        admin.create_topics({name: topic | {"configs": ours}})
        round_trip(settings)
        assert name not in admin.list_topics()
    finally:
        admin.close()


def test_rules_and_sources_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("schema: rules/v1\nkind: rule\nid: a.b\n")
    (tmp_path / "sources.yml").write_text("schema: sources/v1\nsources: [{id: x, type: fed}]\n")
    settings = Settings(rules_dir=tmp_path, sources_file=tmp_path / "sources.yml")
    (found,) = rules.rules(settings)
    assert (found.level, "a.yml:" in found.found, "redline rules check" in found.do) == ("error", True, True)
    (found,) = rules.sources(settings)
    assert (found.level, "sources.yml:2" in found.found, "--check" in found.do) == ("error", True, True)
    assert [one.check for one in machine.writable(settings)] == ["folder (data)", "folder (ingest state)"]
    (found,) = rules.rules(Settings(rules_dir=tmp_path / "nowhere"))
    assert (found.level, "found no folder" in found.found) == ("error", True)


def test_settings_out_of_range_are_findings_too() -> None:
    result = CliRunner().invoke(doctor, ["--topic-partitions", "0", "--web-host", "0.0.0.0", "--json"])
    found = Findings(result.exit_code, json.loads(result.stdout))
    assert found.code == 2
    assert "--topic-partitions" in found.of("settings")["found"]
    assert found.level("python") == "ok"


def test_each_setting_that_is_wrong_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDLINE_KAFKA_PASWORD", "x")
    monkeypatch.setenv("REDLINE_BOOTSTRAP", "someone@kafka.example:9092")
    told = json.loads(CliRunner().invoke(doctor, ["--json"]).stdout)
    assert [one["found"] for one in told["findings"] if one["check"] == "settings"] == [
        "REDLINE_KAFKA_PASWORD in the environment is no setting; did you mean REDLINE_KAFKA_PASSWORD?",
        "REDLINE_BOOTSTRAP in the environment: a login does not stand before the host; see kafka_username and "
        "kafka_password_file (found '**********@kafka.example:9092')",
    ]


def test_ports_have_redline_nothing_or_somebody_else(stranger: int) -> None:
    with HealthServer(Metrics(), host="127.0.0.1", port=0, ready=lambda: "waiting for the broker") as unready:
        ports = {f"{name.replace('-', '_')}_port": free_port() for name in PORTS}
        settings = Settings(**{**ports, "web_port": stranger, "ingest_metrics_port": unready.port})
        found = {one.check: one for one in services.services(settings)}
    assert found["port (web)"].level == "warning"
    assert "REDLINE_WEB_PORT" in found["port (web)"].do
    assert found["port (ingest)"].level == "warning"
    assert "not ready: waiting for the broker" in found["port (ingest)"].found
    assert found["port (replay)"].level == "ok"


@pytest.mark.parametrize(("success", "said"), [(1, "abababababab"), (0, "cannot use the rule files")])
def test_a_worker_with_other_rules_is_told(success: int, said: str) -> None:
    metrics = Metrics()
    metrics.set("redline_rules_info", 1, digest="ab" * 32)
    metrics.set("redline_rules_reload_success", success)
    with HealthServer(metrics, host="127.0.0.1", port=0) as worker:
        ports = {f"{name.replace('-', '_')}_port": free_port() for name in PORTS}
        settings = Settings(**{**ports, "metrics_port": worker.port, "rules_dir": ROOT / "rules"})
        found = {one.check: one for one in services.services(settings)}
    assert found["port (worker)"].level == "ok"
    assert found["rules in force"].level == "warning"
    assert said in found["rules in force"].found


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("data_dir", "disk"),
        ("ingest_state_dir", "folder"),
        ("rules_dir", "rules"),
        ("sources_file", "sources"),
        ("notify_file", "routes"),
    ],
)
def test_a_path_that_cannot_be_looked_at_is_a_finding(name: str, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"REDLINE_{name.upper()}", "x" * 300)
    result = CliRunner().invoke(doctor, ["--bootstrap", f"127.0.0.1:{free_port()}", "--json"])
    found = Findings(result.exit_code, json.loads(result.stdout))
    assert found.code == 2
    assert found.level(check) == "error"
    assert "file name too long" in found.of(check)["found"]


@pytest.mark.parametrize("host", ["no.such.invalid", "255.255.255.255"])
def test_an_address_that_nobody_can_ask_is_not_called_free(host: str) -> None:
    found = {one.check: one for one in services.services(Settings(metrics_host=host))}
    assert found["port (worker)"].level == "warning"
    assert f"{host}:9464 cannot be asked: " in found["port (worker)"].found
    assert "REDLINE_METRICS_HOST" in found["port (worker)"].do


def test_an_answer_that_does_not_end_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ANSWER_SECONDS_MAX", 0.3)
    stop = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not stop.wait(0.01):
                self.wfile.write(b"x")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            assert services.ask("127.0.0.1", server.server_port, "/metrics") == services.Answer(0, None, "")
        finally:
            stop.set()
            server.shutdown()


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("GRAFANA_ADMIN_PASSWORD=", False),
        ("WEB_TOKEN=  # none", False),
        ("# WEB_TOKEN=x", False),
        ("WEB_TOKEN=x", True),
        ('export REDLINE_KAFKA_PASSWORD="x"', True),
    ],
)
def test_a_secret_that_is_not_given_is_none(
    line: str, secret: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"LOG_LEVEL=info\n{line}\nWEB_PORT=8400\n")
    (tmp_path / ".env").chmod(0o644)
    assert bool(list(machine.secrets(Settings()))) == secret


def test_secrets_that_everybody_may_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o644)
    (found,) = machine.secrets(Settings(web_token_file=token))
    assert (found.level, found.do) == ("warning", f"chmod o-rwx {token}")
    token.chmod(0o640)
    (found,) = machine.secrets(Settings(web_token_file=token))
    assert found.level == "ok"
    (tmp_path / ".env").write_text("# REDLINE_X=1\nREDLINE_WEB_TOKEN=0123456789abcdef\n")
    (tmp_path / ".env").chmod(0o644)
    (found,) = machine.secrets(Settings())
    assert (found.level, found.do) == ("warning", "chmod o-rwx .env")


def test_a_full_disk_and_old_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "not" / "yet")

    class Usage:
        total, free = 10_000_000_000, 50_000_000

    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage)
    (full,) = machine.disk(settings)
    assert (full.level, full.found[:11]) == ("error", "0.1 GB free")
    monkeypatch.setattr(machine, "requires", lambda _: ["rich<1", "no-such-thing>=2", "orjson; extra == 'other'"])
    wrong = next(iter(machine.packages()))
    assert wrong.level == "error"
    assert "no-such-thing is not installed" in wrong.found
    assert "rich<1" in wrong.expected


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "access", lambda *_: False)  # root, who runs some tests, may write everywhere
    (found,) = machine.writable(Settings(data_dir=tmp_path))
    assert (found.level, str(tmp_path) in found.found) == ("error", True)
    assert "REDLINE_DATA_DIR" in found.do
    (tmp_path / "file").write_text("")
    (found,) = machine.writable(Settings(data_dir=tmp_path / "file"))
    assert "is no folder" in found.found


@pytest.fixture
def stranger() -> Iterator[int]:
    """The port of an HTTP server that is not ours."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def _ports() -> list[str]:
    return [part for name in PORTS for part in (f"--{name}-port", str(free_port()))]


def _own(settings: Settings) -> list[str]:
    own = ["--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix]
    own += ["--consumer-group", settings.consumer_group, "--rules", str(ROOT / "rules")]
    return [*own, *_ports()]


def _doctor(settings: Settings, *arguments: str) -> Findings:
    result = CliRunner().invoke(doctor, [*_own(settings), *arguments, "--json"], catch_exceptions=False)
    return Findings(result.exit_code, orjson.loads(result.stdout))


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "stream.cli", "doctor", "--bootstrap", f"127.0.0.1:{free_port()}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait(60) == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""
        finally:
            process.kill()
