"""The two scripts of the image: `hold`, its main process, and `healthy`, its health check."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.telemetry.metrics import Metrics
from stream.telemetry.server import HealthServer
from tests.ops.queries import OPS

HOLD = str(OPS / "docker" / "hold")
HEALTHY = str(OPS / "docker" / "healthy")
_started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    for process in _started:
        if process.poll() is None:
            process.terminate()
        process.communicate()
    _started.clear()


def start(*command: str, seconds: str | None = None) -> subprocess.Popen[str]:
    """`hold` with this command; `seconds` is HOLD_SECONDS."""
    environment = {"PATH": "/usr/bin:/bin"} | ({} if seconds is None else {"HOLD_SECONDS": seconds})
    process = subprocess.Popen(
        [HOLD, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    _started.append(process)
    return process


@pytest.mark.parametrize("code", [0, 1, 2, 75, 137])
def test_codes_pass_through(code: int) -> None:
    process = start("sh", "-c", f"exit {code}")
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == code


def test_code_2_is_held_with_a_line_that_says_so_and_a_stop_is_obeyed() -> None:
    process = start("sh", "-c", "echo rules are broken >&2; exit 2", seconds="600")
    assert process.stderr is not None
    assert process.stderr.readline() == "rules are broken\n"
    assert process.stderr.readline() == ("hold: sh ended with code 2: the line above says why; next try in 600 s\n")
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=60) == 2


def test_a_hold_ends_by_itself() -> None:
    process = start("sh", "-c", "exit 2", seconds="1")
    process.communicate(timeout=60)
    assert process.returncode == 2


def test_a_hangup_reaches_the_command_which_goes_on() -> None:
    program = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGHUP, lambda *_: os.write(1, b'read again\\n'))\n"
        "os.write(1, b'ready\\n')\n"
        "while True: time.sleep(0.05)"
    )
    process = start(sys.executable, "-c", program)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(2):
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline() == "read again\n"
    process.terminate()
    process.wait(timeout=60)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_reaches_the_command_which_may_take_its_time(stop: signal.Signals) -> None:
    program = (
        "import signal, sys, time\n"
        "def end(*_):\n    time.sleep(0.3); print('finished'); sys.exit(2)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(0.05)"  # a signal just before `pause` would be waited for in vain
    )
    process = start(sys.executable, "-c", program, seconds="600")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(stop)
    said, _ = process.communicate(timeout=60)
    assert said == "finished\n"
    assert process.returncode == 2, "asked to stop: no hold"


def test_a_command_that_is_missing_is_named() -> None:
    process = start("no-such-command")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 127
    assert "no-such-command" in said


@pytest.fixture
def trouble() -> dict[str, str | None]:
    """What /livez and /readyz find wrong."""
    return {"live": None, "ready": None}


@pytest.fixture
def server(trouble: dict[str, str | None]) -> Iterator[HealthServer]:
    """A service whose health the test decides."""
    with HealthServer(
        Metrics(), host="127.0.0.1", port=0, live=lambda: trouble["live"], ready=lambda: trouble["ready"]
    ) as serving:
        yield serving


def check(port: int) -> tuple[int, str]:
    """Exit code and output of the health check."""
    done = subprocess.run([sys.executable, HEALTHY, str(port)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.strip()


def test_health_is_both_pages(server: HealthServer, trouble: dict[str, str | None]) -> None:
    assert check(server.port) == (0, "ok")
    trouble["ready"] = "no partitions are assigned yet"
    assert check(server.port) == (1, "/readyz: no partitions are assigned yet")
    trouble["live"] = "the event loop is stuck"
    assert check(server.port) == (1, "/livez: the event loop is stuck; /readyz: no partitions are assigned yet")


def test_health_of_nothing(server: HealthServer) -> None:
    port = server.port
    server.stop()
    code, said = check(port)
    assert code == 1
    assert f"nothing answers on port {port}" in said
    assert "log says why" in said


def test_health_of_what_hangs_or_is_no_http_is_told_in_the_time_that_docker_gives() -> None:
    (each,) = re.findall(r"^TIMEOUT_SECONDS = (\d+)$", Path(HEALTHY).read_text(), re.MULTILINE)
    given = re.findall(r"timeout: (\d+)s", (OPS.parent / "docker-compose.yml").read_text().partition("&health")[2])
    assert 2 * int(each) < int(given[0])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code, said = check(silent.getsockname()[1])
        assert (code, said.count("timed out")) == (1, 2)

        def rubbish() -> None:
            for _ in range(4):  # two that have gone, then two more
                client, _ = silent.accept()
                with client:
                    client.sendall(b"SSH-2.0\r\n")

        answering = threading.Thread(target=rubbish, daemon=True)
        answering.start()
        code, said = check(silent.getsockname()[1])
        assert (code, said.count("nothing answers on port")) == (1, 2)
