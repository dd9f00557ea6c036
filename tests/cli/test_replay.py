"""`redline replay` as a process: what is on the broker afterwards, the ledger, the exit code, the metrics."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker
from stream.broker.subscriber import Subscriber
from stream.model import Record
from stream.settings import ENV_PREFIX, Settings
from stream.wire.decode import is_control
from stream.wire.topics import DEAD, RAW, Topic, full_name
from tests.ports import free_port

pytestmark = pytest.mark.embedded


@pytest.fixture
def environment(broker_settings: Settings) -> dict[str, str]:
    """The environment of a command on a broker with all topics."""
    with Admin(broker_settings) as admin:
        admin.create()
    return _environment(broker_settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three articles in two files, one of them with a byte order mark."""
    lines = [
        {"id": "one", "body": "First.", "published": "2024-05-01T12:00:00Z"},
        {"id": "two", "body": "Second.", "published": "2024-05-01T12:00:01Z"},
    ]
    (tmp_path / "a.ndjson").write_bytes(b"\xef\xbb\xbf" + b"\n".join(orjson.dumps(line) for line in lines))
    (tmp_path / "b.txt").write_text("A text without anything else.\n\nIts second paragraph.\n", encoding="utf-8")
    return tmp_path


def test_articles_are_published_as_an_exercise_and_the_ledger_adds_up(
    broker_settings: Settings, environment: dict[str, str], folder: Path
) -> None:
    done = _redline(environment, "replay", str(folder), "--speed", "inf", "--run", "r", "--repeat", "2", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    ledger = json.loads(done.stdout)
    assert {k: ledger[k] for k in ("run", "runs", "sent", "acknowledged", "failed", "refused", "dead_letters")} == {
        "run": "r", "runs": 2, "sent": 6, "acknowledged": 6, "failed": 0, "refused": 0, "dead_letters": 0,
    }  # fmt: skip
    records = _read(broker_settings, RAW)
    articles = [json.loads(r.value or b"") for r in records if not is_control(r)]
    assert all(a["exercise"] is True for a in articles)
    assert sorted((a["run"], a["body"][:6]) for a in articles) == sorted(
        (run, body) for run in ("r", "r-2") for body in ("First.", "Second", "A text")
    )
    assert {r.key for r in records if not is_control(r)} >= {b"one", b"two"}
    ends = [(json.loads(r.value or b"")["run"], r.partition) for r in records if _is_end(r)]
    assert sorted(ends) == [(run, partition) for run in ("r", "r-2") for partition in range(4)]


def test_what_an_article_lacks_is_found_in_its_text_or_left_out(
    broker_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    body = "KYIV (Reuters) - Talks between the two sides began in the capital on Monday, officials said."
    (tmp_path / "a.ndjson").write_bytes(orjson.dumps({"body": body}))
    for run, flags in (("found", ()), ("given", ("--as-is",))):
        assert _redline(environment, "replay", str(tmp_path), "--run", run, *flags).returncode == 0
    records = [record for record in _read(broker_settings, RAW) if not is_control(record)]
    found, given = sorted((json.loads(r.value or b"") for r in records), key=lambda article: str(article["run"]))
    assert (found["agency"], found["lang"], found["source"]) == ("Reuters", "en", "Reuters")
    assert given == {"body": body, "exercise": True, "run": "given"}
    assert {r.key for r in records} == {found["id"].encode()}


def test_each_replay_is_a_run_of_its_own(broker_settings: Settings, environment: dict[str, str], folder: Path) -> None:
    for _ in range(2):
        done = _redline(environment, "replay", str(folder), "--rate", "inf")
        assert re.search(r"Done after .* \(run replay-\S+\)\.\nsent 3, acknowledged 3, failed 0\n", done.stdout)
    runs = {json.loads(r.value or b"")["run"] for r in _read(broker_settings, RAW) if not is_control(r)}
    assert len(runs) == 2


def test_what_cannot_be_published_is_named_buried_and_an_exit_code(
    broker_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    large = orjson.dumps({"id": "large", "body": "x" * 10_000_000})
    (tmp_path / "a.ndjson").write_bytes(b'{"body": "fine"}\n{broken\n' + large + b"\n")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe")
    done = _redline(environment, "replay", str(tmp_path), "--speed", "inf", "--json")
    ledger = json.loads(done.stdout)
    assert done.returncode == 1
    assert [ledger[k] for k in ("sent", "acknowledged", "failed", "refused", "dead_letters")] == [3, 2, 1, 1, 1]
    assert "a.ndjson:3" in done.stderr
    assert "b.txt" in done.stderr
    (letter,) = _read(broker_settings, DEAD)
    content = json.loads(letter.value or b"")
    assert (content["stage"], content["code"], letter.key) == ("publish", "too_large", b"large")
    assert content["size_bytes"] > 10_000_000
    assert content["truncated"]
    assert len(letter.value or b"") < 70_000
    assert b"{broken" in {r.value for r in _read(broker_settings, RAW)}


def test_metrics_and_health_while_it_runs_and_an_end_in_order_on_term(
    environment: dict[str, str], folder: Path
) -> None:
    with _running(environment, "replay", str(folder), "--rate", "20", "--repeat", "0", "--json") as (replay, port):
        base = f"http://127.0.0.1:{port}"
        metrics = _wait_for(
            lambda: m if (m := _metrics(base)).get("redline_replay_acknowledged_total", 0) >= 3 else None
        )
        assert metrics["redline_replay_articles"] == 3
        assert metrics["redline_replay_failed_total"] == 0
        assert _get(base, "/livez") == _get(base, "/readyz") == "ok\n"
        replay.send_signal(signal.SIGTERM)
        out, _ = replay.communicate(timeout=60)
    ledger = json.loads(out)
    assert replay.returncode == 0
    assert ledger["stopped"]
    assert ledger["sent"] == ledger["acknowledged"] >= 3


def test_ctrl_c_ends_with_the_ledger_and_130(environment: dict[str, str], folder: Path) -> None:
    with _running(environment, "replay", str(folder), "--rate", "20", "--repeat", "0") as (replay, port):
        _wait_for(lambda: _metrics(f"http://127.0.0.1:{port}").get("redline_replay_sent_total", 0) >= 1 or None)
        replay.send_signal(signal.SIGINT)
        out, _ = replay.communicate(timeout=60)
    assert replay.returncode == 130
    assert re.search(r"Stopped after .*\nsent (\d+), acknowledged \1, failed 0\n", out)


def test_a_broker_that_dies_is_a_ledger_with_failures(folder: Path) -> None:
    with EmbeddedBroker() as broker:
        settings = Settings(bootstrap=broker.bootstrap, kafka_request_timeout_ms=5_000)
        with Admin(settings) as admin:
            admin.create()
        environment = _environment(settings)
        with _running(environment, "replay", str(folder), "--rate", "20", "--repeat", "0", "--json") as (replay, port):
            base = f"http://127.0.0.1:{port}"
            _wait_for(lambda: _metrics(base).get("redline_replay_acknowledged_total", 0) >= 1 or None)
            broker.stop()
            _wait_for(lambda: _metrics(base).get("redline_replay_failed_total", 0) >= 1 or None)
            replay.send_signal(signal.SIGTERM)
            out, err = replay.communicate(timeout=60)
    ledger = json.loads(out)
    assert replay.returncode == 1
    assert ledger["failed"] >= 1
    assert ledger["sent"] == ledger["acknowledged"] + ledger["failed"]
    assert "not acknowledged" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--kafka-connect-timeout-ms", "100", "--bootstrap", "127.0.0.1:1"),
            "redline: cannot reach Kafka within 0.1 s",
        ),
        (("--topic-prefix", "absent."), "there is no topic absent.articles.raw, absent.articles.dead; `redline topics"),
        (("--rate", "0"), "found '0', expected articles a second above 0"),
        (("--rate", "1", "--speed", "2"), "--rate and --speed exclude each other"),
        (("--run", "a b"), "found 'a b', expected 1 to 100 of"),
        (("--speed", "0"), "0.0 is not in the range x>0"),
        (("--repeat", "-1"), "-1 is not in the range x>=0"),
        (("--speed", "nan"), "found 'nan', expected a number"),
        (("--max-gap", "-1"), "--max-gap: "),
        (("/nowhere",), "Path '/nowhere' does not exist"),
    ],
)
def test_what_cannot_start_is_one_sentence_and_2(
    environment: dict[str, str], folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    path = () if arguments[0].startswith("/") else (str(folder),)
    done = _redline(environment, "replay", *path, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_metrics_port_is_one_sentence(environment: dict[str, str], folder: Path) -> None:
    with _running(environment, "replay", str(folder), "--repeat", "0") as (replay, port):
        done = _redline(environment, "replay", str(folder), "--replay-metrics-port", str(port))
        replay.kill()
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_an_empty_folder_is_no_replay(environment: dict[str, str], tmp_path: Path) -> None:
    done = _redline(environment, "replay", str(tmp_path))
    assert done.returncode == 2
    assert "found no article in" in done.stderr


def _environment(settings: Settings) -> dict[str, str]:
    changed = settings.model_dump(exclude_defaults=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    return {**own, **{ENV_PREFIX + name.upper(): str(value) for name, value in changed.items()}}


def _redline(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stream.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def _running(environment: dict[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The running command, and the port of its metrics once it listens."""
    port = free_port()
    command = [sys.executable, "-m", "stream.cli", *arguments, "--replay-metrics-port", str(port)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _wait_for(lambda: _get(f"http://127.0.0.1:{port}", "/readyz"))
            yield process, port
        finally:
            process.kill()


def _get(base: str, path: str) -> str | None:
    try:
        with urllib.request.urlopen(base + path, timeout=5) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return None


def _metrics(base: str) -> dict[str, float]:
    lines = (_get(base, "/metrics") or "").splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if line.startswith("redline_replay"))}


def _wait_for(condition: Any, seconds_max: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds_max
    while (found := condition()) is None:
        assert time.monotonic() < deadline, "the condition did not hold in time"
        threading.Event().wait(0.05)
    return found


def _read(settings: Settings, topic: Topic) -> list[Record]:
    with Subscriber(settings, [full_name(settings.topic_prefix, topic)], start="earliest") as subscriber:
        return list(subscriber.read_to_end(seconds_max=60.0))


def _is_end(record: Record) -> bool:
    return ("redline-control", b"end") in record.headers
