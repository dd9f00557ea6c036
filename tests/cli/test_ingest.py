"""`redline ingest` as users start it, on the embedded broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from stream.broker.admin import Admin
from stream.broker.subscriber import Subscriber
from stream.settings import Settings
from stream.wire.topics import DEAD, RAW, full_name
from tests.ports import free_port

DEADLINE_SECONDS = 60.0


def _environment(settings: Settings | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDLINE_")}
    if settings is None:
        return kept
    return kept | {
        "REDLINE_BOOTSTRAP": settings.bootstrap,
        "REDLINE_TOPIC_PREFIX": settings.topic_prefix,
        "REDLINE_INGEST_METRICS_PORT": "0",
    }


def _redline(*arguments: str, folder: Path, data: bytes = b"", settings: Settings | None = None) -> tuple[int, str]:
    found = subprocess.run(
        [sys.executable, "-m", "stream.cli", *arguments],
        input=data,
        capture_output=True,
        cwd=folder,
        env=_environment(settings),
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return found.returncode, (found.stdout + found.stderr).decode()


@contextmanager
def _running(folder: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "stream.cli", "ingest"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=_environment(settings), stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)


def _articles(settings: Settings, count: int) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The articles and the dead letters, once there are `count` of both together."""
    raw, dead = (full_name(settings.topic_prefix, topic) for topic in (RAW, DEAD))
    found: dict[str, list[dict[str, object]]] = {raw: [], dead: []}
    with Subscriber(settings, [raw, dead], start="earliest") as subscriber:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while sum(map(len, found.values())) < count:
            assert time.monotonic() < deadline, found
            for record in subscriber.poll():
                found[record.topic].append(orjson.loads(record.value or b"null"))
    return found[raw], found[dead]


@pytest.mark.embedded
def test_all_kinds_of_sources_in_one_process(broker_settings: Settings, tmp_path: Path) -> None:
    with Admin(broker_settings) as admin:
        admin.create()
    port = free_port()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.txt").write_text("KYIV (Reuters) - Something happened in the city, officials said.\n")
    (tmp_path / "sources.yml").write_text(
        f"""schema: sources/v1
sources:
  - {{id: api, type: http, listen: '127.0.0.1:{port}', source: The API}}
  - {{id: drop, type: directory, path: inbox, every: 1s, settle: 1s}}
""",
        encoding="utf-8",
    )
    with _running(tmp_path, broker_settings) as process:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/articles", b'{"body": "Posted."}', {"Content-Type": "application/json"}
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
        articles, dead = _articles(broker_settings, 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
    assert not dead
    by_source = {article["source_id"]: article for article in articles}
    assert by_source["api"]["source"] == "The API"
    assert by_source["drop"]["source"] == "Reuters"
    assert (tmp_path / ".redline" / "drop.json").is_file()
    log = (tmp_path / "log").read_text()
    assert log.count("source started") == log.count("source stopped") == 2
    assert "Traceback" not in log


@pytest.mark.embedded
def test_standard_input(broker_settings: Settings, tmp_path: Path) -> None:
    with Admin(broker_settings) as admin:
        admin.create()
    data = b'{"body": "One."}\nno json\n{"body": "Two."}'
    assert _redline("ingest", "--stdin", folder=tmp_path, data=data, settings=broker_settings)[0] == 1
    articles, dead = _articles(broker_settings, 3)
    assert sorted(str(article["body"]) for article in articles) == ["One.", "Two."]
    assert [letter["code"] for letter in dead] == ["invalid_json"]
    assert _redline("ingest", "--stdin", folder=tmp_path, data=b'{"body": "x"}', settings=broker_settings)[0] == 0


def test_a_file_is_checked(tmp_path: Path) -> None:
    code, said = _redline("ingest", "--check", folder=tmp_path)
    assert code == 2
    assert "cp sources.example.yml sources.yml" in said
    (tmp_path / "sources.yml").write_text("schema: sources/v1\nsources:\n  - {id: a, type: feed, url: x}\n")
    code, said = _redline("ingest", "--check", folder=tmp_path)
    assert code == 2
    assert "sources.yml:3:30: error S101" in said
    (tmp_path / "sources.yml").write_text("schema: sources/v1\nsources:\n  - {id: a, type: stdin}\n")
    code, said = _redline("ingest", "--check", folder=tmp_path)
    assert (code, said) == (0, "sources.yml: 1 enabled source (1 stdin).\n")
    code, said = _redline("ingest", "--only", "b", folder=tmp_path)
    assert code == 2
    assert "expected an enabled source" in said
