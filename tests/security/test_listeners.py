"""What listens: one port for metrics and health, on loopback, and nothing else; above all no web server of Faust's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from stream.settings import LOOPBACK, Settings
from tests.e2e import scenarios
from tests.security.sockets import listening
from tests.worker.kit import REAL, running, until

FAUST_WEB_PORT = 6066
REPLAY = ("-m", "stream.cli", "replay", "--repeat", "0", "--rate", "5/s", "--no-progress")
WEB = ("-m", "stream.cli", "web")
INGEST = ("-m", "stream.cli", "ingest")


def test_the_sockets_of_this_process_are_seen() -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as server:
            server.bind((host, 0))
            server.listen()
            assert (host, server.getsockname()[1]) in listening(os.getpid())


@pytest.mark.parametrize("field", [name for name in Settings.model_fields if name.endswith("_host")])
def test_every_listener_is_on_loopback_by_default(field: str) -> None:
    assert Settings.model_fields[field].default in LOOPBACK


@pytest.mark.embedded
def test_a_worker_listens_on_one_port_of_loopback(broker_settings: Settings, tmp_path: Path) -> None:
    settings = scenarios.with_rules(broker_settings, tmp_path)
    with running(settings, REAL) as worker:
        worker.ready()
        found = listening(worker.process.pid)
        assert found == {("127.0.0.1", _port(worker.log))}
        assert FAUST_WEB_PORT not in {port for _, port in found}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", FAUST_WEB_PORT), timeout=1)
        assert worker.stop() == 0


@pytest.mark.embedded
def test_a_replayer_listens_on_one_port_of_loopback(broker_settings: Settings, tmp_path: Path) -> None:
    settings = scenarios.with_rules(broker_settings, tmp_path)
    with running(settings, REPLAY) as replayer:
        (found,) = until(lambda: listening(replayer.process.pid), "a listener")
        assert found[0] == "127.0.0.1"
        until(lambda: replayer.process.poll() is None and len(listening(replayer.process.pid)) == 1, "only one")


@pytest.mark.embedded
def test_ingest_listens_where_its_file_says_and_on_loopback(broker_settings: Settings, tmp_path: Path) -> None:
    settings = scenarios.with_rules(broker_settings, tmp_path)
    file = tmp_path / "sources.yml"
    (tmp_path / "in").mkdir()
    sources = "schema: sources/v1\nsources:\n  - {id: folder, type: directory, path: in}\n"
    file.write_text(sources + "  - {id: api, type: http, listen: '127.0.0.1:0'}\n", encoding="utf-8")
    settings = settings.model_copy(update={"sources_file": file, "ingest_metrics_port": 0})
    with running(settings, INGEST) as ingest:

        def both() -> set[tuple[str, int]] | None:
            assert ingest.process.poll() is None, ingest.log
            found = listening(ingest.process.pid)
            return found if len(found) >= 2 else None

        assert {address for address, _ in until(both, "two listeners")} == {"127.0.0.1"}


@pytest.mark.embedded
def test_the_page_listens_on_loopback(broker_settings: Settings, tmp_path: Path) -> None:
    settings = scenarios.with_rules(broker_settings, tmp_path)
    settings = settings.model_copy(update={"web_port": 0, "web_metrics_port": 0})
    with running(settings, WEB) as web:

        def both() -> set[tuple[str, int]] | None:
            assert web.process.poll() is None, web.log
            found = listening(web.process.pid)
            return found if len(found) >= 2 else None

        assert {address for address, _ in until(both, "two listeners")} == {"127.0.0.1"}


def _port(log: str) -> int:
    return int(log.partition("url=http://127.0.0.1:")[2].split()[0])
