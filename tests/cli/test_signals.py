"""What services do at SIGHUP, at the end of their terminal, and what they say when they stop."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.ports import free_port
from tests.worker.kit import environment_of, make_topics, until

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).resolve().parents[2]
PORTS = {"web": "web_metrics_port", "ingest": "ingest_metrics_port", "notify": "notify_metrics_port"}
NOBODY = "127.0.0.1:1"
"""An address at which nothing listens."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file for each service."""
    (tmp_path / "in").mkdir()
    (tmp_path / "sources.yml").write_text("schema: sources/v1\nsources:\n  - {id: folder, type: directory, path: in}\n")
    (tmp_path / "routes.yml").write_text(
        "schema: routes/v1\ndestinations:\n"
        f"  - {{id: hook, type: webhook, url: 'http://{NOBODY}/', unsigned: true, allow_private: true}}\n"
        "routes: [{id: all, to: [hook]}]\nfallback: none\n"
    )
    return tmp_path


class Service:
    """`redline NAME` in a process of its own, its log in a file or on a terminal of its own."""

    def __init__(self, name: str, settings: Settings, folder: Path, terminal: int | None = None) -> None:
        own = {"web_port": 0, "notify_group": f"{settings.topic_prefix}notify", **dict.fromkeys(PORTS.values(), 0)}
        self.port = free_port()
        settings = settings.model_copy(update={**own, PORTS[name]: self.port, "rules_dir": ROOT / "rules"})
        self._log = folder / "log"
        command = [sys.executable, "-m", "stream.cli", name]
        environment = environment_of(settings)
        if terminal is None:
            with self._log.open("wb") as log:
                self.process = subprocess.Popen(
                    command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        else:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            )

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def ready(self) -> None:
        def answers() -> bool:
            assert self.process.poll() is None, self.log
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        until(answers, f"ready: {self.log}")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


Start = Callable[..., Service]


@pytest.fixture
def start(broker_settings: Settings, folder: Path) -> Iterator[Start]:
    make_topics(broker_settings, partitions=1)
    services: list[Service] = []

    def begin(name: str, terminal: int | None = None) -> Service:
        services.append(Service(name, broker_settings, folder, terminal))
        return services[-1]

    yield begin
    for service in services:
        service.end()


@pytest.mark.parametrize(
    ("name", "instead"), [("web", "the page looks at the rule files by itself"), ("ingest", "restart ingest")]
)
def test_a_hangup_is_survived_with_a_line(start: Start, name: str, instead: str) -> None:
    service = start(name)
    service.ready()
    service.process.send_signal(signal.SIGHUP)
    until(lambda: "SIGHUP does nothing here: " in service.log, "the line")
    assert instead in service.log
    service.ready()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0, service.log
    assert "Traceback" not in service.log


@pytest.mark.parametrize("name", ["web", "ingest"])
def test_the_end_of_its_terminal_is_its_own(start: Start, name: str) -> None:
    with _terminal() as theirs:
        service = start(name, theirs)
        service.ready()
    assert service.process.wait(60) == 0


@pytest.mark.parametrize("name", ["web", "notify"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_says_that_it_stops_and_that_it_has(start: Start, name: str, number: signal.Signals, code: int) -> None:
    service = start(name)
    service.ready()
    service.process.send_signal(number)
    assert service.process.wait(60) == code, service.log
    stopping, stopped = service.log.splitlines()[-2:]
    assert stopping.endswith(f"info     stopping  signal={number.name}")
    assert "info     stopped  seconds=" in stopped


@contextmanager
def _terminal() -> Iterator[int]:
    """A terminal, whose window is closed at the end."""
    window, terminal = os.openpty()
    try:
        yield terminal
    finally:
        os.close(terminal)
        os.close(window)
