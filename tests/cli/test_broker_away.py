"""Whatever waits for a broker that has gone silent says so, in its log, on /readyz and in its metrics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker
from stream.settings import Settings
from tests.ports import free_port

DEADLINE_SECONDS = 90.0
ROUTES = """schema: routes/v1
destinations: [{id: hook, type: webhook, url: 'http://127.0.0.1:9/', unsigned: true, allow_private: true}]
routes: [{id: all, to: [hook]}]
fallback: none
"""
SOURCES = """schema: sources/v1
sources: [{id: drop, type: directory, path: inbox, every: 1s, settle: 1s}]
"""


@dataclass(frozen=True)
class Service:
    """A command with health pages: its arguments, and the setting of its port."""

    name: str
    setting: str
    more: tuple[str, ...] = ()


SERVICES = (
    Service("ingest", "ingest_metrics_port"),
    Service("notify", "notify_metrics_port"),
    Service("web", "web_metrics_port", ("--web-port", "0")),
)
COMMANDS = (("alerts", "tail"), ("tap", "alerts"))


@pytest.mark.embedded
def test_services_and_commands_say_that_the_broker_is_away_and_back(tmp_path: Path) -> None:
    (tmp_path / "routes.yml").write_text(ROUTES, encoding="utf-8")
    (tmp_path / "sources.yml").write_text(SOURCES, encoding="utf-8")
    (tmp_path / "inbox").mkdir()
    with EmbeddedBroker() as broker, ExitStack() as running:
        with Admin(Settings(bootstrap=broker.bootstrap)) as admin:
            admin.create()
        ports = {}
        for service in SERVICES:
            port = ports[service.name] = free_port()
            flag = f"--{service.setting.replace('_', '-')}"
            arguments = (service.name, flag, str(port), *service.more)
            running.enter_context(started(tmp_path, service.name, arguments, broker))
        for command in COMMANDS:
            running.enter_context(started(tmp_path, command[0], command, broker))
        for name, port in ports.items():
            until(lambda port=port: page(port, "/readyz")[0] == 200, f"{name} is ready")
            until(lambda port=port: up(port) == "1.0", f"{name} measures so")
        os.kill(broker.pid, signal.SIGSTOP)
        for name, port in ports.items():
            until(lambda port=port: page(port, "/readyz")[0] == 503, f"{name} is not ready")
            until(lambda name=name: "Kafka does not answer; waiting for it." in log(tmp_path, name), f"{name} says so")
            until(lambda port=port: up(port) == "0.0", f"{name} measures so")
        for command, *_ in COMMANDS:
            said = f"Kafka at {broker.bootstrap} has not answered for"
            until(lambda name=command, said=said: said in log(tmp_path, name), f"{command} says so")
        os.kill(broker.pid, signal.SIGCONT)
        for name, port in ports.items():
            until(lambda name=name: "Kafka answers again" in log(tmp_path, name), f"{name} says that it is back")
            until(lambda port=port: page(port, "/readyz")[0] == 200, f"{name} is ready again")
            until(lambda port=port: up(port) == "1.0", f"{name} measures so")
        for command, *_ in COMMANDS:
            until(lambda name=command: "answers again, after" in log(tmp_path, name), f"{command} says that it is back")


@contextmanager
def started(folder: Path, name: str, arguments: tuple[str, ...], broker: EmbeddedBroker) -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDLINE_")}
    environment = kept | {"REDLINE_BOOTSTRAP": broker.bootstrap}
    with (folder / f"{name}.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "stream.cli", *arguments], cwd=folder, env=environment, stdout=out, stderr=out
        )
    try:
        yield
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)


def log(folder: Path, name: str) -> str:
    return (folder / f"{name}.log").read_text(encoding="utf-8")


def page(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def up(port: int) -> str:
    lines = page(port, "/metrics")[1].splitlines()
    return next((line.rpartition(" ")[2] for line in lines if line.startswith("redline_broker_up ")), "none")


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS} s: {what}"
        time.sleep(0.1)
